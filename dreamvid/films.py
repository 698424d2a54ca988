"""The finished files: films joined from their segments, with sound, and the loop and poster."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import ResumeError, VideoError
from dreamvid.folder import RenderFolder
from dreamvid.image import Image
from dreamvid.job import Job
from dreamvid.pictures.writing import save
from dreamvid.sound.mux import add_sound
from dreamvid.video.animated import write_loop_gif
from dreamvid.video.segments import chunk_frames, forward_files, reverse_files
from dreamvid.video.writer import Encoding, join

FILES = FORWARD, REVERSE, LOOP, POSTER = "forward.mp4", "reverse.mp4", "loop.gif", "poster.png"


def write_films(job: Job, folder: RenderFolder, encoding: Encoding, last: Image) -> Iterator[Path]:
    """Write and yield forward film, reversed film, loop and poster.

    Raises ResumeError where a segment is damaged, VideoError, OutputError.
    """
    outputs, video, out = job.preset.outputs, job.preset.video, folder.out
    chunks = -(-video.count // chunk_frames(encoding.size, encoding.fps))
    closed = job.preset.loop.kind != "none"
    forward, loop, poster = (out / name for name in (FORWARD, LOOP, POSTER))
    # The way back of a loop is read from the reversed film, so one is made if none is kept.
    wanted = outputs.reverse or (outputs.loop and not closed)
    reverse = out / REVERSE if outputs.reverse else folder.work / ".reverse.mp4.partial"
    try:
        _join(forward_files(folder.work, chunks), forward, encoding.fps)
        yield forward
        if wanted:
            _join(reverse_files(folder.work, chunks), reverse, encoding.fps)
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


def _join(segments: list[Path], film: Path, fps: Fraction) -> None:
    try:
        join(segments, film, fps)
    except VideoError as error:
        raise ResumeError(f"{error}; --fresh renders the film anew") from None
