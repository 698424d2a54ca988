"""What keeps a render from losing work: checks before it, and what is kept where it fails."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import torch

from dreamvid.errors import DreamvidError
from dreamvid.film.engine import Frame, Step
from dreamvid.media.video.colour import to_planes
from dreamvid.media.video.segments import forward_files, reverse_files
from dreamvid.media.video.writer import Encoding, encode
from dreamvid.render.work.checkpoint import Checkpoint
from dreamvid.render.work.encoding import chunk_length
from dreamvid.render.work.folder import RenderFolder
from dreamvid.system.memory import ran_out


def try_encoder(folder: RenderFolder, encoding: Encoding) -> None:
    """Encode two pictures of the film's size where its segments will be.

    Raises VideoError or OutputError, before hours of work.
    """
    probe = folder.work / f".probe{encoding.kind.segment}"
    grey = to_planes(torch.full((1, 3, *encoding.size), 0.5), encoding.pixel_format)
    try:
        encode([grey, grey], probe, encoding)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def complete(
    folder: RenderFolder,
    kept: Checkpoint,
    begin: Checkpoint,
    encoding: Encoding,
    note: Callable[[str], None],
) -> Checkpoint:
    """`kept`, or where to go back to if a segment that it speaks for is not there any more.

    Args:
        begin: of the film.
        note: told why frames are rendered once more.
    """
    length = chunk_length(encoding)
    done = kept.frame.index + 1 - len(kept.pending)
    chunks = -(-done // length) if done > 0 else 0
    lost = sorted((path.name[1:], path) for path in _gone(folder, chunks, encoding))
    if not lost:
        return kept
    first = int(lost[0][1].stem[1:]) * length
    again = folder.earlier(kept.frame.image.device, first) or begin
    note(f"{lost[0][1]} is gone; rendering again from frame {max(0, again.frame.index + 1)}")
    return again


def is_kept(folder: RenderFolder, last: Frame, encoding: Encoding) -> bool:
    """Whether the segments that the film's last frame is in are there."""
    chunks = last.index // chunk_length(encoding) + 1
    return not any(_gone(folder, chunks, encoding, first=chunks - 1))


def _gone(
    folder: RenderFolder, chunks: int, encoding: Encoding, *, first: int = 0
) -> Iterator[Path]:
    """The segments of chunks `first` to `chunks` - 1 that are not there any more."""
    files = forward_files(folder.work, chunks, encoding.kind)[first:]
    if not encoding.kind.intra:
        files += reverse_files(folder.work, chunks, encoding.kind)[: chunks - first]
    return (path for path in files if not _there(path))


def _there(path: Path) -> bool:
    with suppress(OSError):
        return path.stat().st_size > 0
    return False


def guarded(step: Step, rescue: Callable[[], None]) -> Step:
    """The step, which has `rescue` keep the last good frame where the next one fails.

    Raises DreamvidError naming the frame where memory ran out or it is not a number.
    """

    def checked(frame: Frame) -> Frame:
        try:
            following = step(frame)
            _check_finite(following)
        except Exception as error:
            with suppress(DreamvidError, OSError, MemoryError, RuntimeError):
                rescue()
            if (words := _in_words(error)) is None:
                raise
            kept = "what was done before it is kept"
            raise DreamvidError(f"frame {frame.index + 1}: {words}; {kept}") from None
        return following

    return checked


def _check_finite(frame: Frame) -> None:
    for image in {id(image): image for image in (frame.image, *frame.memory.values())}.values():
        if image.is_floating_point() and not bool(torch.isfinite(image).all()):
            raise DreamvidError(
                "is no longer a number (NaN); try a smaller dream.step_size or other dream.layers"
            )


def _in_words(error: Exception) -> str | None:
    """What failed, where it is the dream's fault or memory's."""
    if type(error) is DreamvidError:
        return str(error)
    if ran_out(error):
        return "out of memory; the same command goes on when more is free"
    return None
