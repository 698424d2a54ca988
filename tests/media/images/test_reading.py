import struct
import subprocess
import zlib

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image as PilImage
from torch.testing import assert_close

from dreamvid.errors import PresetError
from dreamvid.media.images import reading
from dreamvid.media.images.reading import check_image, decode, load

STEPS = np.arange(4 * 5 * 3).reshape(4, 5, 3).astype(np.uint16) * 1000 + 7
"""16-bit RGB, every sample another, none of them a whole number of 8 bits."""


def read(path):
    return load(path, option="start.path")


def as_image(pixels):
    """(h, w, 3), 0 to 1."""
    return torch.from_numpy(np.ascontiguousarray(pixels, np.float32)).permute(2, 0, 1)[None]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 0), (1, 1, 1)),
        ("RGBA", (255, 0, 0, 255), (1, 0, 0)),
        ("RGBA", (0, 0, 0, 51), (0.8, 0.8, 0.8)),
        ("LA", (0, 255), (0, 0, 0)),
        ("L", 51, (0.2, 0.2, 0.2)),
        ("1", 1, (1, 1, 1)),
        ("I;16", 65535, (1, 1, 1)),
        ("I;16", 13107, (0.2, 0.2, 0.2)),
        ("I;16", 12345, (12345 / 65535,) * 3),
        ("P", 0, (0, 0, 0)),
    ],
)
def test_reading_every_mode_gives_rgb(mode, colour, expected, tmp_path):
    PilImage.new(mode, (5, 4), colour).save(tmp_path / "a.png")
    picture = read(tmp_path / "a.png")
    assert picture.shape == (1, 3, 4, 5)
    assert_close(picture[0, :, 2, 2], torch.tensor(expected, dtype=torch.float32))


def test_reading_a_transparent_palette_colour_gives_white(tmp_path):
    paletted = PilImage.new("P", (2, 1))
    paletted.putpalette([255, 0, 0, 0, 0, 255])
    paletted.putpixel((1, 0), 1)
    paletted.save(tmp_path / "a.png", transparency=0)
    assert read(tmp_path / "a.png")[0, :, 0].T.tolist() == [[1, 1, 1], [0, 0, 1]]


