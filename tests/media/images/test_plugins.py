"""HEIC and JPEG XL, as the encoders of their plugins write them."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image as PilImage
from PIL import ImageCms

from dreamvid.errors import PresetError
from dreamvid.image import to_bytes
from dreamvid.media.footage.footage import read_footage
from dreamvid.media.images.jpeg_xl import jxl_size
from dreamvid.media.images.pixels import read_pixels
from dreamvid.media.images.plugins import register_plugins
from dreamvid.media.images.reading import check_image, decode, load
from tests.media.images.test_reading import read

H, W = 40, 64
QUARTERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255))
EXACT = {"heic": {"quality": -1, "chroma": 444}, "jxl": {"lossless": True}}
KINDS = tuple(EXACT)


@pytest.fixture(autouse=True)
def plugins():
    register_plugins()


def quarters(height=H, width=W):
    """Red, green above blue, white."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    for colour, rows in zip(QUARTERS, (0, 0, 1, 1), strict=True):
        across = QUARTERS.index(colour) % 2
        pixels[rows * top : (rows + 1) * top, across * left : (across + 1) * left] = colour
    return pixels


def save(path: Path, pixels, **options):
    image = pixels if isinstance(pixels, PilImage.Image) else PilImage.fromarray(pixels)
    image.save(path, **EXACT[path.suffix[1:]], **options)
    return path


def turned(orientation):
    exif = PilImage.Exif()
    exif[274] = orientation
    return exif.tobytes()


def farthest(path, expected):
    """Largest difference of the image in a file, in levels of 8 bits."""
    return np.abs(to_bytes(read(path)).astype(int) - expected).max()


@pytest.mark.parametrize("kind", KINDS)
def test_plugins_read_pixels(kind, tmp_path):
    path = save(tmp_path / f"a.{kind}", quarters())
    assert farthest(path, quarters()) <= 1  # HEIC goes through YCbCr
    path.rename(tmp_path / "a.png")  # whatever its name
    assert farthest(tmp_path / "a.png", quarters()) <= 1


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_plugins_turn_a_heic_once(orientation, tmp_path):
    """pillow_heif writes the orientation into EXIF and into the boxes, as phones do."""
    stored = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]  # quarters of a turn against the clock
    path = save(tmp_path / "a.heic", np.rot90(quarters(), stored).copy(), exif=turned(orientation))
    assert farthest(path, quarters()) <= 1


def test_plugins_turn_a_jpeg_inside_jpeg_xl(tmp_path):
    photo = np.rot90(quarters(), 1).copy()
    PilImage.fromarray(photo).save(tmp_path / "a.jpg", quality=100, exif=turned(6))
    with PilImage.open(tmp_path / "a.jpg") as file:
        file.save(tmp_path / "a.jxl", lossless_jpeg=True)
    expected = to_bytes(read(tmp_path / "a.jpg"))
    assert expected.shape == (H, W, 3) and np.abs(expected.astype(int) - quarters()).mean() < 5
    assert farthest(tmp_path / "a.jxl", expected) == 0


def test_plugins_leave_the_exif_of_jpeg_xl_to_its_codestream(tmp_path):
    """The standard has it so: whoever writes EXIF has turned the codestream, too."""
    assert farthest(save(tmp_path / "a.jxl", quarters(), exif=turned(6)), quarters()) == 0


def test_plugins_convert_display_p3_to_srgb(tmp_path):
    """A phone's profile, whose red is not sRGB's: computed from the primaries in float64."""
    p3 = display_p3()
    colour = np.array((200, 120, 60), np.float64)
    light = ((colour / 255 + 0.055) / 1.055) ** 2.4
    to_srgb = np.array(  # of P3 to sRGB in linear light, CSS Color 4
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    )
    expected = 255 * (1.055 * (to_srgb @ light).clip(0, 1) ** (1 / 2.4) - 0.055)
    image = PilImage.new("RGB", (W, H), tuple(map(int, colour)))
    path = tmp_path / "a.heic"
    image.save(path, quality=-1, chroma=444, icc_profile=p3)
    found = to_bytes(read(path))[0, 0]
    assert np.abs(found - expected).max() <= 2 and np.abs(found - colour).max() > 8


