from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from dreamvid.dream.gradient import normalise_pyramid
from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.dream.settings import Ascent
from dreamvid.dream.step import dream
from dreamvid.dream.tiling import bands
from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.dream.tiling.disk_pyramid import normalise_disk_pyramid
from dreamvid.dream.tiling.out_of_core import bytes_needed, dream_on_disk
from dreamvid.dream.tiling.out_of_core_step import Scratch, add_gradient
from dreamvid.dream.tiling.receptive_field import Axis, Field
from dreamvid.errors import DreamvidError, PresetError
from dreamvid.film.engine import frame_rng
from dreamvid.image import resize
from dreamvid.models.weights import store

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def narrow_bands(monkeypatch):
    """Of some 13 rows, so that small pictures have several."""
    monkeypatch.setattr(bands, "BAND", 1600)


@pytest.fixture
def scratch(tmp_path):
    return Scratch(tmp_path, CPU, tile=48)


def on_disk(image, scratch):
    picture = scratch.new((image.shape[-2], image.shape[-1]))
    picture.write(0, 0, image)
    return picture


def whole(picture):
    return picture.read(0, 0, *picture.size)


def test_pieces_wrap_round_and_roll_as_torch_does(image, scratch):
    picture = on_disk(image, scratch)
    down, across = 5, -41
    rolled, wanted = picture.rolled(down, across), image.roll((down, across), (-2, -1))
    assert torch.equal(whole(rolled), wanted)
    assert torch.equal(rolled.read(3, 7, 11, 40), wanted[..., 3:14, 7:47])
    rolled.add(30, 40, torch.ones(1, 3, 6, 8))
    wanted[..., 30:, 40:] += 1
    assert torch.equal(whole(rolled), wanted)
    assert torch.equal(whole(picture), wanted.roll((-down, -across), (-2, -1)))
    assert not whole(picture.clear()).any()
    picture.delete()
    assert not picture.path.exists()


@pytest.mark.parametrize("new", [(36, 48), (51, 67), (20, 33), (144, 10), (1, 1)])
def test_bands_are_scaled_as_the_whole_is(new, image, scratch):
    picture = on_disk(image, scratch)
    read = lambda top, end: bands.rows(picture, top, end)
    found = [bands.resized(read, (36, 48), new, *band) for band in bands.bands(new)]
    wanted = resize(image, new)
    assert_close(torch.cat(found, -2), wanted, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(120, 161), (97, 128), (40, 13), (11, 60)])
@pytest.mark.parametrize("levels", [1, 4])
def test_the_pyramid_by_bands_is_that_of_the_whole(size, levels, rng, scratch):
    gradient = torch.randn(1, 3, *size, generator=rng) + torch.rand(1, 3, 1, 1, generator=rng)
    picture = on_disk(gradient, scratch)
    normalise_disk_pyramid(picture, levels, scratch.new)
    assert_close(whole(picture), normalise_pyramid(gradient, levels=levels), atol=2e-5, rtol=1e-4)
    assert [path.name for path in scratch.folder.glob("*.raw")] == [picture.path.name]


@pytest.fixture(scope="module")
def smooth():
    """Two layers without a kink: where a rectifier's corner is, rounding grows with each step."""
    draw = torch.Generator().manual_seed(3)
    first, second = (torch.randn(8, n, 5, 5, generator=draw) / 9 for n in (3, 8))

    def features(image, layers):
        fine = torch.tanh(F.conv2d(2 * image - 1, first, stride=2, padding=2))
        return {"fine": fine, "coarse": torch.tanh(F.conv2d(fine, second, stride=2, padding=2))}

    return Score(features, [Part("fine", energy(), 0.3), Part("coarse", energy())])


@pytest.fixture(scope="module")
def score():
    features = store.load("lite0", CPU)
    layers = ("block_3/expand", "block_5/expand")
    return Score(features, [Part(layer, energy()) for layer in layers])


@pytest.fixture
def picture(texture):
    return torch.from_numpy(texture(97, 122)).permute(2, 0, 1)[None] / 255


