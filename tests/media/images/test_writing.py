import cv2
import numpy as np
import OpenEXR
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import OutputError, PresetError
from dreamvid.media.images import writing
from dreamvid.media.images.reading import load
from dreamvid.media.images.writing import save, write


@pytest.fixture
def pixels(image):
    """(h, w, 3) of the picture, 0 to 1, float64."""
    return image[0].permute(1, 2, 0).double().numpy()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_writing_8_bits_is_rounded(name, image, pixels, tmp_path):
    save(image, tmp_path / "new" / name)
    found = np.asarray(PilImage.open(tmp_path / "new" / name))
    assert found.dtype == np.uint8 and (found == np.round(pixels * 255)).all()
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif", "a.bmp"])
def test_writing_whole_and_by_bands_gives_the_same_bytes(name, image, tmp_path):
    save(image, tmp_path / name)
    size = image.shape[-2], image.shape[-1]
    write(tmp_path / f"bands{name}", size, lambda top, end: image[..., top:end, :])
    assert (tmp_path / name).read_bytes() == (tmp_path / f"bands{name}").read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "a.webp"])
def test_writing_lossy_formats_changes_little(name, texture, tmp_path):
    pixels = texture(40, 60)
    save(torch.from_numpy(pixels / np.float32(255)).permute(2, 0, 1)[None], tmp_path / name)
    found = np.asarray(PilImage.open(tmp_path / name)).astype(int)
    assert abs(found - pixels).mean() < 8


def test_writing_16_bit_png(image, pixels, tmp_path):
    save(image, tmp_path / "a.png", 16)
    found = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert found is not None and found.dtype == np.uint16
    assert (found[..., ::-1] == np.round(pixels * 65535)).all()
    PilImage.open(tmp_path / "a.png").load()  # its checksums are right


def test_writing_16_bit_and_float_tiff(image, pixels, tmp_path):
    save(image, tmp_path / "a.tif", 16)
    found = cv2.imread(str(tmp_path / "a.tif"), cv2.IMREAD_UNCHANGED)
    assert found is not None and found.dtype == np.uint16
    assert (found[..., ::-1] == np.round(pixels * 65535)).all()
    with PilImage.open(tmp_path / "a.tif") as file:
        assert file.size == (48, 36)
    save(image, tmp_path / "b.tiff", 32)
    found = cv2.imread(str(tmp_path / "b.tiff"), cv2.IMREAD_UNCHANGED)
    assert found is not None and found.dtype == np.float32
    assert (found[..., ::-1] == pixels).all()


@pytest.mark.parametrize(
    ("depth", "kind"), [(None, np.float16), (16, np.float16), (32, np.float32)]
)
def test_writing_exr_is_linear(depth, kind, image, pixels, tmp_path):
    """By IEC 61966-2-1: 0.5 of sRGB is 0.2140 of the light."""
    image[..., 0, 0], image[..., 0, 1] = 0.5, 0.02
    save(image, tmp_path / "a.exr", depth)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        found = file.channels()["RGB"].pixels
    assert found.dtype == kind and found.shape == (36, 48, 3)
    assert found[0, 0] == pytest.approx([0.2140] * 3, abs=1e-4)
    assert found[0, 1] == pytest.approx([0.02 / 12.92] * 3, abs=1e-5)
    light = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    assert abs(found[1:] - light[1:]).max() < (1e-3 if kind is np.float16 else 1e-6)


@pytest.mark.parametrize(("name", "depth"), [("a.png", 16), ("a.tif", 32), ("a.png", 8)])
def test_writing_by_bands_is_the_same(name, depth, image, tmp_path, monkeypatch):
    whole = torch.cat([image] * 5, dim=-2)  # 180 rows
    save(whole, tmp_path / f"whole-{name}", depth)
    monkeypatch.setattr(writing, "BAND", 48 * 32)
    asked = []

    def rows(top, bottom):
        asked.append((top, bottom))
        return whole[..., top:bottom, :]

    write(tmp_path / name, (180, 48), rows, depth)
    assert asked == [(0, 32), (32, 64), (64, 96), (96, 128), (128, 160), (160, 180)]
    found, once = (
        cv2.imread(str(tmp_path / path), cv2.IMREAD_UNCHANGED) for path in (name, f"whole-{name}")
    )
    assert found is not None and once is not None and (found == once).all()


@pytest.mark.parametrize(
    ("name", "depth", "says"),
    [
        ("a.jpg", 16, r"--depth: .*a.jpg cannot have 16 bits a channel; JPEG has 8 \(a name in"),
        ("a.webp", 32, r"WEBP has 8 \(a name in .tif or .exr"),
        ("a.png", 32, r"PNG has 8 or 16 \(a name in .tif or .exr"),
        ("a.exr", 8, r"EXR has 16 or 32 \(a name in .png or .jpg"),
    ],
)
def test_writing_an_unsupported_depth_is_refused(name, depth, says, image, tmp_path):
    with pytest.raises(PresetError, match=says):
        save(image, tmp_path / name, depth)
    assert not list(tmp_path.glob("*a.*"))


def test_writing_too_wide_is_refused_before_any_row(tmp_path):
    with pytest.raises(OutputError, match=r"a.webp: WEBP has at most 16383 .*; try .png or .tif"):
        write(tmp_path / "a.webp", (10, 20_000), lambda top, bottom: pytest.fail())


def test_writing_an_unknown_suffix_is_refused(image, tmp_path):
    with pytest.raises(OutputError, match=r"a.mp4: no picture format"):
        save(image, tmp_path / "a.mp4")
    (tmp_path / "file").touch()
    for name in ("a.png", "a.exr"):
        with pytest.raises(OutputError, match="cannot be written"):
            save(image, tmp_path / "file" / name)


def test_writing_floats_is_exact(image, tmp_path):
    save(image, tmp_path / "a.tif", 32)
    assert torch.equal(load(tmp_path / "a.tif", option="IMAGE"), image)
