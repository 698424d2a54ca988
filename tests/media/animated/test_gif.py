from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.errors import OutputError, VideoError
from dreamvid.media.animated.gif import write_gif, write_loop_gif
from dreamvid.media.clip import Pictures
from dreamvid.media.video.writer import encode
from dreamvid.system.memory import resident

H, W = 48, 64


def twins(folder, frames, encoding):
    encode(frames, folder / "forward.mp4", encoding)
    encode(reversed(frames), folder / "reverse.mp4", encoding)
    return folder / "forward.mp4", folder / "reverse.mp4"


def gif_frames(path):
    """(RGB array, delay in milliseconds) of each frame, read by Pillow."""
    with PilImage.open(path) as gif:
        for image in ImageSequence.Iterator(gif):
            yield np.asarray(image.convert("RGB")).astype(float), gif.info["duration"]


def numbers(path):
    """Frame numbers of greys: luma 20 + 6n is shown as 255 * (4 + 6n) / 219."""
    return [round((image.mean() * 219 / 255 - 4) / 6) for image, _ in gif_frames(path)]


def delays(path):
    return [delay for _, delay in gif_frames(path)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(count=st.integers(1, 12), every=st.integers(1, 14))
def test_gif_loop_shows_both_ends_once(count, every, tmp_path, encoding, greys):
    forward, reverse = twins(tmp_path, greys(count), encoding)
    gif = tmp_path / "loop.gif"
    count_written = write_loop_gif(forward, reverse, gif, every=every, fps=12, width=32)
    ahead = list(range(0, count, every))
    expected = ahead + ahead[-2:0:-1]
    assert numbers(gif) == expected
    assert count_written == len(expected)


@pytest.mark.parametrize("fps", [24, 12.5, Fraction(30000, 1001), 8, 50, 100, 1])
def test_gif_rate_is_kept_on_average_up_to_fifty(fps, tmp_path, encoding, greys):
    forward, reverse = twins(tmp_path, greys(25), encoding)
    write_loop_gif(forward, reverse, tmp_path / "loop.gif", every=1, fps=fps, width=32)
    durations = delays(tmp_path / "loop.gif")
    expected = 1000 / min(fps, 50)
    assert min(durations) >= 20
    assert max(durations) - min(durations) <= 10
    assert abs(sum(durations) - len(durations) * expected) <= 5  # half a hundredth of a second


def test_gif_loops_forever(tmp_path, encoding, greys):
    forward, reverse = twins(tmp_path, greys(4), encoding)
    write_loop_gif(forward, reverse, tmp_path / "loop.gif", every=1, fps=12, width=32)
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in (tmp_path / "loop.gif").read_bytes()
    with PilImage.open(tmp_path / "loop.gif") as gif:
        assert gif.info["loop"] == 0


@pytest.mark.parametrize(
    "width,size", [(32, (32, 24)), (50, (50, 38)), (64, (64, 48)), (999, (64, 48))]
)
def test_gif_width_is_never_enlarged(width, size, tmp_path, encoding, greys):
    forward, reverse = twins(tmp_path, greys(3), encoding)
    write_loop_gif(forward, reverse, tmp_path / "loop.gif", every=1, fps=12, width=width)
    with PilImage.open(tmp_path / "loop.gif") as gif:
        assert gif.size == size


def colourful(height, width):
    """Six frames, each a luma ramp in another colour."""
    for n in range(6):
        frame = np.full((height * 3 // 2, width), 128, np.uint8)
        frame[:height] = ramp(width)
        frame[height : height * 5 // 4] = 60 + 25 * n
        frame[height * 5 // 4 :] = 190 - 25 * n
        yield frame


def ramp(width):
    return 60 + np.arange(width) * 100 // width


@pytest.mark.parametrize("shape", [(48, 64), (160, 192)])  # the larger one samples its palette
def test_gif_palette_is_shared(shape, tmp_path, encoding):
    height, width = shape
    frames = list(colourful(*shape))
    forward, reverse = twins(tmp_path, frames, replace(encoding, size=shape))
    write_loop_gif(forward, reverse, tmp_path / "loop.gif", every=1, fps=12, width=width)
    images = [image for image, _ in gif_frames(tmp_path / "loop.gif")]
    assert len(np.unique(np.concatenate(images).reshape(-1, 3), axis=0)) <= 256
    for image, frame in zip(images, frames, strict=False):
        u, v = (float(frame[row, 0]) for row in (height, -1))
        y = (ramp(width) - 16) / 219
        red, blue = y + 1.5748 * (v - 128) / 224, y + 1.8556 * (u - 128) / 224
        rgb = image[height // 2].T / 255
        for channel, exact in ((rgb[0], red), (rgb[2], blue)):
            assert np.abs(channel - exact.clip(0, 1)).mean() < 0.02


def test_gif_colours_are_limited(tmp_path, encoding, gradients):
    forward, reverse = twins(tmp_path, gradients(4), encoding)
    write_loop_gif(forward, reverse, tmp_path / "loop.gif", every=1, fps=12, width=64, colours=8)
    colours = {
        tuple(p) for image, _ in gif_frames(tmp_path / "loop.gif") for p in image.reshape(-1, 3)
    }
    assert 2 <= len(colours) <= 8


def test_gif_of_a_still_film_keeps_its_frames(tmp_path, encoding, greys):
    forward, reverse = twins(tmp_path, [greys(1)[0]] * 6, encoding)
    count = write_loop_gif(forward, reverse, tmp_path / "loop.gif", every=1, fps=10, width=64)
    assert count == 10 and sum(delays(tmp_path / "loop.gif")) == 1000


def test_gif_is_deterministic(tmp_path, encoding, gradients):
    forward, reverse = twins(tmp_path, gradients(5), encoding)
    for name in ("a.gif", "b.gif"):
        write_loop_gif(forward, reverse, tmp_path / name, every=1, fps=12, width=48)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_gif_refuses_a_reverse_of_another_length(tmp_path, encoding, greys):
    forward, _ = twins(tmp_path, greys(5), encoding)
    encode(greys(4), tmp_path / "short.mp4", encoding)
    with pytest.raises(VideoError, match="lengths differ"):
        write_loop_gif(
            forward, tmp_path / "short.mp4", tmp_path / "loop.gif", every=1, fps=12, width=64
        )


def test_gif_palette_keeps_no_frame_in_memory(tmp_path):
    def frames(count):
        for n in range(count):
            yield np.full((360, 640, 3), n % 251, np.uint8)

    def write(count):
        film = Pictures(read=lambda: frames(count), size=(360, 640), fps=Fraction(10), count=count)
        write_gif(film, tmp_path / "a.gif")
        return resident() or 0

    before = write(10)
    assert write(600) - before < 20e6  # every second pixel of every second row would be 104 MB


@pytest.mark.parametrize("which", ["forward", "reverse"])
def test_gif_of_a_damaged_film_leaves_nothing(which, tmp_path, encoding):
    rng = np.random.default_rng(7)
    films = twins(tmp_path, list(rng.integers(16, 235, (30, 72, 64), dtype=np.uint8)), encoding)
    damaged = films[which == "reverse"]
    damaged.write_bytes(damaged.read_bytes()[:-20000])
    with pytest.raises(VideoError, match=which):
        write_loop_gif(*films, tmp_path / "loop.gif", every=1, fps=12, width=64)
    assert not any(tmp_path.glob("*loop*"))


def test_gif_into_a_file_as_folder_is_refused(tmp_path, encoding, greys):
    films = twins(tmp_path, greys(3), encoding)
    (tmp_path / "no").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_loop_gif(*films, tmp_path / "no" / "loop.gif", every=1, fps=12, width=64)


@pytest.mark.parametrize(
    "wrong", [{"every": 0}, {"fps": 0}, {"width": 0}, {"colours": 1}, {"colours": 257}]
)
def test_gif_refuses_senseless_arguments(wrong, tmp_path):
    right = {"every": 1, "fps": 12, "width": 64} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        write_loop_gif(tmp_path / "f.mp4", tmp_path / "r.mp4", tmp_path / "l.gif", **right)