@pytest.mark.parametrize("turn", range(1, 9))
def test_reading_applies_exif_orientation(turn, tmp_path):
    """By EXIF's own words: where the file's first row and first column are shown."""
    shown = {
        1: STEPS,
        2: np.fliplr(STEPS),
        3: np.rot90(STEPS, 2),
        4: np.flipud(STEPS),
        5: STEPS.transpose(1, 0, 2),
        6: np.rot90(STEPS, -1),
        7: np.rot90(STEPS, 2).transpose(1, 0, 2),
        8: np.rot90(STEPS),
    }[turn]
    exif = PilImage.Exif()
    exif[0x0112] = turn
    eight = (STEPS // 256).astype(np.uint8)
    PilImage.fromarray(eight).save(tmp_path / "a.png", exif=exif)
    assert_close(read(tmp_path / "a.png"), as_image((shown // 256) / 255))
    tags = [(274, 3, 1, turn, True)]
    tifffile.imwrite(tmp_path / "a.tif", STEPS, photometric="rgb", extratags=tags)
    assert_close(read(tmp_path / "a.tif"), as_image(shown / 65535))
    floats = (STEPS / 65535).astype(np.float32)
    tifffile.imwrite(tmp_path / "b.tif", floats, photometric="rgb", extratags=tags)
    assert_close(read(tmp_path / "b.tif"), as_image(shown / 65535))
    _write_png16(tmp_path / "b.png", STEPS, exif.tobytes().removeprefix(b"Exif\0\0"))
    assert_close(read(tmp_path / "b.png"), as_image(shown / 65535))


def _write_png16(path, pixels, exif, profile=b""):
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = [(b"eXIf", exif)] if exif else []
    if profile:
        chunks.append((b"iCCP", b"its\0\0" + zlib.compress(profile)))
    _write_png(path, (width, height, 16), *chunks, (b"IDAT", zlib.compress(rows)))


def _write_png(path, size, *chunks):
    """RGB of (width, height, bits a channel)."""
    data = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", *size, 2, 0, 0, 0)
    for name, body in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + name + body
        data += struct.pack(">I", zlib.crc32(name + body))
    path.write_bytes(data)


def test_profile_is_converted_to_srgb(tmp_path):
    """Of linear light with sRGB's primaries: by the formula, 0.2 of it is 0.4845 in sRGB."""
    light = (51, 255, 0)
    for profile, wanted in ((_linear_profile(), 0.4845), (b"damaged", 0.2)):
        PilImage.new("RGB", (8, 8), light).save(tmp_path / "a.png", icc_profile=profile)
        found = read(tmp_path / "a.png")[0, :, 4, 4]
        assert_close(found, torch.tensor([wanted, 1, 0]), atol=0.005, rtol=0)


def _of_8_bits(profile, path):
    """16 colours in a row and what they are in sRGB, by the picture of 8 bits."""
    colours = np.random.default_rng(3).integers(1, 256, (4, 16, 3)).astype(np.uint8)
    PilImage.fromarray(colours).save(path, icc_profile=profile)
    shown = read(path)
    assert (shown - as_image(colours / 255)).abs().max() > 0.1
    return colours, shown


def _curves():
    """In each of the ways that a profile may write one."""
    numbers = [round(n * 65536) for n in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)]
    return {
        "none": b"curv" + bytes(8),
        "gamma": b"curv\0\0\0\0" + struct.pack(">IH", 1, 0x0233),
        "table": b"curv\0\0\0\0" + struct.pack(">I5H", 5, 0, 4000, 16000, 36000, 65535),
        "power": b"para\0\0\0\0" + struct.pack(">HHi", 0, 0, 117965),
        "clipped": b"para\0\0\0\0" + struct.pack(">HH3i", 1, 0, 131072, 72090, -6554),
        "steady": b"para\0\0\0\0" + struct.pack(">HH4i", 2, 0, 131072, 58982, 0, 6554),
        "formula": b"para\0\0\0\0" + struct.pack(">HH5i", 3, 0, *numbers),
        "long": b"para\0\0\0\0" + struct.pack(">HH7i", 4, 0, *numbers, 0, 0),
    }


@pytest.mark.parametrize("mode", ["RGBA", "P", "clear P", "clear RGB"])
def test_profile_is_applied_with_transparency_and_palettes(mode, tmp_path):
    profile = _linear_profile(b"gr")
    colours, shown = _of_8_bits(profile, tmp_path / "a.png")
    picture = PilImage.fromarray(colours)
    if mode == "RGBA":
        picture.putalpha(51)
        shown = 0.2 * shown + 0.8
    elif mode.endswith("P"):
        picture = PilImage.fromarray(np.arange(64, dtype=np.uint8).reshape(4, 16)).convert("P")
        picture.putpalette(colours.tobytes())
    if mode.startswith("clear"):
        shown[..., 0, 0] = 1
        first = tuple(colours[0, 0].tolist()) if mode == "clear RGB" else 0
        picture.info["transparency"] = first
    picture.save(tmp_path / "b.png", icc_profile=profile)
    assert_close(read(tmp_path / "b.png"), shown, atol=0.003, rtol=0)


@pytest.mark.parametrize("curve", _curves())
def test_profile_is_applied_to_deep_images(curve, tmp_path):
    profile = _linear_profile(b"gr", _curves()[curve])
    colours, shown = _of_8_bits(profile, tmp_path / "a.png")
    deep = colours.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", iccprofile=profile)
    floats = (colours / 255).astype(np.float32)
    tifffile.imwrite(tmp_path / "f.tif", floats, photometric="rgb", iccprofile=profile)
    _write_png16(tmp_path / "b.png", deep, b"", profile)
    for name in ("a.tif", "f.tif", "b.png"):
        assert_close(read(tmp_path / name), shown, atol=0.006, rtol=0)


def test_profile_keeps_deep_images_smooth(tmp_path):
    """By the formula: light of 0 to 1 in 4000 steps, of which none is lost."""
    light = np.linspace(0.01, 1, 4000)
    grey = (light * 65535).round().astype(np.uint16)[None, :, None].repeat(3, 2)
    options = {"photometric": "rgb", "iccprofile": _linear_profile()}
    tifffile.imwrite(tmp_path / "a.tif", grey, **options)
    found = read(tmp_path / "a.tif")[0, 1, 0].numpy()
    np.testing.assert_allclose(found, 1.055 * light ** (1 / 2.4) - 0.055, atol=3e-4)
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_profile_that_is_unusable_leaves_deep_images_alone(photometric, tmp_path):
    pixels = STEPS if photometric == "rgb" else STEPS[..., 0]
    profile = b"damaged" if photometric == "rgb" else _linear_profile()
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric, iccprofile=profile)
    wanted = (pixels / 65535).reshape(4, 5, -1) * np.ones(3)
    assert_close(read(tmp_path / "a.tif"), as_image(wanted))


def _linear_profile(order=b"rg", curve=b"curv\0\0\0\0" + bytes(4)):
    """A display's, by the ICC's specification: three primaries, adapted to D50, and no curve.

    Args:
        order: "gr" for red and green swapped.
    """

    def number(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(map(number, values))

    text = b"linear\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    red, green = (order[i : i + 1] for i in range(2))
    tags = {
        b"desc": name + bytes(-len(name) % 4),
        b"wtpt": xyz(0.9642, 1, 0.8249),
        red + b"XYZ": xyz(0.4361, 0.2225, 0.0139),
        green + b"XYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
    } | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve + bytes(-len(curve) % 4))
    table, data = struct.pack(">I", len(tags)), b""
    begin = 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table += name + struct.pack(">II", begin + len(data), len(body))
        data += body
    kind = b"mntrRGB XYZ " + bytes(12) + b"acsp"
    head = struct.pack(">I4xI", begin + len(data), 0x02100000) + kind
    return head.ljust(68, b"\0") + xyz(0.9642, 1, 0.8249)[8:] + bytes(48) + table + data


@pytest.mark.parametrize("ending", ["jpg", "tif"])
def test_reading_cmyk_is_not_inverted(ending, tmp_path):
    """As (1 - ink) * (1 - black); JPEG's CMYK is Adobe's, which is stored inverted."""
    PilImage.new("CMYK", (16, 16), (0, 255, 51, 0)).save(tmp_path / f"a.{ending}")
    found = read(tmp_path / f"a.{ending}")[0, :, 8, 8]
    assert_close(found, torch.tensor([1.0, 0.0, 0.8]), atol=0.02, rtol=0)
    if ending == "jpg":
        assert b"Adobe" in (tmp_path / "a.jpg").read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib", "predictor": True},
        {"planarconfig": "separate"},
        {"tile": (16, 16)},
        {"byteorder": ">"},
        {"bigtiff": True},
    ],
)
@pytest.mark.parametrize("kind", [np.uint16, np.float32, np.float16, np.float64, np.uint32])
def test_reading_tiff_keeps_all_bits(kind, options, tmp_path):
    if kind is np.uint32:
        pixels, wanted = STEPS.astype(kind) * 65537, STEPS / 65535
    elif kind is np.uint16:
        pixels, wanted = STEPS, STEPS / 65535
    else:
        pixels = (STEPS / 65535).astype(kind)
        wanted = pixels.astype(np.float32)
        options = {name: options[name] for name in options if name != "predictor"}
    if "planarconfig" in options:
        pixels = pixels.transpose(2, 0, 1)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", **options)
    assert_close(read(tmp_path / "a.tif"), as_image(wanted))


