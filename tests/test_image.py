import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from torch.testing import assert_close

from dreamvid.errors import OutputError, PresetError
from dreamvid.image import fit, load, resize, save, to_bytes


def read(path):
    return load(path, option="start.path")


def test_a_saved_picture_comes_back(image, tmp_path):
    save(image, tmp_path / "new" / "a.png")
    assert (read(tmp_path / "new" / "a.png") - image).abs().max() <= 0.5 / 255 + 1e-6
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), (1, 1, 1)),
        ("RGBA", (255, 0, 0, 255), (1, 0, 0)),
        ("LA", (0, 255), (0, 0, 0)),
        ("L", 51, (0.2, 0.2, 0.2)),
        ("1", 1, (1, 1, 1)),
        ("I;16", 65535, (1, 1, 1)),
        ("I;16", 13107, (0.2, 0.2, 0.2)),
        ("P", 0, (0, 0, 0)),
    ],
)
def test_pictures_of_every_mode_become_rgb(mode, colour, expected, tmp_path):
    PilImage.new(mode, (5, 4), colour).save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    assert picture.shape == (1, 3, 4, 5)
    assert_close(picture[0, :, 2, 2], torch.tensor(expected, dtype=torch.float32))


def test_cmyk_is_read_and_a_turned_photo_stands_upright(tmp_path):
    PilImage.new("CMYK", (5, 4), (0, 0, 0, 0)).save(tmp_path / "a.jpg")
    assert read(tmp_path / "a.jpg").min() > 0.98
    turned = PilImage.new("RGB", (8, 4))
    turned.paste((255, 255, 255), (0, 0, 4, 4))  # left half white
    exif = PilImage.Exif()
    exif[0x0112] = 6  # to be turned clockwise: left comes on top
    turned.save(tmp_path / "b.png", exif=exif)
    picture = read(tmp_path / "b.png")
    assert picture.shape[-2:] == (8, 4) and picture[..., :4, :].min() == 1


def test_what_is_no_picture_is_named(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(PresetError, match=r"start.path: .*a.png is not a picture"):
        read(tmp_path / "a.png")
    with pytest.raises(PresetError, match=r"start.path: .*gone.png does not exist"):
        read(tmp_path / "gone.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(PresetError, match="is not a picture"):
        read(tmp_path / "empty.png")
    save(torch.rand(1, 3, 40, 40), tmp_path / "b.png")
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(PresetError, match=r"b.png cannot be read"):
        read(tmp_path / "b.png")


def test_a_picture_that_declares_too_many_pixels_is_refused_before_it_is_decoded(tmp_path):
    PilImage.new("1", (50_000, 50_000)).save(tmp_path / "bomb.png")
    with pytest.raises(PresetError, match=r"bomb.png (declares|cannot be read)"):
        read(tmp_path / "bomb.png")


def test_a_name_without_a_picture_format_is_refused(image, tmp_path):
    with pytest.raises(OutputError, match=r"a.mp4: no picture format"):
        save(image, tmp_path / "a.mp4")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        save(image, tmp_path / "file" / "a.png")


def test_resizing_keeps_the_corners_as_scipy_does():
    row = torch.tensor([0.0, 1, 4]).view(1, 1, 1, 3).expand(1, 3, 2, 3)
    found = resize(row, (2, 5))[0, 0, 0]
    assert_close(found, torch.tensor([0, 0.5, 1, 2.5, 4]))


def test_fitting_covers_the_size_and_keeps_the_middle():
    picture = torch.zeros(1, 3, 20, 60)
    picture[..., 20:40] = 1
    assert fit(picture, (20, 20)).min() == 1
    assert fit(picture, (40, 24)).shape == (1, 3, 40, 24)


def test_bytes_are_rounded_not_cut_off():
    values = torch.tensor([0.0, 0.4999 / 255, 0.5001 / 255, 254.6 / 255, 1.0, 1.7, -3.0])
    row = values.view(1, 1, 1, 7).expand(1, 3, 1, 7)
    assert to_bytes(row)[0, :, 0].tolist() == [0, 0, 1, 255, 255, 255, 0]
    assert to_bytes(row).dtype == np.uint8