def display_p3() -> bytes:
    """Make the profile from sRGB's, with P3's primaries adapted to D50."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = bytearray(srgb.replace(b"sRGB", b"P3 D"))
    primaries = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    (count,) = struct.unpack_from(">I", profile, 128)
    for number in range(count):
        name, begin, _ = struct.unpack_from(">4sII", profile, 132 + 12 * number)
        if name in primaries:
            fixed = (round(value * 65536) for value in primaries[name])
            struct.pack_into(">3i", profile, begin + 8, *fixed)
    text = "sRGB".encode("utf-16-be")
    return bytes(profile).replace(text, "P3 D".encode("utf-16-be"))


def test_plugins_keep_the_10_bits_of_a_heic(tmp_path):
    ramp = np.repeat(np.arange(W, dtype=np.uint16)[None] * 16, H, axis=0)  # 0 to 1008
    stored = np.repeat((ramp << 6)[..., None], 3, axis=2)
    image = pillow_heif.from_bytes("RGB;16", (W, H), stored.astype("<u2").tobytes())
    image.save(tmp_path / "a.heic", quality=-1, chroma=444)
    found = read(tmp_path / "a.heic")[0, :, 0].numpy()
    expected = ramp[0] / 1023
    assert np.abs(found - expected).max() <= 1.01 / 1023
    assert len(np.unique(found[0])) == W  # 8 bits would do, too, but not so near:
    assert np.abs(np.round(expected * 255) / 255 - expected).max() > 1.5 / 1023
    eight = read_pixels(tmp_path / "a.heic", option="frame")
    assert eight.shape == (H, W, 3) and np.abs(eight[0, :, 0] - 255 * expected).max() <= 1


@pytest.mark.parametrize("transfer,told", [(13, 0), (16, 1), (18, 1)])
def test_plugins_tell_of_hdr(transfer, told, tmp_path, caplog):
    image = pillow_heif.from_bytes("RGB;16", (W, H), bytes(H * W * 6))
    tags = {"color_primaries": 9, "transfer_characteristics": transfer}
    image.save(tmp_path / "a.heic", quality=-1, chroma=444, **tags)
    read(tmp_path / "a.heic")
    assert sum("is HDR" in line for line in caplog.messages) == told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("background", ["#ffffff", "#0000ff"])
def test_plugins_lay_transparency_on_the_background(kind, background, tmp_path):
    clear = PilImage.new("RGBA", (W, H), (255, 0, 0, 51))
    path = save(tmp_path / f"a.{kind}", clear)
    ground = np.array([int(background[n : n + 2], 16) for n in (1, 3, 5)])
    expected = 0.2 * np.array((255, 0, 0)) + 0.8 * ground
    found = to_bytes(load(path, option="start.path", background=background))
    assert np.abs(found - expected).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_plugins_refuse_too_many_pixels_before_decoding(kind, tmp_path, monkeypatch):
    path = save(tmp_path / f"a.{kind}", quarters())

    def refuse(*_, **__):
        raise AssertionError("it was decoded")

    monkeypatch.setattr("pillow_jxl.JpegXLImagePlugin.Decoder", refuse)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    monkeypatch.setattr("pillow_heif.as_plugin._LibHeifImageFile.load", refuse)
    with pytest.raises(PresetError, match=r"declares 64x40 pixels"):
        decode(path, option="start.path", most=H * W - 1)


@pytest.mark.parametrize(
    "size", [(1, 1), (8, 8), (256, 256), (264, 8), (300, 400), (1080, 1920), (9000, 4), (50, 40)]
)
@pytest.mark.parametrize("boxed", [False, True])
def test_plugins_know_the_size_of_a_jpeg_xl(size, boxed, tmp_path):
    path = tmp_path / "a.jxl"
    PilImage.new("L", (size[1], size[0])).save(path, effort=1, use_container=boxed)
    assert path.read_bytes()[:2] == (b"\0\0" if boxed else b"\xff\x0a")
    assert jxl_size(path) == size
    save(tmp_path / "a.heic", quarters())
    assert jxl_size(tmp_path / "a.heic") is None


@pytest.mark.parametrize("kind", KINDS)
def test_plugins_refuse_damage_in_one_line(kind, texture, tmp_path):
    data = save(tmp_path / f"a.{kind}", texture(H, W)).read_bytes()
    rng = np.random.default_rng(7)
    refused, path = 0, tmp_path / f"b.{kind}"
    for number in range(150):
        damaged = bytearray(data)
        if number % 3 == 0:
            damaged = damaged[: rng.integers(len(data))]
        else:
            for at in rng.integers(len(data) if number % 3 == 1 else 300, size=4):
                damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load(path, option="start.path")
            check_image(path, option="start.path")
        except PresetError as error:
            refused += 1
            assert "\n" not in str(error) and str(path) in str(error) and "debug" not in str(error)
    assert refused > 60
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(PresetError, match=r"it is damaged or cut off|end of file"):
        load(path, option="start.path")


@pytest.mark.parametrize("kind", KINDS)
def test_plugins_read_frames_of_a_film(kind, tmp_path):
    for number, shade in enumerate((10, 90, 170)):
        save(tmp_path / f"{number}.{kind}", np.full((H, W, 3), shade, np.uint8))
    shades = [frame.mean() for frame in read_footage(tmp_path, fps=Fraction(24))]
    assert np.abs(np.subtract(shades, (10, 90, 170))).max() <= 1
