"""Bounds on the length of a film, however long its file says that it is."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from dreamvid.errors import VideoError
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.span import most_frames


def film(path, seconds):
    """Write a picture at each of these seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10, width=64, height=48)
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for at in seconds:
            frame = VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = 1000 * at, Fraction(1, 1000)
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def test_film_length_with_a_gap_of_an_hour_is_one_line(tmp_path):
    path = film(tmp_path / "gap.mp4", [0, 1, 3601, 3602])
    for wrong in (
        lambda: probe_footage(path),
        lambda: next(read_footage(path, fps=Fraction(25))),
        lambda: next(read_backwards(path)),
        lambda: reverse_film(path, tmp_path / "reverse.mp4"),
    ):
        with pytest.raises(VideoError, match=r"gap.mp4: shows one picture for 3600 seconds, from"):
            wrong()


def test_film_length_of_a_slide_show_is_kept(tmp_path):
    path = film(tmp_path / "slides.mkv", [0, 600, 1200])
    assert probe_footage(path).frames == 1200  # one a second, the last for 0.1


def test_film_length_in_frames_is_bounded_by_the_pictures(tmp_path):
    path = film(tmp_path / "slides.mkv", [0, 600, 1200])
    assert most_frames(3) == 3000 + 36000
    assert probe_footage(path, fps=Fraction(30)).frames == 36003  # of 1200.1 seconds
    with pytest.raises(VideoError, match=r"3 pictures would be \d+ frames at 60 a second, at most"):
        probe_footage(path, fps=Fraction(60))
