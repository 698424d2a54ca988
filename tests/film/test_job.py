from fractions import Fraction

import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.film.job import still
from dreamvid.film.score import make_scores
from dreamvid.media.images.writing import save
from dreamvid.models.weights import store
from dreamvid.preset.load import with_settings
from dreamvid.schedule.moment import Moment

CPU = torch.device("cpu")
BEGIN = Moment(frame=0, fps=Fraction(24), frames=48)


def options(*settings):
    return with_settings(["video.frames=1", *settings])


def test_channels_of_a_layer_are_dreamed_alone():
    features = store.load("lite0", CPU)
    chosen = 'dream.layers=[{name="block_5/expand", channels=[3, 7]}]'
    score = make_scores(options(chosen).dream, features, CPU)(BEGIN, torch.zeros(1, 3, 32, 48))
    assert score is not None
    image = torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(0))
    x = image.clone().requires_grad_()
    seen = features(x, ["block_5/expand"])["block_5/expand"]
    energy = 0.5 * (seen[:, 3].pow(2).sum() + seen[:, 7].pow(2).sum())
    (expected,) = torch.autograd.grad(energy, x)
    torch.testing.assert_close(score.gradient(image, (0.0, 0.0)), expected)


def test_channel_that_does_not_exist_is_named():
    missing = 'dream.layers=[{name="block_5/expand", channels=[3, 9999]}]'
    with pytest.raises(PresetError, match=r"block_5/expand .* has no channel 9999 .*0 to 239"):
        make_scores(options(missing).dream, store.load("lite0", CPU), CPU)


def test_layer_named_twice_is_refused_except_in_a_tour():
    twice = 'dream.layers=["a", "b", "a"]'
    with pytest.raises(PresetError, match="names one layer twice"):
        options(twice)
    assert len(options(twice, "dream.tour=1").dream.layers) == 3


@pytest.mark.parametrize(("height", "width"), [(1, 1), (15, 400)])
def test_guide_too_small_is_refused(height, width, tmp_path):
    save(torch.rand(1, 3, height, width), tmp_path / "dot.png")
    guided = options(f"dream.guide={tmp_path / 'dot.png'}", "dream.layers=block_3/expand")
    says = rf"dream.guide: .*dot.png is {width}x{height} pixels, .*\(give .* at least 16 a side"
    with pytest.raises(PresetError, match=says):
        still(torch.rand(1, 3, 32, 32), guided, CPU)


def test_guided_still_comes_nearer_to_the_guide(tmp_path):
    draw = torch.Generator().manual_seed(0)
    stripes = torch.rand(1, 3, 1, 48, generator=draw).expand(1, 3, 40, 48)
    save(stripes, tmp_path / "guide.png")
    image = torch.rand(1, 3, 40, 56, generator=draw) * 0.2 + 0.4
    common = ("dream.layers=block_3/expand", "dream.octaves=1", "dream.steps=8")
    guided = options(*common, f"dream.guide={tmp_path / 'guide.png'}")
    layer = "block_3/expand"
    features = store.load("lite0", CPU)
    target = features(stripes, [layer])[layer].flatten(2)[0]

    def match(picture):
        places = features(picture, [layer])[layer].flatten(2)[0]
        return (places.T @ target).amax(1).mean()

    assert match(still(image, guided, CPU)) > 1.3 * match(image)
    assert match(still(image, guided, CPU)) > match(still(image, options(*common), CPU))
