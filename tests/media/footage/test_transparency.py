"""Films with alpha, written by the ffmpeg program from RGBA bytes."""

import subprocess
from fractions import Fraction

import av
import imageio_ffmpeg
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.media.footage.footage import read_footage
from dreamvid.media.footage.reader import read_frames, to_rgb

H, W = 48, 64
COLOUR = (200, 40, 90)
STEPS = np.repeat(np.linspace(0, 255, 8).round().astype(int), W // 8)[None].repeat(H, 0)
"""Alpha in eight vertical stripes."""


def rgba(colour=COLOUR, alpha=STEPS):
    return np.dstack([*(np.full((H, W), part) for part in colour), alpha]).astype(np.uint8)


def write(path, pixels, codec, form, *options):
    """Write three equal frames."""
    raw = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{W}x{H}", "-r", "25", "-i", "-")
    if "yuv" in form:
        options += ("-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709")
    words = (*raw, "-c:v", codec, "-pix_fmt", form, *options, str(path))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *words]
    subprocess.run(command, input=pixels.tobytes() * 3, check=True)
    return path


def on(ground, alpha=STEPS):
    """Composite by the definition, in float64."""
    share = alpha[..., None] / 255
    return np.array(COLOUR) * share + np.array(ground) * (1 - share)


KINDS = {
    "a.apng": ("apng", "rgba", "-plays", "0"),
    "prores.mov": ("prores_ks", "yuva444p10le", "-profile:v", "4444"),
    "qtrle.mov": ("qtrle", "argb"),
    "png.mov": ("png", "rgba"),
    "ffv1.mkv": ("ffv1", "yuva444p"),
    "deep.mkv": ("ffv1", "yuva444p10le"),
    "vp9.webm": ("libvpx-vp9", "yuva420p", "-crf", "1", "-b:v", "0", "-cpu-used", "8"),
    "vp8.webm": ("libvpx", "yuva420p", "-crf", "4", "-b:v", "9M", "-auto-alt-ref", "0"),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("background", "ground"), [("#ffffff", (255, 255, 255)), ("#204060", (32, 64, 96))]
)
def test_footage_lays_transparent_frames_on_the_background(name, background, ground, tmp_path):
    path = write(tmp_path / name, rgba(), *KINDS[name])
    frames = list(read_footage(path, fps=Fraction(25), background=background))
    assert len(frames) == 3
    tolerance = 8 if "vp" in name else 3 if "yuv" in KINDS[name][1] else 1
    for frame in frames:
        assert np.abs(frame - on(ground)).max() <= tolerance


def test_footage_is_on_white_unless_told_otherwise_and_in_every_reader(tmp_path):
    path = write(tmp_path / "a.mov", rgba(), "png", "rgba")
    for frame in (next(read_frames(path)), next(read_footage(path, fps=Fraction(25)))):
        assert np.abs(frame - on((255, 255, 255))).max() <= 1


def test_scaling_shows_no_hidden_colour(tmp_path):
    """A red square whose surroundings are hidden blue: no blue may bleed in on a white ground."""
    alpha = np.zeros((H, W), int)
    alpha[8:40, 8:40] = 255
    pixels = rgba((0, 0, 255), alpha)
    pixels[8:40, 8:40, :3] = 255, 255, 255
    path = write(tmp_path / "a.mov", pixels, "png", "rgba")
    small = next(read_footage(path, fps=Fraction(25), size=(16, 20)))
    assert small.min() == 255  # white on white, whatever is hidden


def test_an_opaque_frame_with_alpha_is_converted_as_one_without(tmp_path):
    pixels = rgba(alpha=np.full((H, W), 255))
    pixels[..., :3] = np.random.default_rng(0).integers(0, 256, (H, W, 3))
    frame = av.VideoFrame.from_ndarray(pixels, "rgba")
    plain = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., :3]), "rgb24")
    for size in ((H, W), (20, 30), (96, 128)):
        here, there = (to_rgb(each, VideoReformatter(), size) for each in (frame, plain))
        assert np.array_equal(here, there)


def test_vp9_with_alpha_is_read_from_any_start_and_backwards(tmp_path):
    path = write(tmp_path / "a.webm", rgba(), *KINDS["vp9.webm"], "-g", "1")
    whole = list(read_footage(path, fps=Fraction(25)))
    assert np.array_equal(list(read_footage(path, fps=Fraction(25), first=2)), whole[2:])
    assert np.array_equal(list(read_backwards(path)), whole[::-1])
