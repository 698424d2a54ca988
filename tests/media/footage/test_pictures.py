"""Films of pictures: folders, patterns, animated WebP and AVIF, as Pillow writes them."""

import logging
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.errors import VideoError
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.film.inputs import digest
from dreamvid.media.animated.webp_avif_apng import write_animation
from dreamvid.media.clip import Pictures, pictures_of
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.images.sequence import base_of

H, W = 36, 64
STILL = r'is a picture, not a film; use start\.kind = "image"'
SHADES = (0, 40, 80, 120, 160, 200)


def flat(number, size=(H, W)):
    return np.full((*size, 3), SHADES[number], np.uint8)


def numbers(frames):
    """Number of the shade that each frame is of."""
    return [int(np.abs(np.subtract(SHADES, frame.mean())).argmin()) for frame in frames]


def save(path, number, size=(H, W)):
    PilImage.fromarray(flat(number, size)).save(path)


def animation(path, durations, **options):
    first, *others = (PilImage.fromarray(flat(n)) for n in range(len(durations)))
    first.save(path, save_all=True, append_images=others, duration=durations, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Six frames with a gap in their numbers, of three kinds, and litter."""
    place = tmp_path / "frames"
    place.mkdir()
    names = ("a1.png", "a2.jpg", "a3.png", "a9.png", "a10.tif", "a11.png")
    for number, name in enumerate(names):
        save(place / name, number)
    for name in (".DS_Store", "Thumbs.db", ".hidden.png"):
        (place / name).write_bytes(b"\0\0\0\1Bud1")
    return place


def test_pictures_of_a_folder_in_natural_order(folder, caplog):
    with caplog.at_level(logging.WARNING):
        info = probe_footage(folder)
    assert (info.size, info.fps, info.frames, info.sound) == ((H, W), 24, 6, False)
    assert numbers(read_footage(folder, fps=info.fps)) == list(range(6))
    assert caplog.messages == []


@pytest.mark.parametrize("fps", [Fraction(12), Fraction(30), Fraction(30000, 1001)])
def test_pictures_of_a_folder_are_all_shown_at_any_rate(fps, folder):
    info = probe_footage(folder, fps=fps)
    assert (info.fps, info.frames, info.seconds) == (fps, 6, 6 / fps)
    assert numbers(read_footage(folder, fps=fps)) == list(range(6))
    assert numbers(read_footage(folder, fps=fps, first=4)) == [4, 5]
    assert numbers(read_backwards(folder, fps=fps)) == [5, 4, 3, 2, 1, 0]
    assert numbers(read_backwards(folder, fps=fps, count=3)) == [2, 1, 0]
    assert numbers(pictures_of(folder, fps).read()) == list(range(6))


@pytest.mark.parametrize(
    "pattern,expected",
    [
        ("*.png", [0, 2, 3, 5]),
        ("a%d.png", [0, 2, 3, 5]),
        ("a%02d.png", [5]),
        ("a%02d.*", None),
        ("a1*", [0, 4, 5]),
        ("a[0-9].png", [0, 2, 3]),
        ("a?.*", [0, 1, 2, 3]),
        ("b*.png", None),
    ],
)
def test_pictures_of_a_pattern(pattern, expected, folder):
    if expected is None:
        with pytest.raises(VideoError, match="names no pictures"):
            probe_footage(folder / pattern)
    else:
        assert numbers(read_footage(folder / pattern, fps=Fraction(24))) == expected


def test_pictures_named_like_a_pattern_are_one_file(folder):
    save(folder / "a[1].png", 3)
    with pytest.raises(VideoError, match=STILL):
        probe_footage(folder / "a[1].png")


def test_pictures_of_many_sizes_fill_the_first_ones(folder):
    save(folder / "a2.jpg", 1, (90, 64))
    save(folder / "a3.png", 2, (20, 80))
    frames = list(read_footage(folder, fps=Fraction(24)))
    assert {frame.shape for frame in frames} == {(H, W, 3)}
    assert numbers(frames) == list(range(6))


def test_pictures_turn_upright_and_keep_16_bits_and_transparency(tmp_path):
    tall = np.zeros((W, H, 3), np.uint8)
    tall[: W // 2] = 255  # white above black
    exif = PilImage.Exif()
    exif[274] = 6  # stored on its side: turned clockwise it is upright
    PilImage.fromarray(np.rot90(tall).copy()).save(tmp_path / "1.png", exif=exif)
    deep = np.full((W, H, 4), (0, 0, 65535, 32768), np.uint16)  # half red, OpenCV's order
    cv2.imwrite(str(tmp_path / "2.png"), deep)
    PilImage.new("RGBA", (H, W), (255, 0, 0, 128)).save(tmp_path / "3.png")
    read = read_footage(tmp_path, fps=Fraction(24), background="#0000ff")
    turned, *clear = read
    np.testing.assert_array_equal(turned, tall)
    for frame in clear:
        assert np.abs(frame.reshape(-1, 3).astype(int) - (128, 0, 127)).max() <= 1


def test_pictures_left_out_are_told(folder, caplog):
    (folder / "notes.txt").write_text("hello")
    (folder / "sub.png").mkdir()
    with caplog.at_level(logging.WARNING):
        assert probe_footage(folder).frames == 6
    assert f"{folder}: 2 are left out as no pictures, such as notes.txt" in caplog.messages


@pytest.mark.parametrize(
    "damaged,shown",
    [((3,), [0, 1, 2, 2, 4, 5]), ((0, 1), [2, 2, 2, 3, 4, 5]), ((5,), [0, 1, 2, 3, 4, 4])],
)
def test_pictures_that_are_damaged_show_another(damaged, shown, folder, caplog):
    files = sorted(folder.glob("a*"), key=lambda path: int(path.stem[1:]))
    for number in damaged:
        files[number].write_bytes(files[number].read_bytes()[:50])
    with caplog.at_level(logging.WARNING):
        assert numbers(read_footage(folder, fps=Fraction(24))) == shown
    assert all(any(files[number].name in line for line in caplog.messages) for number in damaged)
    assert numbers(read_backwards(folder)) == shown[::-1]
    for first in range(6):
        assert numbers(read_footage(folder, fps=Fraction(24), first=first)) == shown[first:]


def test_pictures_without_a_good_one_are_refused(tmp_path):
    with pytest.raises(VideoError, match="holds no pictures"):
        probe_footage(tmp_path)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(VideoError, match="holds no frame that can be decoded"):
        probe_footage(tmp_path)


def test_pictures_have_the_identity_of_all_their_files(folder):
    whole, part = digest(folder), digest(folder / "*.png")
    assert whole != part
    save(folder / "a2.jpg", 5)
    assert digest(folder) != whole and digest(folder / "*.png") == part
    assert numbers(read_footage(folder, fps=Fraction(24)))[1] == 5  # nothing stale is kept


def test_pictures_give_their_films_a_plain_name(folder, monkeypatch):
    assert base_of(folder) == folder
    assert base_of(folder / "a%02d.png") == folder
    monkeypatch.chdir(folder)
    assert base_of(type(folder)("*.png")) == folder


DURATIONS = [100, 200, 100, 50, 100, 150]


def shown_at(fps, count):
    """Frame on show at n / fps seconds, by the durations."""
    starts = np.cumsum([0, *DURATIONS[:-1]])
    return [int((starts <= 1000 * n / fps + 1e-9).sum()) - 1 for n in range(count)]


@pytest.mark.parametrize("kind", ["webp", "avif", "png", "gif"])
def test_animations_are_footage_with_their_own_times(kind, tmp_path):
    path = animation(tmp_path / f"a.{kind}", DURATIONS)
    info = probe_footage(path, fps=Fraction(20))
    assert (info.size, info.frames, info.sound) == ((H, W), 14, False)
    expected = shown_at(20, 14)
    assert numbers(read_footage(path, fps=Fraction(20))) == expected
    assert numbers(read_footage(path, fps=Fraction(20), first=9)) == expected[9:]
    assert numbers(read_backwards(path, fps=Fraction(20))) == expected[::-1]


@pytest.mark.parametrize("kind", ["webp", "avif"])
@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(12)], ids=str)
def test_animations_that_are_written_here_are_read_again(kind, fps, tmp_path):
    film = Pictures(read=lambda: (flat(n) for n in range(6)), size=(H, W), fps=fps, count=6)
    write_animation(film, tmp_path / f"a.{kind}", kind)
    read = pictures_of(tmp_path / f"a.{kind}")
    assert (read.size, read.fps, read.count) == ((H, W), fps, 6)
    assert numbers(read.read()) == list(range(6))


@pytest.mark.parametrize("fps", [Fraction(24), Fraction(9)], ids=str)
def test_animations_of_equal_frames_keep_their_rate(fps, tmp_path):
    """WebP's encoder makes one frame of them."""
    shades = [0, 1, 1, 2, 3, 4, 5]
    film = Pictures(read=lambda: (flat(n) for n in shades), size=(H, W), fps=fps, count=7)
    write_animation(film, tmp_path / "a.webp", "webp")
    read = pictures_of(tmp_path / "a.webp")
    assert (read.fps, read.count) == (fps, 7) and numbers(read.read()) == shades


@pytest.mark.parametrize("last,frames", [(100, 6), (1000, 15)])
def test_animations_hold_their_last_frame(last, frames, tmp_path):
    path = animation(tmp_path / "a.webp", [100] * 5 + [last])
    info = probe_footage(path)
    assert (info.fps, info.frames) == (10, frames)
    assert numbers(read_footage(path, fps=info.fps)) == [0, 1, 2, 3, 4] + [5] * (frames - 5)


def test_animations_without_durations_are_as_in_browsers(tmp_path):
    assert probe_footage(animation(tmp_path / "a.webp", [0] * 6)).fps == 10


@pytest.mark.parametrize("kind,options", [("webp", {"lossless": True}), ("avif", {"quality": 100})])
def test_animation_transparent_lies_on_the_background(kind, options, tmp_path):
    frames = [PilImage.new("RGBA", (W, H), (255, 0, 0, alpha)) for alpha in (0, 128, 255)]
    path = tmp_path / f"a.{kind}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, **options)
    assert (probe_footage(path).fps, probe_footage(path).frames) == (10, 3)
    for background, expected in (
        ("#ffffff", [(255, 255, 255), (255, 127, 127), (255, 0, 0)]),
        ("#000000", [(0, 0, 0), (128, 0, 0), (255, 0, 0)]),
    ):
        read = read_footage(path, fps=Fraction(10), background=background)
        found = [frame[0, 0].astype(int) for frame in read]
        assert np.abs(np.subtract(found, expected)).max() <= (1 if kind == "avif" else 0)


@pytest.mark.parametrize("kind", ["webp", "avif", "gif"])
def test_animation_of_one_frame_is_a_picture(kind, tmp_path):
    save(tmp_path / f"a.{kind}", 2)
    with pytest.raises(VideoError, match=STILL):
        probe_footage(tmp_path / f"a.{kind}")


def test_animation_that_is_damaged_holds_the_last_good_frame(tmp_path, caplog):
    path = animation(tmp_path / "a.webp", [100] * 6, lossless=True)
    data = bytearray(path.read_bytes())
    third = [at for at in range(len(data)) if data[at : at + 4] == b"VP8L"][3]
    data[third + 16] = 0xFF  # in the codes of the picture in frame 3
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING):
        assert numbers(read_footage(path, fps=Fraction(10))) == [0, 1, 2, 2, 2, 2]
    assert f"{path}: is damaged at frame 3, and held there" in caplog.messages
