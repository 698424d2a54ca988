"""Write the finished files: films joined from segments, with sound, the loop and the poster."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import ResumeError, VideoError
from dreamvid.film.job import Job
from dreamvid.image import Bytes, from_bytes
from dreamvid.media.animated.gif import write_loop_gif
from dreamvid.media.audio.mux import add_sound
from dreamvid.media.images.writing import save
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.segments import join_forward, join_reverse
from dreamvid.media.video.writer import Encoding
from dreamvid.render.work.encoding import chunk_length
from dreamvid.render.work.folder import RenderFolder
from dreamvid.render.work.frame_files import check_complete

LOOP, POSTER = "loop.gif", "poster.png"
SUFFIXES = sorted({codec.suffix for codec in CODECS.values()})
FILES = (LOOP, POSTER, *(f"{film}{end}" for film in ("forward", "reverse") for end in SUFFIXES))
"""Names of all files that a render may finish."""


def write_films(job: Job, folder: RenderFolder, encoding: Encoding, still: Bytes) -> Iterator[Path]:
    """Write and yield the forward film, the reversed film, the loop and the poster, `still`.

    Raises ResumeError where a segment is damaged, VideoError, OutputError.
    """
    outputs, video, out = job.preset.outputs, job.preset.video, folder.out
    chunks = -(-video.count // chunk_length(encoding))
    closed = job.preset.loop.kind != "none"
    suffix = encoding.kind.suffix
    check_complete(job.preset, out)
    forward, loop, poster = (out / name for name in (f"forward{suffix}", LOOP, POSTER))
    # A loop's second half is read from the reversed film, so one is made even if none is kept.
    needs_reverse = outputs.reverse or (outputs.loop and not closed)
    reverse = out / f"reverse{suffix}" if outputs.reverse else folder.work / f".reverse{suffix}"
    try:
        with _damaged_segments():
            join_forward(folder.work, chunks, forward, encoding)
        yield forward
        if needs_reverse:
            with _damaged_segments():
                join_reverse(folder.work, chunks, reverse, encoding)
        if outputs.reverse:
            yield reverse
        if outputs.loop:
            pace = Fraction(outputs.loop_fps).limit_denominator(1000)
            second_half = None if closed else reverse
            width, every = outputs.loop_width, video.every
            write_loop_gif(forward, second_half, loop, every=every, fps=pace, width=width)
            yield loop
    finally:
        if not outputs.reverse:
            reverse.unlink(missing_ok=True)
    save(from_bytes(still), poster)
    yield poster
    if job.sound:  # last: where it cannot be muxed, all films are there without it
        add_sound(forward, job.sound, forward, start=job.sound_start)
        if outputs.reverse:
            add_sound(reverse, job.sound, reverse, backwards=True, start=job.sound_start)


@contextmanager
def _damaged_segments() -> Iterator[None]:
    """Raise ResumeError with its cure for a segment that cannot be joined."""
    try:
        yield
    except VideoError as error:
        cure = "the same command tries again; --fresh renders the film anew"
        raise ResumeError(f"{error}; {cure}") from None