def test_reading_compressed_tiff_keeps_all_bits(tmp_path):
    lzw = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
    cv2.imwrite(str(tmp_path / "a.tif"), STEPS[..., ::-1], lzw)
    assert_close(read(tmp_path / "a.tif"), as_image(STEPS / 65535))


def test_reading_deep_transparency_gives_white(tmp_path):
    half = np.concatenate([STEPS, np.full((4, 5, 1), 13107, np.uint16)], axis=2)  # a fifth
    wanted = as_image(0.2 * STEPS / 65535 + 0.8)
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", half, **options)
    assert_close(read(tmp_path / "a.tif"), wanted)
    cv2.imwrite(str(tmp_path / "a.png"), half[..., [2, 1, 0, 3]])
    assert_close(read(tmp_path / "a.png"), wanted)
    thin = (half * 0.2).round().astype(np.uint16)
    thin[..., 3] = 13107
    options["extrasamples"] = ["assocalpha"]
    tifffile.imwrite(tmp_path / "b.tif", thin, **options)
    assert_close(read(tmp_path / "b.tif"), wanted, atol=1e-4, rtol=0)


def test_reading_grey_of_16_bits_and_floats(tmp_path):
    grey = STEPS[..., 0]
    wanted = as_image((grey / 65535)[..., None].repeat(3, 2))
    cv2.imwrite(str(tmp_path / "a.png"), grey)
    tifffile.imwrite(tmp_path / "a.tif", grey, photometric="minisblack")
    tifffile.imwrite(tmp_path / "b.tif", 65535 - grey, photometric="miniswhite")
    floats = (grey / 65535).astype(np.float32)
    tifffile.imwrite(tmp_path / "c.tif", floats, photometric="minisblack")
    for name in ("a.png", "a.tif", "b.tif", "c.tif"):
        assert_close(read(tmp_path / name), wanted)


