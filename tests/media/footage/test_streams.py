"""Choice among several video streams of a file: the one that players choose."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.reader import read_frames
from tests.media.footage.test_footage import constant, ffmpeg, numbers

SHADES = {"a": 60, "b": 180}


@pytest.fixture
def angles(tmp_path):
    """Two films, of 10 and of 15 frames, and a cover."""
    for (name, shade), count in zip(SHADES.items(), (10, 15), strict=True):
        constant(tmp_path / f"{name}.mp4", count, pixels=np.full((48, 64, 3), shade, np.uint8))
    PilImage.new("RGB", (64, 48), (250, 250, 250)).save(tmp_path / "cover.png")
    return tmp_path


def check(path, shade, count):
    frames = list(read_footage(path, fps=Fraction(25)))
    assert probe_footage(path).frames == len(frames) == count
    assert abs(float(np.mean(frames)) - shade) < 3
    assert [round(float(frame.mean()) / 5) for frame in read_frames(path)] == [shade // 5] * count


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
@pytest.mark.parametrize("default,shade,count", [(0, 60, 10), (1, 180, 15), (None, 60, 10)])
def test_stream_marked_as_default_is_read(default, shade, count, kind, angles):
    path = angles / f"angles.{kind}"
    marks = [x for n in (0, 1) for x in (f"-disposition:v:{n}", "default" if n == default else "0")]
    ffmpeg("-i", angles / "a.mp4", "-i", angles / "b.mp4", "-map", 0, "-map", 1, "-c", "copy",
           *marks, path)  # fmt: skip
    check(path, shade, count)
    reverse_film(path, angles / f"back.{kind}")
    check(angles / f"back.{kind}", shade, count)


def test_stream_that_is_a_cover_is_not_read(angles):
    path = angles / "covered.mp4"
    ffmpeg("-i", angles / "cover.png", "-i", angles / "b.mp4", "-map", 0, "-map", 1, "-c", "copy",
           "-disposition:v:0", "attached_pic", path)  # fmt: skip
    check(path, 180, 15)


def test_stream_with_times_below_zero_begins_with_what_is_shown(tmp_path):
    plain = constant(tmp_path / "film.mkv", 40, g="40", bf="0")
    path = tmp_path / "cut.mkv"  # from the key frame on, of which players hide what lies before 0
    ffmpeg("-ss", 0.6, "-i", plain, "-c", "copy", "-copyts", "-output_ts_offset", -0.6,
           "-avoid_negative_ts", "disabled", path)  # fmt: skip
    assert numbers(read_footage(path, fps=Fraction(25))) == list(range(15, 40))
