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
    """Make bands of some 13 rows, so that small images have several."""
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


def test_disk_image_wraps_and_rolls_as_torch_does(image, scratch):
    picture = on_disk(image, scratch)
    down, across = 5, -41
    rolled, expected = picture.rolled(down, across), image.roll((down, across), (-2, -1))
    assert torch.equal(whole(rolled), expected)
    assert torch.equal(rolled.read(3, 7, 11, 40), expected[..., 3:14, 7:47])
    rolled.add(30, 40, torch.ones(1, 3, 6, 8))
    expected[..., 30:, 40:] += 1
    assert torch.equal(whole(rolled), expected)
    assert torch.equal(whole(picture), expected.roll((-down, -across), (-2, -1)))
    assert not whole(picture.clear()).any()
    picture.delete()
    assert not picture.path.exists()


@pytest.mark.parametrize("new", [(36, 48), (51, 67), (20, 33), (144, 10), (1, 1)])
def test_resized_bands_are_the_resized_whole(new, image, scratch):
    picture = on_disk(image, scratch)
    read = lambda top, end: bands.rows(picture, top, end)
    result = [bands.resized(read, (36, 48), new, *band) for band in bands.bands(new)]
    expected = resize(image, new)
    assert_close(torch.cat(result, -2), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [(120, 161), (97, 128), (40, 13), (11, 60)])
@pytest.mark.parametrize("levels", [1, 4])
def test_pyramid_on_disk_is_that_of_the_whole(size, levels, rng, scratch):
    gradient = torch.randn(1, 3, *size, generator=rng) + torch.rand(1, 3, 1, 1, generator=rng)
    picture = on_disk(gradient, scratch)
    normalise_disk_pyramid(picture, levels, scratch.new)
    assert_close(whole(picture), normalise_pyramid(gradient, levels=levels), atol=2e-5, rtol=1e-4)
    assert [path.name for path in scratch.folder.glob("*.raw")] == [picture.path.name]


@pytest.fixture(scope="module")
def smooth():
    """Two layers without a kink: at a ReLU's corner rounding grows with each step."""
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
def test_dream_on_disk_of_a_network_is_the_dream_in_memory(octaves, steps, score, picture, scratch):
    """On some machines rounding grows at the network's ReLUs."""
    ascent = Ascent(octaves=octaves, steps=steps, jitter=20)
    expected = dream(picture, score, ascent, rng=frame_rng(6, 0))
    read = dream_on_disk(on_disk(picture, scratch), score, ascent, scratch, rng=frame_rng(6, 0))
    dreamed, apart = (expected - picture).abs().mean(), (read(0, 97) - expected).abs().mean()
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
def test_dream_on_disk_is_the_dream_in_memory(options, smooth, picture, scratch):
    image = picture
    ascent = Ascent(octaves=3, steps=2, jitter=20, step_size=3.0, **options)
    expected = dream(image, smooth, ascent, rng=frame_rng(5, 0))
    picture = on_disk(image, scratch)
    progress = []
    draw = frame_rng(5, 0)
    read = dream_on_disk(picture, smooth, ascent, scratch, rng=draw, on_progress=progress.append)
    result = torch.cat([read(*band) for band in bands.bands(picture.size)], -2)
    assert (expected - image).abs().mean() > 4 / 255
    assert_close(result, expected, atol=2e-5, rtol=0)
    assert progress == sorted(progress) and progress[-1] == pytest.approx(1.0)
    assert torch.equal(whole(picture), image)
    assert len(list(scratch.folder.glob("*.raw"))) == 2  # the image and the dream


def test_frequency_is_refused_on_disk(image, score, scratch):
    with pytest.raises(PresetError, match=r"dream.frequency: .*on disk \(0, a smaller"):
        dream_on_disk(
            on_disk(image, scratch), score, Ascent(frequency=1), scratch, rng=frame_rng(0, 0)
        )


def test_nan_stops_a_dream_on_disk_with_the_reason(image, score, scratch):
    image[..., 5, 5] = float("nan")
    with pytest.raises(DreamvidError, match="no longer a number"):
        dream_on_disk(
            on_disk(image, scratch), score, Ascent(octaves=1, steps=1), scratch, rng=frame_rng(0, 0)
        )


def test_bytes_needed_on_disk_are_known_before(image, score, tmp_path, monkeypatch):
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


def test_out_of_memory_on_disk_halves_the_tiles(tmp_path, rng):
    """A network that runs out of memory above 70 pixels a side."""
    image = torch.rand(1, 3, 150, 170, generator=rng)
    sides = []

    def features(piece, layers):
        sides.append(max(piece.shape[-2:]))
        if sides[-1] > 70:
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
    assert scratch.tile == 64 and sides[0] > 70
    torch.testing.assert_close(into.read(0, 0, 150, 170), image)  # the gradient of half its square
