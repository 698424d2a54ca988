"""Films made by the ffmpeg program alone, and probes of files by it and PyAV."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

FPS = 6


def zoomed(count, height, width, seed=0):
    """Frames of a zoom into a texture of all scales: hard to compress, as dreams are."""
    rng = np.random.default_rng(seed)
    side = 2 * max(height, width)
    layers = [
        cv2.resize(rng.standard_normal((side // n, side // n, 3)), (side, side)) for n in (2, 5, 20)
    ]
    texture = 0.7 * layers[0] + layers[1] + layers[2]
    texture = (128 + 45 * texture / texture.std()).clip(0, 255).astype(np.uint8)
    for n in range(count):
        scale = 0.96**n % 0.5 + 0.5
        matrix = cv2.getRotationMatrix2D((side / 2, side / 2), 2.0 * n, 1 / scale)
        matrix[:, 2] -= (side - width) / 2, (side - height) / 2
        yield cv2.warpAffine(texture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope="session")
def make_film(tmp_path_factory):
    """(seconds, width, height, fps, sound) -> a film of near lossless H.264, made once."""
    folder = tmp_path_factory.mktemp("films")

    def make(seconds, width=320, height=180, fps=FPS, sound=True) -> Path:
        path = folder / f"{seconds}-{width}x{height}-{fps}-{sound}.mp4"
        if path.exists():
            return path
        raw = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {fps} -i -".split()
        tone = f"-f lavfi -i sine=440:r=48000:d={seconds}".split() if sound else []
        form = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p"]
        for tag in ("space", "_primaries", "_trc"):
            form += [f"-color{tag}", "bt709"]
        form += ["-color_range", "tv", "-crf", "4", "-preset", "veryfast"]
        command = [get_ffmpeg_exe(), "-v", "error", *raw, *tone, *form]
        data = b"".join(frame.tobytes() for frame in zoomed(round(seconds * fps), height, width))
        subprocess.run([*command, str(path)], input=data, check=True)
        return path

    return make


@dataclass(frozen=True)
class Probe:
    """A program's report on a file."""

    size: tuple[int, int]  # width, height
    codec: str
    frames: int
    seconds: float
    sound: str | None


def probe_by_ffmpeg(path: Path) -> Probe:
    """Probe by decoding all of it."""
    stream = "0:v:1" if path.suffix == ".avif" else "0:v:0"  # of AVIF the first is a still
    command = [get_ffmpeg_exe(), "-hide_banner", "-i", str(path), "-map", stream]
    command += ["-f", "null", "-"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    picture = re.search(r"Video: (\w+).*?, (\d+)x(\d+)", result.stderr)
    sound = re.search(r"Audio: (\w+)", result.stderr)
    assert picture is not None, result.stderr
    frames = int(re.findall(r"frame= *(\d+)", result.stderr)[-1])
    hours, minutes, seconds = re.findall(r"time=(\d+):(\d+):([\d.]+)", result.stderr)[-1]
    length = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    size = int(picture[2]), int(picture[3])
    return Probe(size, picture[1], frames, length, sound and sound[1])


def probe_by_pyav(path: Path) -> Probe:
    with av.open(str(path)) as container:
        stream = container.streams.video[-1]
        audio = container.streams.audio
        sound = audio[0].codec_context.name if audio else None
        times = [frame.time or 0.0 for frame in container.decode(stream)]
        step = times[-1] - times[-2] if len(times) > 1 else 0
        size = stream.width, stream.height
        codec = stream.codec_context.name
    return Probe(size, codec, len(times), times[-1] - times[0] + step, sound)