def test_reading_grey_of_other_formats(tmp_path):
    grey = STEPS[..., 0]
    (tmp_path / "a.pgm").write_bytes(b"P5 5 4 65535\n" + grey.astype(">u2").tobytes())
    upwards = (grey[::-1] / 65535).astype("<f4")
    (tmp_path / "a.pfm").write_bytes(b"Pf\n5 4\n-1.0\n" + upwards.tobytes())
    for name in ("a.pgm", "a.pfm"):
        assert_close(read(tmp_path / name), as_image((grey / 65535)[..., None].repeat(3, 2)))


def test_reading_deep_png_transparent_colour_gives_white(tmp_path):
    rows = zlib.compress(b"\0" + STEPS[0].astype(">u2").tobytes())
    clear = b"tRNS", struct.pack(">HHH", *STEPS[0, 0].tolist())
    _write_png(tmp_path / "a.png", (5, 1, 16), clear, (b"IDAT", rows))
    wanted = STEPS[:1] / 65535
    wanted[0, 0] = 1
    assert_close(read(tmp_path / "a.png"), as_image(wanted))


def test_reading_floats_clips_to_0_and_1(tmp_path):
    odd = np.array([[[2.0, -1.0, np.nan], [np.inf, 0.5, 1.0]]], np.float32)
    tifffile.imwrite(tmp_path / "a.tif", odd, photometric="rgb")
    assert read(tmp_path / "a.tif")[0, :, 0].T.tolist() == [[1, 0, 0], [1, 0.5, 1]]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.tif"])
def test_reading_takes_the_first_of_several(name, tmp_path):
    first, *others = [PilImage.new("RGB", (8, 8), colour) for colour in ("red", "blue", "lime")]
    first.save(tmp_path / name, save_all=True, append_images=others, lossless=True)
    assert read(tmp_path / name)[0, :, 4, 4].tolist() == [1, 0, 0]


def test_reading_one_pixel(tmp_path):
    PilImage.new("RGB", (1, 1), (255, 0, 51)).save(tmp_path / "a.png")
    assert_close(read(tmp_path / "a.png"), torch.tensor([1, 0, 0.2]).view(1, 3, 1, 1))


@pytest.mark.parametrize("name", ["a.png", "deep.png", "a.tif", "deep.tif"])
def test_reading_by_bands_is_the_same(name, texture, tmp_path, monkeypatch):
    pixels = texture(37, 20)
    deep = pixels.astype(np.uint16) * 255 + 3
    cv2.imwrite(str(tmp_path / name), deep if name.startswith("deep") else pixels)
    opened = decode(tmp_path / name, option="IMAGE")
    at_once = opened.rows(0, 37)
    bands = [opened.rows(top, min(37, top + 10)) for top in range(0, 37, 10)]
    assert torch.equal(torch.cat(bands, -2), at_once)
    monkeypatch.setattr(reading, "BAND", 90)
    assert torch.equal(read(tmp_path / name), at_once)


