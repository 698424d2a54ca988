"""Films of kinds that are seldom met, against values known from how they are made."""

from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.testing import assert_allclose

from dreamvid.errors import VideoError
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.matrix import MISSING
from tests.fuzz.colour_tags import tagged_film

H, W = 32, 64


def encoded(path, codec, form, pixels, options):
    """Write three frames of one picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height = pixels.shape[1], pixels.shape[0]
        stream.pix_fmt = form
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(pixels, "rgba" if pixels.shape[2] == 4 else "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def frames(path):
    return list(read_footage(path, fps=Fraction(25)))


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
def test_alpha_beside_the_packets_of_webm_is_laid_on_white(codec, tmp_path):
    """Left half transparent: white; right half a grey, by the rules of BT.709 at limited range."""
    picture = np.full((H, W, 4), 100, np.uint8)
    picture[:, : W // 2, 3], picture[:, W // 2 :, 3] = 0, 255
    options = {"auto-alt-ref": "0", "crf": "4", "b": "4M"}
    path = encoded(tmp_path / "clear.webm", codec, "yuva420p", picture, options)
    for frame in frames(path):
        assert (frame[:, :24] == 255).all()
        assert_allclose(frame[:, 40:], 100, atol=3)


def test_columns_that_are_cropped_away_are_not_shown(tmp_path):
    picture = np.zeros((H, W, 3), np.uint8)
    picture[:, 6:] = 200
    options = {"qp": "1", "x264-params": "crop-rect=6,0,0,0"}
    path = encoded(tmp_path / "cut.mp4", "libx264", "yuv420p", picture, options)
    assert probe_footage(path).size == (H, W - 6)
    for frame in frames(path):
        assert frame.shape == (H, W - 6, 3)
        assert_allclose(frame[:, 4:], 200, atol=3)
        assert_allclose(frame[:, 0], 200, atol=20)  # of the chroma block at the edge


@pytest.mark.parametrize("matrix", [*MISSING, 18, 255])
def test_matrices_that_are_not_converted_are_told(matrix, tmp_path):
    """A reserved one says nothing: grey stays grey."""
    path = tagged_film(tmp_path / "tagged.mkv", "yuv420p", (1, 1, matrix, 1))
    if matrix in MISSING:
        with pytest.raises(VideoError, match=r"tagged.mkv: its colours are in .*; convert it to"):
            probe_footage(path)
    else:
        (frame,) = frames(path)
        assert_allclose(frame, frame[:, :, :1].repeat(3, 2), atol=2)
        assert_allclose(frame[0, 2::4, 0], np.arange(16) * 17, atol=3)


@pytest.mark.parametrize("form", ["gray", "gbrp10le"])
def test_grey_and_rgb_need_no_matrix(form, tmp_path):
    path = tagged_film(tmp_path / "tagged.mkv", form, (1, 1, 14, 2))
    assert_allclose(frames(path)[0][0, 2::4, 0], np.arange(16) * 17, atol=2)
