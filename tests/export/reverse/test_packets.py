"""Films that are encoded again: near their source, upright, and in bounded memory."""

import gc
import subprocess
import sys

import av
import numpy as np
import pytest

from dreamvid.errors import PresetError
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.footage.footage import probe_footage, read_footage
from tests.export.reverse.test_reverse import PICTURES, ffmpeg, packets, shown

GRADIENTS = ("-f", "lavfi", "-i", "gradients=size=64x48:rate=24:duration=1:speed=0.2:seed=7")
SD = ("-vf", "scale=out_color_matrix=smpte170m", "-colorspace", "smpte170m")


def luma(path):
    """(n, pixels), as stored: the ffmpeg program leaves yuv420p as it is."""
    raw = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, 72 * 64)[:, : 48 * 64]


def psnr(one, other):
    return 10 * np.log10(255**2 / max(1e-9, np.square(one.astype(float) - other).mean()))


def rgb(path):
    return np.stack(list(read_footage(path, fps=probe_footage(path).fps)))


def test_reverse_keeps_samples_that_match(tmp_path):
    ffmpeg(*PICTURES, "-c:v", "libx264", "-crf", 12, tmp_path / "a.mp4")
    made = reverse_film(tmp_path / "a.mp4", tmp_path / "b.mp4", crf=10)
    one, other = luma(tmp_path / "a.mp4")[::-1], luma(tmp_path / "b.mp4")
    assert not made.exact and psnr(one, other) > 50
    assert psnr(one[1:], other[:-1]) < 45  # a frame off
    assert shown(tmp_path / "b.mp4") == shown(tmp_path / "a.mp4")


def test_reverse_converts_other_colours(tmp_path):
    ffmpeg(*GRADIENTS, *SD, "-pix_fmt", "yuv420p", "-c:v", "libx264", tmp_path / "a.mp4")
    reverse_film(tmp_path / "a.mp4", tmp_path / "b.mp4", crf=10)
    one, other = rgb(tmp_path / "a.mp4")[::-1], rgb(tmp_path / "b.mp4")
    assert psnr(one, other) > 38
    with av.open(str(tmp_path / "b.mp4")) as film:
        assert next(film.decode(video=0)).colorspace == 1  # BT.709


def test_reverse_of_lossless_is_exact(tmp_path):
    words = ("-pix_fmt", "bgr0", "-c:v", "ffv1", "-g", 12)
    ffmpeg(*PICTURES, *words, tmp_path / "a.mkv")
    made = reverse_film(tmp_path / "a.mkv", tmp_path / "b.mkv")
    assert not made.exact and (rgb(tmp_path / "a.mkv")[::-1] == rgb(tmp_path / "b.mkv")).all()


@pytest.mark.parametrize("group", [1, 12])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_reverse_keeps_rotation(group, suffix, tmp_path):
    ffmpeg(*GRADIENTS, "-c:v", "libx264", "-g", group, tmp_path / "flat.mp4")
    turned = ("-display_rotation:v:0", 90, "-i", tmp_path / "flat.mp4", "-c", "copy")
    ffmpeg(*turned, tmp_path / "a.mp4")
    source, out = tmp_path / "a.mp4", tmp_path / f"b.{suffix}"
    assert probe_footage(source).size == (64, 48)
    made = reverse_film(source, out, crf=8)
    assert made.exact == (group == 1)
    assert probe_footage(out).size == (64, 48)
    assert psnr(rgb(source)[::-1], rgb(out)) > 38


@pytest.mark.parametrize("group", [1, 12])
@pytest.mark.parametrize("change", ["setsar=2", "crop=63:47:0:0,setsar=1"])
def test_reverse_of_wide_pixels_and_odd_sides(group, change, tmp_path):
    source, out = tmp_path / "a.mp4", tmp_path / "b.mp4"
    words = ("-vf", change, "-pix_fmt", "yuv444p", "-c:v", "libx264", "-crf", 4, "-g", group)
    ffmpeg(*GRADIENTS, *words, source)
    made = reverse_film(source, out, crf=4)
    assert made.exact == (group == 1) and probe_footage(out).size == probe_footage(source).size
    assert psnr(rgb(source)[::-1], rgb(out)) > 35


def test_reverse_refuses_a_container_without_rotation(tmp_path):
    ffmpeg(*PICTURES, "-c:v", "mjpeg", tmp_path / "flat.mov")
    ffmpeg(
        "-display_rotation:v:0", 90, "-i", tmp_path / "flat.mov", "-c", "copy", tmp_path / "a.mov"
    )
    with pytest.raises(PresetError, match="does not keep how the picture is turned"):
        reverse_film(tmp_path / "a.mov", tmp_path / "b.avi")
    assert {path.name for path in tmp_path.iterdir()} >= {"a.mov"}
    assert not (tmp_path / "b.avi").exists() and not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("read", [read_footage, read_backwards])
def test_reverse_and_footage_free_frames_at_once(read, tmp_path):
    """Not when Python next looks for what holds itself: hundreds of large ones could wait."""
    ffmpeg(*PICTURES, "-c:v", "libx264", tmp_path / "a.mp4")
    fps = probe_footage(tmp_path / "a.mp4").fps
    gc.collect()
    gc.disable()
    try:
        pictures = sum(1 for _ in read(tmp_path / "a.mp4", fps=fps))
        assert pictures == 36 and gc.collect() < 30
    finally:
        gc.enable()


PEAK = """
import sys
from pathlib import Path
from dreamvid.errors import PresetError
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.export.reverse.reverse import reverse_film
reverse_film(Path(sys.argv[1]), Path(sys.argv[2]))
with open("/proc/self/status") as status:  # rusage's begins with the size of the parent
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.slow
@pytest.mark.parametrize("group", [25, 1, 100_000])
def test_reverse_memory_does_not_grow_with_length(group, tmp_path):
    def peak(frames):
        source, out = tmp_path / f"{frames}.mp4", tmp_path / f"{frames}-reverse.mp4"
        lasting = ("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25", "-frames:v", frames)
        ffmpeg(*lasting, "-c:v", "libx264", "-preset", "ultrafast", "-g", group, source)
        command = [sys.executable, "-c", PEAK, str(source), str(out)]
        return int(subprocess.run(command, capture_output=True, check=True).stdout), out

    few, _ = peak(500)
    many, out = peak(10_000)
    assert many < 1.03 * few
    assert len(packets(out)) == 10_000
