"""Guard a render's work: an encoder check, lost segments, and a checkpoint on failure."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import torch

from dreamvid.dream.finite import check_finite
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
    """Encode two frames of the film's size before hours of work; raises VideoError, OutputError."""
    probe = folder.work / f".probe{encoding.kind.segment}"
    grey = to_planes(torch.full((1, 3, *encoding.size), 0.5), encoding.pixel_format)
    try:
        encode([grey, grey], probe, encoding)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def complete(
    folder: RenderFolder,
    resumed: Checkpoint,
    begin: Checkpoint,
    encoding: Encoding,
    on_message: Callable[[str], None],
) -> Checkpoint:
    """Return `resumed`, or an earlier checkpoint where one of its segments is missing.

    The film's beginning, `begin`, is the last resort. Calls `on_message` with the reason why frames
    are rendered again.
    """
    length = chunk_length(encoding)
    done = resumed.frame.index + 1 - len(resumed.pending)
    chunks = -(-done // length) if done > 0 else 0
    lost = sorted((path.name[1:], path) for path in _missing(folder, chunks, encoding))
    if not lost:
        return resumed
    first = int(lost[0][1].stem[1:]) * length
    earlier = folder.earlier(resumed.frame.image.device, first) or begin
    again = max(0, earlier.frame.index + 1)
    on_message(f"{lost[0][1]} is gone; rendering again from frame {again}")
    return earlier


def has_segments(folder: RenderFolder, last: Frame, encoding: Encoding) -> bool:
    """Check that the segments of the film's last frame exist."""
    chunks = last.index // chunk_length(encoding) + 1
    return not any(_missing(folder, chunks, encoding, first=chunks - 1))


def _missing(
    folder: RenderFolder, chunks: int, encoding: Encoding, *, first: int = 0
) -> Iterator[Path]:
    """List the missing or empty segments of chunks `first` to `chunks` - 1."""
    files = forward_files(folder.work, chunks, encoding.kind)[first:]
    if not encoding.kind.intra:
        files += reverse_files(folder.work, chunks, encoding.kind)[: chunks - first]
    return (path for path in files if not _has_bytes(path))


def _has_bytes(path: Path) -> bool:
    with suppress(OSError):
        return path.stat().st_size > 0
    return False


def with_rescue(step: Step, rescue: Callable[[], None]) -> Step:
    """Wrap a step so that `rescue` is called where it fails or gives a frame with NaN.

    The wrapped step raises DreamvidError naming the frame where memory ran out or it is NaN.
    """

    def step_or_rescue(frame: Frame) -> Frame:
        try:
            following = step(frame)
            _check_finite(following)
        except Exception as error:
            with suppress(DreamvidError, OSError, MemoryError, RuntimeError):
                rescue()
            if (reason := _reason(error)) is None:
                raise
            kept = "what was done before it is kept"
            raise DreamvidError(f"frame {frame.index + 1}: {reason}; {kept}") from None
        return following

    return step_or_rescue


def _check_finite(frame: Frame) -> None:
    for image in {id(image): image for image in (frame.image, *frame.memory.values())}.values():
        if image.is_floating_point():
            check_finite(image)


def _reason(error: Exception) -> str | None:
    """Describe a failure of the dream or of memory; None for other errors."""
    if type(error) is DreamvidError:
        return str(error)
    if ran_out(error):
        return "out of memory; the same command goes on when more is free"
    return None
