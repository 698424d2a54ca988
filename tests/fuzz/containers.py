"""Films whose containers are harmed where formats keep their numbers, each kind made tiny."""

from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np

from dreamvid.errors import DreamvidError
from dreamvid.media.clip import pictures_of
from dreamvid.media.footage.frame_times import read_frame_times
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.media import waves
from tests.fuzz.mutate import mutated_bytes
from tests.fuzz.trees import BOXES, CHUNKS, ELEMENTS, Format, harmed, harmed_spans

FRAMES, MOST = 12, 200  # of a film; read of a harmed one
RATE = 48000  # of its sound


@dataclass(frozen=True)
class Kind:
    suffix: str
    video: str
    sound: str
    tree: Format | None = None
    options: tuple[tuple[str, str], ...] = ()


FRAGMENTED = (("movflags", "frag_keyframe+empty_moov+default_base_moof"), ("frag_duration", "3"))
KINDS = {
    "mp4": Kind("mp4", "libx264", "aac", BOXES),
    "fragments": Kind("mp4", "libx264", "aac", BOXES, FRAGMENTED),
    "mov": Kind("mov", "prores_ks", "pcm_s16le", BOXES),
    "mkv": Kind("mkv", "libx264", "libmp3lame", ELEMENTS),
    "webm": Kind("webm", "libvpx-vp9", "libopus", ELEMENTS),
    "avi": Kind("avi", "mpeg4", "libmp3lame", CHUNKS),
    "ts": Kind("ts", "libx264", "aac"),
    "mpg": Kind("mpg", "mpeg2video", "mp2"),
    "flv": Kind("flv", "flv", "libmp3lame"),
    "ogv": Kind("ogv", "libvpx", "libopus"),
    "wmv": Kind("wmv", "wmv2", "libmp3lame"),
    "mxf": Kind("mxf", "mpeg2video", "pcm_s16le"),
}
PIXELS = {"prores_ks": "yuv422p10le"}


def film(path: Path, kind: Kind) -> None:
    """Half a second of moving waves and a tone, reordered where the codec does so."""
    with av.open(str(path), "w", options=dict(kind.options)) as container:
        video: Any = container.add_stream(kind.video, rate=25)
        video.width, video.height = 48, 32
        video.pix_fmt = PIXELS.get(kind.video, "yuv420p")
        video.codec_context.gop_size = 6
        sound: Any = container.add_stream(kind.sound, rate=RATE, layout="stereo")
        for n in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(np.roll(waves(), n, 1), "rgb24")
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for part in _tone(sound):
            container.mux(sound.encode(part))
        container.mux(sound.encode(None))


def _tone(stream: Any) -> list[av.AudioFrame]:
    tone = (8000 * np.sin(np.arange(RATE // 2) / 9)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone], 1).reshape(1, -1), "s16", "stereo")
    frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
    context = stream.codec_context
    resampler = av.AudioResampler(context.format, "stereo", RATE, context.frame_size or None)
    return [*resampler.resample(frame), *resampler.resample(None)]


def containers(folder: Path) -> Make:
    sound = {}
    for name, kind in KINDS.items():
        path = folder / f"{name}.{kind.suffix}"
        film(path, kind)
        sound[name] = path.read_bytes()

    def make(rng: Random) -> Case:
        name = rng.choice(list(sound))
        kind, how = KINDS[name], rng.random()
        if kind.tree and how < 0.6:
            data = harmed(rng, kind.tree, sound[name])
        elif how < 0.8:
            data = harmed_spans(rng, sound[name])
        else:
            data = mutated_bytes(rng, sound[name])
        path = folder / f"harmed.{kind.suffix}"
        path.write_bytes(data)
        return lambda: read_film(path)

    return make


def read_film(path: Path) -> None:
    """As a render takes its footage and an export its film: all that is promised comes."""
    read_frame_times.__globals__["_read_once"].cache_clear()
    opened = pictures_of(path)
    with closing(opened.read()) as pictures:
        seen = sum(1 for _ in islice(pictures, MOST))
    assert seen == min(opened.count, MOST), f"{opened.count} pictures promised, {seen} came"
    if opened.sound:
        with suppress(DreamvidError), closing(opened.sound()) as blocks:
            for _ in islice(blocks, MOST):
                pass


FAMILIES = {"containers": Family(600, containers)}
