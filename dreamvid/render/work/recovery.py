"""Guard a render's work: an encoder check, damaged files, and a checkpoint on failure."""

from collections.abc import Callable
from contextlib import suppress

import torch

from dreamvid.dream.finite import check_finite
from dreamvid.errors import DreamvidError, ResumeError
from dreamvid.film.engine import Frame, Step
from dreamvid.media.video.colour import to_planes
from dreamvid.media.video.writer import Encoding, encode
from dreamvid.preset.schema import Preset
from dreamvid.render.work.checkpoint import Checkpoint, before, load
from dreamvid.render.work.folder import RenderFolder
from dreamvid.render.work.verify import damaged_file
from dreamvid.system.memory import ran_out

LARGE = 2e9  # bytes of segments whose check takes seconds


def try_encoder(folder: RenderFolder, encoding: Encoding) -> None:
    """Encode two frames of the film's size before hours of work; raises VideoError, OutputError."""
    probe = folder.work / f".probe{encoding.kind.segment}"
    grey = to_planes(torch.full((1, 3, *encoding.size), 0.5), encoding.pixel_format)
    try:
        encode([grey, grey], probe, encoding)
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)


def recover(
    folder: RenderFolder, preset: Preset, begin: Checkpoint, on_message: Callable[[str], None]
) -> Checkpoint:
    """Load the newest checkpoint that is intact and whose files are.

    After the two in the folder the film's beginning, `begin`, is the last resort. Calls
    `on_message` with the reason why frames of a resolved preset are rendered again. Raises
    ResumeError where both checkpoints are damaged.
    """
    if not folder.checkpoint.exists():
        return begin
    size = sum(path.stat().st_size for path in folder.work.glob("[fr]??????*.m*"))
    if size > LARGE:
        on_message(f"checking {size / 1e9:.1f} GB of finished segments")
    unread, faults, device = [], [], begin.frame.image.device
    for path in (folder.checkpoint, before(folder.checkpoint)):
        try:
            checkpoint = load(path, device)
            lost = damaged_file(folder.work, preset, checkpoint)
        except ResumeError as error:
            unread.append(error)
            lost = path
        else:
            if lost is None:
                break
        faults.append(f"{lost} is {'damaged' if lost.exists() else 'gone'}")
    else:
        if len(unread) == 2:
            raise unread[0]
        checkpoint = begin
    if faults:
        again = max(0, checkpoint.frame.index + 1)
        on_message(f"{faults[0]}; rendering again from frame {again}")
    return checkpoint


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
