"""Guides that pull inside a mask only."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import PresetError
from dreamvid.film.guides import read_guides
from dreamvid.film.score import make_scores
from dreamvid.models.weights import store
from dreamvid.preset.load import with_settings
from dreamvid.schedule.moment import Moment

CPU = torch.device("cpu")


def moment(frame=0, frames=1):
    return Moment(frame=frame, fps=Fraction(24), frames=frames)


@pytest.fixture
def guide(tmp_path):
    draw = np.random.default_rng(3)
    for name in "ab":
        pixels = draw.integers(0, 256, (48, 48, 3), np.uint8)
        PilImage.fromarray(pixels).save(tmp_path / f"{name}.png")
    return tmp_path


def guided(folder, *masks, objective="guide"):
    tables = ", ".join(
        f"{{path='{folder / name}.png', mask={mask}}}"
        for name, mask in zip("ab", masks, strict=False)
    )
    layers = ("dream.layers=block_1/expand", f"dream.objective={objective}")
    return with_settings(["video.frames=1", *layers, f"dream.guide=[{tables}]"]).dream


@pytest.mark.parametrize("objective", ["guide", "guide-mean", "style"])
def test_guide_mask_limits_the_gradient(objective, guide):
    """The layer's positions see 11 pixels; those at a shape of 40 columns see none after 64."""
    image = torch.rand(1, 3, 48, 128, generator=torch.Generator().manual_seed(5))
    options = guided(guide, "{shape='left', size=0.3125, feather=0}", objective=objective)
    score = make_scores(options, store.load("lite0", CPU), CPU, first=image)(moment(), image)
    assert score is not None
    gradient = score.gradient(image, (0.0, 0.0))
    assert torch.equal(gradient[..., 64:], torch.zeros(1, 3, 48, 64))
    assert float(gradient[..., :36].abs().mean()) > 0
    rolled = score.gradient(image.roll(48, -1), (0.0, 48 / 128))  # the mask rolls along
    assert torch.equal(rolled[..., 112:], torch.zeros(1, 3, 48, 16))
    assert torch.equal(rolled[..., :24], torch.zeros(1, 3, 48, 24))
    assert float(rolled[..., 48:84].abs().mean()) > 0


def test_guide_mask_pulls_alike_at_any_size(guide):
    """A quarter and the rest, led by one picture, are led as by the picture without masks."""
    image = torch.rand(1, 3, 48, 128, generator=torch.Generator().manual_seed(5))
    quarter = "shape='left', size=0.25, feather=0"
    both = guided(guide, f"{{{quarter}}}", f"{{{quarter}, invert=true}}")
    (guide / "b.png").write_bytes((guide / "a.png").read_bytes())
    features = store.load("lite0", CPU)

    def strengths(options):
        score = make_scores(options, features, CPU, first=image)(moment(), image)
        assert score is not None
        strength = score.balanced(image).gradient(image, (0.0, 0.0)).abs()
        return float(strength[..., :20].mean() / strength[..., 44:].mean())

    assert strengths(both) == pytest.approx(strengths(guided(guide, "'none'")), rel=0.1)


def test_guide_mask_may_move_but_is_no_film(guide):
    image = torch.rand(1, 3, 48, 128, generator=torch.Generator().manual_seed(5))
    features = store.load("lite0", CPU)
    growing = guided(guide, "{shape='left', size='p', feather=0}")
    score_at = make_scores(growing, features, CPU, first=image)
    assert score_at(moment(0, 5), image) is None
    reached = []
    for n in (1, 2, 3):
        score = score_at(moment(n, 5), image)
        assert score is not None
        columns = score.gradient(image, (0.0, 0.0)).abs().sum((0, 1, 2)).nonzero()
        reached.append(int(columns.max()))
    assert [round((column - 3) / 32) for column in reached] == [1, 2, 3], reached
    with pytest.raises(PresetError, match=r"motion is for dream.mask"):
        guided(guide, "'motion'")
    with pytest.raises(
        PresetError, match=r"guide\[0\].mask: .* is not one picture \(a guide or dir"
    ):
        make_scores(guided(guide, f"'{guide}'"), features, CPU, first=image)
    with pytest.raises(PresetError, match=r"dream.guide\[0\].mask.fether: .*did you mean feather"):
        guided(guide, "{shape='sky', fether=1}")


@pytest.mark.parametrize(
    ("picture", "settings", "positions"),
    [
        ((300, 400), "", (48, 64)),  # 96 x 128 pixels, of which the layer sees every second
        ((300, 400), ", size=48", (24, 32)),
        ((30, 40), "", (15, 20)),  # never enlarged
        ((60, 1200), "", (26, 512)),  # 51 x 1024
    ],
)
def test_guide_is_reduced_to_its_size(picture, settings, positions, tmp_path):
    path = tmp_path / "guide.png"
    PilImage.fromarray(np.zeros((*picture, 3), np.uint8)).save(path)
    table = f"dream.guide={{path='{path}'{settings}}}"
    options = with_settings(["video.frames=1", "dream.layers=block_0/output", table]).dream
    (guide,) = read_guides(options, store.load("lite0", CPU), CPU, (48, 64))
    assert guide.features["block_0/output"].shape[-2:] == positions


def test_fine_guide_is_reduced_without_moire(tmp_path):
    """Stripes of one pixel become grey."""
    for name, pixels in {"a": np.indices((256, 256)).sum(0) % 2 * 255, "b": 127.5}.items():
        image = np.broadcast_to(np.asarray(pixels)[..., None], (256, 256, 3)).astype(np.uint8)
        PilImage.fromarray(image).save(tmp_path / f"{name}.png")
    features = store.load("lite0", CPU)
    fine, grey = read_guides(
        guided(tmp_path, "'none', size=64", "'none', size=64"), features, CPU, (48, 64)
    )
    fine, grey = (one.features["block_1/expand"][..., 8:-8, 8:-8] for one in (fine, grey))
    assert float((fine - grey).abs().max()) < 0.02 * float(grey.abs().max())