@pytest.mark.parametrize(("octaves", "steps"), [(3, 1), (2, 2)])
def test_a_networks_dream_on_disk_is_the_dream_in_memory(octaves, steps, score, picture, scratch):
    """But for what grows out of rounding at the network's rectifiers, on some machines."""
    ascent = Ascent(octaves=octaves, steps=steps, jitter=20)
    wanted = dream(picture, score, ascent, rng=frame_rng(6, 0))
    read = dream_on_disk(on_disk(picture, scratch), score, ascent, scratch, rng=frame_rng(6, 0))
    dreamed, apart = (wanted - picture).abs().mean(), (read(0, 97) - wanted).abs().mean()
    assert dreamed > 2 / 255 and apart < 0.01 * dreamed


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"pyramid": 3},
        {"decorrelate": 0.6, "luminance": 0.3},
        {"smooth": 2.0, "optimiser": "momentum"},
        {"optimiser": "adam", "last_step": 0.5, "octave_step": 0.8},
        {"total_variation": 0.3, "high_frequency": 0.2, "luminance": 0.5},
        {"sharpen": 0.5, "saturation_limit": 30.0, "smooth": 1.0},
    ],
    ids=lambda options: "-".join(options) or "2015",
)
def test_a_dream_on_disk_is_the_dream_in_memory(options, smooth, picture, scratch):
    image = picture
    ascent = Ascent(octaves=3, steps=2, jitter=20, step_size=3.0, **options)
    wanted = dream(image, smooth, ascent, rng=frame_rng(5, 0))
    picture = on_disk(image, scratch)
    told = []
    draw = frame_rng(5, 0)
    read = dream_on_disk(picture, smooth, ascent, scratch, rng=draw, on_progress=told.append)
    found = torch.cat([read(*band) for band in bands.bands(picture.size)], -2)
    assert (wanted - image).abs().mean() > 4 / 255
    assert_close(found, wanted, atol=2e-5, rtol=0)
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)
    assert torch.equal(whole(picture), image)
    assert len(list(scratch.folder.glob("*.raw"))) == 2  # the picture and the dream


def test_what_needs_the_whole_picture_is_refused(image, score, scratch):
    with pytest.raises(PresetError, match=r"dream.frequency: .*on disk \(0, a smaller"):
        dream_on_disk(
            on_disk(image, scratch), score, Ascent(frequency=1), scratch, rng=frame_rng(0, 0)
        )


def test_a_dream_on_disk_that_is_no_number_stops_with_the_reason(image, score, scratch):
    image[..., 5, 5] = float("nan")
    with pytest.raises(DreamvidError, match="no longer a number"):
        dream_on_disk(
            on_disk(image, scratch), score, Ascent(octaves=1, steps=1), scratch, rng=frame_rng(0, 0)
        )


def test_the_disk_that_a_dream_needs_is_known_before(image, score, tmp_path, monkeypatch):
    most = 0
    scratch = Scratch(tmp_path, CPU, tile=48)
    fresh = DiskImage.clear

    def clear(self):
        nonlocal most
        made = fresh(self)
        most = max(most, sum(path.stat().st_size for path in tmp_path.glob("*.raw")))
        return made

    monkeypatch.setattr(DiskImage, "clear", clear)
    ascent = Ascent(octaves=2, steps=1, optimiser="adam", smooth=1, pyramid=2)
    dream_on_disk(on_disk(image, scratch), score, ascent, scratch, rng=frame_rng(0, 0))
    assert 0.6 * bytes_needed((36, 48), ascent) < most <= bytes_needed((36, 48), ascent)


def test_tiles_are_halved_where_memory_runs_out_and_the_slope_is_the_same(tmp_path, rng):
    """A network for which pictures of more than 70 pixels a side are too large."""
    image = torch.rand(1, 3, 150, 170, generator=rng)
    asked = []

    def features(piece, layers):
        asked.append(max(piece.shape[-2:]))
        if asked[-1] > 70:
            raise MemoryError
        return {"a": piece}

    scratch = Scratch(tmp_path, tile=128)
    picture, into = scratch.new((150, 170)), scratch.new((150, 170))
    picture.write(0, 0, image)
    score = Score(features, [Part("a", energy())])
    with patch(
        "dreamvid.dream.tiling.tiled_gradient.receptive_fields",
        lambda *a: (Axis(1, {"a": Field(1, 0, 1, 0)}),) * 2,
    ):
        add_gradient(score, picture, into, scratch)
    assert scratch.tile == 64 and asked[0] > 70
    torch.testing.assert_close(into.read(0, 0, 150, 170), image)  # of half its square
