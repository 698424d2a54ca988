"""Encoding of a job's films: encoder, segment length, and encoders that run at once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from dreamvid.film.job import Job
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.hardware import AUTO, SOFTWARE, choose_encoder
from dreamvid.media.video.segments import chunk_frames
from dreamvid.preset.schema import Preset
from dreamvid.render.work.folder import kept_setting
from dreamvid.system.device import cores

MOST_ENCODERS = 8  # at once; each two keep a chunk in memory


def with_encoder(job: Job, out: Path, on_message: Callable[[str], None], *, fresh: bool) -> Job:
    """Resolve a job's encoder to software or libav's name; a resumed render keeps its own.

    Calls `on_message` with the choice where the preset has a codec or an encoder.
    Raises VideoError where the encoder does not work here.
    """
    video = job.preset.video
    previous = None if fresh else kept_setting(out, "video.encoder")
    resumed = previous if previous in (SOFTWARE, *video.kind.hardware) else None
    choice = choose_encoder(encoding_of(job.preset), video.encoder, resumed)
    if video.changed() & {"codec", "encoder"}:
        on_message(choice.message)
    video = video.model_copy(update={"encoder": choice.encoder})
    return replace(job, preset=job.preset.model_copy(update={"video": video}))


def encoding_of(preset: Preset) -> Encoding:
    """Make the encoding of a resolved preset's films."""
    video = preset.video
    assert preset.start.size
    width, height = preset.start.size
    encoder = None if video.encoder in (SOFTWARE, AUTO, video.kind.encoder) else video.encoder
    return Encoding(
        size=(height, width),
        fps=video.rate,
        crf=video.crf,
        codec=video.codec,
        depth=video.depth,
        encoder=encoder,
    )


def chunk_length(encoding: Encoding) -> int:
    """Number of frames in a segment; a film's last one may have fewer."""
    return chunk_frames(encoding.size, encoding.fps, pixel_bytes=encoding.pixel_format.pixel_bytes)


def encoders_at_once(encoding: Encoding, device: torch.device) -> int:
    """Number of encoders to run at once: one on a CPU, whose cores dream."""
    if device.type == "cpu":
        return 1
    return max(1, min(MOST_ENCODERS, cores() // encoding.threads))