def test_reading_postscript_is_refused_and_starts_no_program(tmp_path, monkeypatch):
    def started(*arguments, **_):
        raise AssertionError(f"{arguments} was started")

    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    monkeypatch.setattr(subprocess, "Popen", started)
    with PilImage.open(path) as file, pytest.raises(AssertionError, match="was started"):
        file.load()  # as Pillow does when it is asked for any format
    for read in (load, decode, check_image):
        with pytest.raises(PresetError, match=r"a\.png is not a picture"):
            read(path, option="start.path")


def test_reading_other_files_names_them(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(PresetError, match=r"start.path: .*a.png is not a picture"):
        read(tmp_path / "a.png")
    with pytest.raises(PresetError, match=r"start.path: .*gone.png does not exist"):
        read(tmp_path / "gone.png")
    with pytest.raises(PresetError, match=r"start.path: .* is a folder"):
        read(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(PresetError, match="is not a picture"):
        read(tmp_path / "empty.png")


@pytest.mark.parametrize(
    "name", ["a.png", "a.jpg", "a.webp", "a.gif", "a.tif", "16.png", "16.tif", "f.tif", "lzw.tif"]
)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_reading_truncated_files_is_one_line(name, share, texture, tmp_path, capfd):
    pixels = texture(90, 120)
    if name in ("16.png", "lzw.tif"):
        deep = pixels.astype(np.uint16) * 255
        cv2.imwrite(str(tmp_path / name), deep, [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    elif name == "16.tif":
        tifffile.imwrite(tmp_path / name, pixels.astype(np.uint16) * 255, photometric="rgb")
    elif name == "f.tif":
        tifffile.imwrite(tmp_path / name, pixels / np.float32(255), photometric="rgb")
    else:
        PilImage.fromarray(pixels).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(PresetError, match=rf"{name} (cannot be read|is not a picture)") as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_reading_too_many_pixels_is_refused_before_decoding(tmp_path):
    _write_png(tmp_path / "bomb.png", (50_000, 50_000, 8), (b"IDAT", zlib.compress(bytes(99))))
    with pytest.raises(PresetError, match=r"bomb.png declares 50000x50000 pixels"):
        read(tmp_path / "bomb.png")
    with pytest.raises(PresetError, match=r"IMAGE: .*50000x50000 pixels \(at most 1074 million"):
        decode(tmp_path / "bomb.png", option="IMAGE", most=1 << 30)


def test_reading_too_many_pixels_of_deep_tiff_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "bomb.tif", np.zeros((4, 5, 3), np.float32), photometric="rgb")
    with tifffile.TiffFile(tmp_path / "bomb.tif", mode="r+") as file:
        tags = file.pages.first.tags
        for name in ("ImageWidth", "ImageLength"):
            tags[name].overwrite(50_000)
    with pytest.raises(PresetError, match=r"bomb.tif declares 50000x50000 pixels"):
        read(tmp_path / "bomb.tif")


def test_reading_damaged_tiff_logs_nothing(tmp_path, caplog, capfd):
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, np.zeros((8, 9, 3), np.uint16), photometric="rgb")
    data = path.read_bytes()
    path.write_bytes(data[:4] + struct.pack("<I", 2**20) + data[8:])
    with pytest.raises(PresetError):
        load(path, option="start.path")
    assert (caplog.text, capfd.readouterr().err) == ("", "")


def test_reading_out_of_memory_is_one_line(tmp_path, monkeypatch):
    def greedy(*_):
        raise MemoryError

    path = tmp_path / "a.png"
    PilImage.new("RGB", (4, 4)).save(path)
    monkeypatch.setattr(PilImage.Image, "load", greedy)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", greedy)
    with pytest.raises(PresetError, match="more memory than there is"):
        load(path, option="start.path")


def test_reading_what_opencv_refuses_is_one_line(tmp_path, monkeypatch):
    def refuse(*_):
        raise cv2.error("-215:Assertion failed")

    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.zeros((4, 5, 3), np.uint16))
    monkeypatch.setattr(cv2, "imdecode", refuse)
    with pytest.raises(PresetError, match="is damaged"):
        load(path, option="start.path")


def test_reading_signalling_nans_gives_black_without_warnings(tmp_path):
    path = tmp_path / "floats.tif"
    bits = np.full((4, 5, 3), 0x7F800001, np.uint32)
    tifffile.imwrite(path, bits.view(np.float32), photometric="rgb")
    assert not load(path, option="start.path").any()
