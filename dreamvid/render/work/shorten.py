"""Ending a film sooner than it was begun: with the frames that it has so far."""

from collections.abc import Callable
from pathlib import Path

import torch

from dreamvid.errors import ResumeError
from dreamvid.film.timeline import length_dependent
from dreamvid.preset.schema import Preset
from dreamvid.render.work.checkpoint import load
from dreamvid.render.work.folder import LENGTH, RenderFolder, kept_setting


def frames_done(preset: Preset, out: Path, on_message: Callable[[str], None]) -> int | None:
    """Count the frames in `out` of a longer film that are this film's too; None: they are not.

    They are others where the film is a loop, or where schedules depend on its length, of which
    `on_message` tells.
    """
    before = kept_setting(out, LENGTH)
    if not isinstance(before, int) or preset.loop.kind != "none":
        return None
    video = preset.video.model_copy(update={"frames": before})
    if depends := length_dependent(preset, preset.model_copy(update={"video": video})):
        on_message(f"{', '.join(depends)} depends on the film's length, and the frames so far too")
        return None
    try:
        return load(RenderFolder(out).checkpoint, torch.device("cpu")).frame.index + 1
    except ResumeError:
        return None
