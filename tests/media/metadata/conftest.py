"""Files of every format, made by the ffmpeg program, independent of dreamvid."""

import subprocess

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

MOVING = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=0.5")
SOUND = ("-f", "lavfi", "-i", "sine=d=0.5")
KINDS = {
    "h264.mp4": (*SOUND, "-c:v", "libx264", "-bf", "2", "-c:a", "aac", "-movflags", "+faststart"),
    "index-last.mp4": ("-c:v", "libx264"),
    "hevc.mp4": ("-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1"),
    "av1.mp4": ("-c:v", "libaom-av1", "-cpu-used", "8"),
    "prores.mov": (*SOUND, "-c:v", "prores_ks", "-c:a", "pcm_s16le", "-movflags", "+faststart"),
    "ffv1.mkv": (*SOUND, "-c:v", "ffv1", "-c:a", "flac"),
    "vp9.webm": (*SOUND, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"),
    "moving.gif": ("-c:v", "gif"),
    "moving.webp": (
        "-c:v",
        "libwebp_anim",
    ),
    "still.webp": ("-frames:v", "1", "-c:v", "libwebp"),
    "lossless.webp": ("-frames:v", "1", "-c:v", "libwebp", "-lossless", "1"),
    "moving.avif": ("-c:v", "libaom-av1", "-cpu-used", "8"),
    "still.avif": ("-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8"),
    "still.png": ("-frames:v", "1"),
    "deep.png": ("-frames:v", "1", "-pix_fmt", "rgb48be"),
    "moving.apng": ("-f", "apng"),
}


def ffmpeg(*args):
    result = subprocess.run(
        [get_ffmpeg_exe(), "-y", *map(str, args)], capture_output=True, text=True, check=False
    )
    return result.stdout, result.stderr


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """name -> its file, made once. Change copies only."""
    folder, files = tmp_path_factory.mktemp("kinds"), {}

    def make(name):
        if name not in files:
            _stdout, stderr = ffmpeg(*MOVING, *KINDS[name], folder / name)
            assert (folder / name).stat().st_size, stderr
            files[name] = folder / name
        return files[name]

    return make
