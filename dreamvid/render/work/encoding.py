"""How a job's films are encoded: encoder, segment length, encoders at work at once."""

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

MOST_ENCODERS = 8  # at a time; each two keep a chunk in memory


def with_encoder(job: Job, out: Path, note: Callable[[str], None], *, fresh: bool) -> Job:
    """The encoder spelled out: software or libav's name, as a render that is gone on with has it.

    Args:
        note: told which it is, where the preset says anything of it.

    Raises VideoError where it does not work here.
    """
    video = job.preset.video
    kept = None if fresh else kept_setting(out, "video.encoder")
    ours = kept if kept in (SOFTWARE, *video.kind.hardware) else None
    choice = choose_encoder(encoding_of(job.preset), video.encoder, ours)
    if video.changed() & {"codec", "encoder"}:
        note(choice.message)
    named = video.model_copy(update={"encoder": choice.encoder})
    return replace(job, preset=job.preset.model_copy(update={"video": named}))


def encoding_of(preset: Preset) -> Encoding:
    """How a resolved preset's films are encoded."""
    video = preset.video
    assert preset.start.size
    width, height = preset.start.size
    named = None if video.encoder in (SOFTWARE, AUTO, video.kind.encoder) else video.encoder
    return Encoding(
        size=(height, width),
        fps=video.rate,
        crf=video.crf,
        codec=video.codec,
        depth=video.depth,
        encoder=named,
    )


def chunk_length(encoding: Encoding) -> int:
    """Frames in a segment, but for a film's last."""
    return chunk_frames(encoding.size, encoding.fps, pixel_bytes=encoding.pixel_format.pixel_bytes)


def encoders_at_once(encoding: Encoding, device: torch.device) -> int:
    """As many as there are processors for; one where those dream."""
    if device.type == "cpu":
        return 1
    return max(1, min(MOST_ENCODERS, cores() // encoding.threads))
