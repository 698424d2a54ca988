"""The finished files: films joined from their segments, with sound, and the loop and poster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import torch

from dreamvid.device import cores
from dreamvid.errors import ResumeError, VideoError
from dreamvid.folder import RenderFolder, kept_setting
from dreamvid.image import Image
from dreamvid.job import Job
from dreamvid.options import Preset
from dreamvid.pictures.writing import save
from dreamvid.sequence import check_complete
from dreamvid.sound.mux import add_sound
from dreamvid.video.animated import write_loop_gif
from dreamvid.video.codecs import CODECS
from dreamvid.video.hardware import AUTO, SOFTWARE, choose_encoder
from dreamvid.video.segments import chunk_frames, join_forward, join_reverse
from dreamvid.video.writer import Encoding

LOOP, POSTER = "loop.gif", "poster.png"
SUFFIXES = sorted({codec.suffix for codec in CODECS.values()})
FILES = (LOOP, POSTER, *(f"{film}{end}" for film in ("forward", "reverse") for end in SUFFIXES))
"""All names that a finished file may have."""
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
        note(choice.words)
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
    return chunk_frames(encoding.size, encoding.fps, pixel_bytes=encoding.form.pixel_bytes)


def encoders_at_once(encoding: Encoding, device: torch.device) -> int:
    """As many as there are processors for; one where those dream."""
    if device.type == "cpu":
        return 1
    return max(1, min(MOST_ENCODERS, cores() // encoding.threads))


def write_films(job: Job, folder: RenderFolder, encoding: Encoding, last: Image) -> Iterator[Path]:
    """Write and yield forward film, reversed film, loop and poster.

    Raises ResumeError where a segment is damaged, VideoError, OutputError.
    """
    outputs, video, out = job.preset.outputs, job.preset.video, folder.out
    chunks = -(-video.count // chunk_length(encoding))
    closed = job.preset.loop.kind != "none"
    suffix = encoding.kind.suffix
    check_complete(job.preset, out)
    forward, loop, poster = (out / name for name in (f"forward{suffix}", LOOP, POSTER))
    # The way back of a loop is read from the reversed film, so one is made if none is kept.
    wanted = outputs.reverse or (outputs.loop and not closed)
    reverse = out / f"reverse{suffix}" if outputs.reverse else folder.work / f".reverse{suffix}"
    try:
        with _segments_errors():
            join_forward(folder.work, chunks, forward, encoding)
        yield forward
        if wanted:
            with _segments_errors():
                join_reverse(folder.work, chunks, reverse, encoding)
        if outputs.reverse:
            yield reverse
        if outputs.loop:
            pace = Fraction(outputs.loop_fps).limit_denominator(1000)
            way_back = None if closed else reverse
            width, every = outputs.loop_width, video.every
            write_loop_gif(forward, way_back, loop, every=every, fps=pace, width=width)
            yield loop
    finally:
        if not outputs.reverse:
            reverse.unlink(missing_ok=True)
    save(last, poster)
    yield poster
    if job.sound:  # last, so that a sound that fails leaves silent films, and all of them
        add_sound(forward, job.sound, forward)
        if outputs.reverse:
            add_sound(reverse, job.sound, reverse, backwards=True)


@contextmanager
def _segments_errors() -> Iterator[None]:
    try:
        yield
    except VideoError as error:
        cure = "without that file the same command makes it again; --fresh renders the film anew"
        raise ResumeError(f"{error}; {cure}") from None
