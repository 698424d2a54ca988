import cv2
import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from pydantic import ValidationError
from torch.testing import assert_close

from dreamvid.errors import PresetError
from dreamvid.film.engine import frame_rng
from dreamvid.film.scenes import STARTS
from dreamvid.film.start import make_start
from dreamvid.media.images.writing import save
from dreamvid.preset.schema import StartOptions


@pytest.mark.parametrize("kind", STARTS)
def test_start_has_the_requested_size_and_depends_on_the_seed_only(kind):
    def make(seed):
        return make_start(StartOptions(kind=kind, size=(64, 48)), frame_rng(seed, -1))

    assert make(1).shape == (1, 3, 48, 64) and make(1).dtype == torch.float32
    assert make(1).min() >= 0 and make(1).max() <= 1 and make(1).std() > 0.01
    assert torch.equal(make(1), make(1)) and not torch.equal(make(1), make(2))


def test_start_image_keeps_its_size_made_even_or_is_fitted(tmp_path):
    save(torch.rand(1, 3, 41, 61), tmp_path / "a.png")
    whole = StartOptions(kind="image", path=tmp_path / "a.png")
    assert make_start(whole, frame_rng(0, -1)).shape == (1, 3, 40, 60)
    fitted = StartOptions(kind="image", path=tmp_path / "a.png", size=(32, 18))
    assert make_start(fitted, frame_rng(0, -1)).shape == (1, 3, 18, 32)
    save(torch.rand(1, 3, 5, 61), tmp_path / "b.png")
    with pytest.raises(PresetError, match=r"start.path: .*b.png is 61x5 pixels .*give start.size"):
        make_start(StartOptions(kind="image", path=tmp_path / "b.png"), frame_rng(0, -1))


def test_transparent_start_image_lies_on_the_background(tmp_path):
    PilImage.new("RGBA", (16, 16), (255, 0, 0, 51)).save(tmp_path / "a.png")
    deep = np.full((16, 16, 4), 65535, np.uint16) * np.array([0, 0, 1, 0.2])  # BGRA, as OpenCV
    cv2.imwrite(str(tmp_path / "deep.png"), deep.astype(np.uint16))

    def colour(name, **options):
        start = StartOptions(kind="image", path=tmp_path / name, **options)
        return make_start(start, frame_rng(0, -1))[0, :, 3, 3]

    for name in ("a.png", "deep.png"):
        assert_close(colour(name), torch.tensor([1, 0.8, 0.8]), atol=1 / 255, rtol=0)
        navy = torch.tensor([0.2, 0, 0.8 * 128 / 255])
        assert_close(colour(name, background="navy"), navy, atol=1 / 255, rtol=0)


def test_background_is_a_colour_or_its_name():
    assert StartOptions(background="navy").background == "#000080"
    assert StartOptions(background="#0A0b0C").background == "#0A0b0C"
    for bad in ("nary", "#12345", "#11223344", ""):
        with pytest.raises(ValidationError):
            StartOptions(background=bad)
