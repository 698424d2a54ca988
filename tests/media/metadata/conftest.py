"""Files of every kind, made by the ffmpeg program, which knows nothing of dreamvid."""

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


def ffmpeg(*words):
    done = subprocess.run(
        [get_ffmpeg_exe(), "-y", *map(str, words)], capture_output=True, text=True, check=False
    )
    return done.stdout, done.stderr


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """name -> its file, made once. Change copies only."""
    folder, there = tmp_path_factory.mktemp("kinds"), {}

    def make(name):
        if name not in there:
            _out, said = ffmpeg(*MOVING, *KINDS[name], folder / name)
            assert (folder / name).stat().st_size, said
            there[name] = folder / name
        return there[name]

    return make
