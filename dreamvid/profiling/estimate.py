"""Estimate the time, memory and disk space of a film before its render.

A few frames are rendered at their real size with one gradient step in each octave; some more are
finished, smaller where that would take long, and encoded. Times hold while the machine is as
busy as it is now.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from dreamvid.dream.objectives.score import Differentiable, Score
from dreamvid.dream.tiling.receptive_field import receptive_fields
from dreamvid.dream.tiling.tile_size import bytes_per_pixel
from dreamvid.dream.tiling.tiled_gradient import largest_window
from dreamvid.dream.tiling.tiled_score import TiledScore
from dreamvid.film.closing_loops import lead_frames
from dreamvid.film.job import Job, build
from dreamvid.image import Image
from dreamvid.media.audio.mux import BIT_RATE
from dreamvid.preset.schema import Preset
from dreamvid.profiling.probe import Clock, Probe, probe
from dreamvid.profiling.sample_encode import Texture, measure_texture
from dreamvid.render.work.encoding import chunk_length, encoding_of
from dreamvid.system.device import cores
from dreamvid.system.memory import resident

PIXEL = 12  # bytes: three float32

# Measured as peaks of resident memory: renders of three sizes by two networks.
IMAGES = 10  # float32 images of the film's size in memory beside the gradient
LIBRARIES = 60e6  # bytes of code and tables that the first frame loads
ENCODER = 50e6  # bytes of x264 and of the GIF, regardless of the size,
ENCODER_PIXEL = 150  # and bytes a pixel
OTHERS = {"hevc": 100e6, "av1": 120e6}  # bytes beyond that, regardless of the size,
OTHERS_PIXEL = {"hevc": 100, "av1": 450}  # and bytes a pixel


@dataclass(frozen=True)
class Estimate:
    """Seconds and bytes of a render, by purpose."""

    frames: int  # of the film
    size: tuple[int, int]  # (width, height)
    dreamed: int  # frames that are dreamed, lead-in included
    tile: int | None  # side in pixels, if the largest octave is dreamed in tiles
    seconds: Mapping[str, float]
    memory: Mapping[str, float]  # at its peak
    gpu: float  # bytes of GPU memory; 0 on the CPU, where all is in `memory`
    disk: Mapping[str, float]  # when the film is finished


def estimate(preset: Preset, device: torch.device, *, loading: float = 0.0) -> Estimate:
    """Estimate a render; raises what it would raise before its work and in its first frames.

    `loading` is the time in seconds that the program took to start.
    """
    clock = Clock(device)
    clock.start()
    job = build(preset, device, make_parts=clock.parts)
    started, program = clock.now() - clock.started, resident() or 0
    sample = probe(job, clock)
    tile, gradient = _gradient(sample.score, sample.frame.image)
    counts = _counts(job)
    per_frame = sample.dream + sample.colour + sample.rest
    texture = measure_texture(job.preset, device, per_frame)
    on_gpu = device.type != "cpu"
    memory = {"program": program + LIBRARIES, "dream": 0.0 if on_gpu else gradient}
    assert job.preset.start.size
    return Estimate(
        frames=job.preset.video.count,
        size=job.preset.start.size,
        dreamed=counts.dreamed,
        tile=tile,
        seconds={"start": loading + started, **_seconds(job, counts, sample, texture)},
        memory=memory | _buffers(job),
        gpu=gradient if on_gpu else 0.0,
        disk=_disk(job, counts, sample, texture),
    )


@dataclass(frozen=True)
class _Counts:
    """Numbers of frames."""

    rendered: int  # lead-in included
    dreamed: int
    leads: int  # kept until the loop closes
    chunk: int  # in a segment
    looped: int  # in the GIF
    stills: int  # PNGs


def _counts(job: Job) -> _Counts:
    preset = job.preset
    leads, leading = lead_frames(preset.loop, preset.video.rate)
    rendered = range(-leading, preset.video.count)
    last = (preset.video.count - 1) // preset.video.every
    closed = preset.loop.kind != "none"
    return _Counts(
        rendered=len(rendered),
        dreamed=sum(n % preset.dream.every == 0 or n == -leading for n in rendered),
        leads=leads,
        chunk=chunk_length(encoding_of(preset)),
        looped=(last + 1 if closed else max(1, 2 * last)) if preset.outputs.loop else 0,
        stills=1 + sum(n < preset.video.count for n in preset.outputs.stills),
    )


def _size(job: Job) -> tuple[int, int]:
    return job.start.image.shape[-2], job.start.image.shape[-1]


def _gradient(score: Differentiable | None, image: Image) -> tuple[int | None, float]:
    """Side of the tiles, if any, and bytes of a gradient at full size."""
    side = None
    if isinstance(score, TiledScore):
        side, score = score.tiling.side(score.score, image), score.score
    if not isinstance(score, Score):
        return None, 0.0
    size = window = (image.shape[-2], image.shape[-1])
    if side is not None and side < max(size):
        window = largest_window(
            size, receptive_fields(score.features, score.layers, size, image), side
        )
    return side, bytes_per_pixel(score, image) * math.prod(window)


def _buffers(job: Job) -> dict[str, float]:
    """Bytes of images in memory, and of those that wait for the encoder."""
    height, width = _size(job)
    pixels = height * width
    encoding = encoding_of(job.preset)
    waiting = 2 * min(chunk_length(encoding), job.preset.video.count)
    more = OTHERS_PIXEL.get(encoding.codec, 0)
    return {
        "frames": IMAGES * PIXEL * pixels,
        "encoding": (waiting * encoding.pixel_format.pixel_bytes + ENCODER_PIXEL + more) * pixels
        + ENCODER
        + OTHERS.get(encoding.codec, 0),
    }


def _seconds(job: Job, counts: _Counts, sample: Probe, texture: Texture) -> dict[str, float]:
    work = {
        "dream": counts.dreamed * sample.dream,
        "colour": counts.dreamed * sample.colour,
        ("flow" if job.preset.of_footage else "motion"): counts.rendered * sample.rest,
    }
    frames, both_ways = job.preset.video.count, _ways(job) * texture.encode
    encode = frames * both_ways
    # With cores of its own, the encoder has only the last segment left after the dream.
    if job.start.image.device.type != "cpu" or cores() > torch.get_num_threads():
        encode = max(encode - sum(work.values()), min(frames, counts.chunk) * both_ways)
    films = counts.looped * texture.gif_seconds + counts.stills * texture.still_seconds
    films += frames * texture.deep_seconds
    return {**work, "encoding": frames * texture.convert + encode, "films": films}


def _ways(job: Job) -> int:
    """Times a frame is encoded: intra-only films are reversed without encoding again."""
    return 1 if job.preset.video.kind.intra else 2


def _disk(job: Job, counts: _Counts, sample: Probe, texture: Texture) -> dict[str, float]:
    frames, outputs = job.preset.video.count, job.preset.outputs
    segments = -(-frames // counts.chunk)
    film = segments * texture.first + (frames - segments) * texture.others
    image_bytes = PIXEL * math.prod(_size(job))
    others = [image for image in sample.frame.memory.values() if image is not sample.frame.image]
    # The newest two; the last one holds the frames of a segment that is not full.
    short = frames % counts.chunk * encoding_of(job.preset).pixel_format.pixel_bytes
    checkpoints = min(2, segments) * (1 + len(others)) * image_bytes + short * math.prod(_size(job))
    sound = float(frames / job.preset.video.rate) * BIT_RATE / 8 if job.sound else 0.0
    return {
        "work": _ways(job) * film + checkpoints + counts.leads * image_bytes / 2,
        "films": (1 + outputs.reverse) * (film + sound),
        "loop": counts.looped * texture.gif,
        "stills": counts.stills * texture.still + frames * texture.deep,
    }
