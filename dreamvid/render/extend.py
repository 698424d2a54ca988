"""Extend a film from its render folder, as if it had been that long from the start.

record of the render folder -> preset with more frames -> `render_film(longer=True)`
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch

from dreamvid.errors import PresetError, ResumeError
from dreamvid.film.job import LoadModel
from dreamvid.film.resolve import with_video
from dreamvid.film.timeline import length_dependent
from dreamvid.models.weights import store
from dreamvid.preset.schema import Preset
from dreamvid.render.record.finished_render import RUN, read_run
from dreamvid.render.record.provenance import Record, check_record, paths_in
from dreamvid.render.render import Outcome, Progress, render_film
from dreamvid.render.replay import Source, preset_of, threads
from dreamvid.render.work.folder import LENGTH, RenderFolder, kept_setting
from dreamvid.system.digests import unsealed


@dataclass(frozen=True)
class Extension:
    """A planned extension of a film."""

    out: Path
    record: Record
    preset: Preset  # of the longer film
    before: int  # frames of the film so far
    depends: tuple[str, ...]  # options whose values in rendered frames depend on the length

    @property
    def count(self) -> int:
        """Number of frames of the longer film."""
        return self.preset.video.count


def plan(
    out: Path, *, frames: int | None = None, seconds: float | None = None, to: int | None = None
) -> Extension:
    """Plan an extension by `frames` or `seconds`, or up to `to` frames; one that was begun goes on.

    Raises ResumeError where there is no render to resume, or another extension; PresetError where
    the film cannot be extended, or one of its inputs is missing.
    """
    before = kept_setting(out, LENGTH)
    if not isinstance(before, int):
        cure = "render it anew, longer"
        raise ResumeError(f"{out} has no render to go on from, in {out / '.render'} ({cure})")
    source = _source(out)
    old = with_video(preset_of(source, [f"{LENGTH}={before}"]))
    if seconds is not None:
        frames = max(1, round(Fraction(seconds) * old.video.rate))
    count = _count(RenderFolder(out), before, frames, to)
    new = with_video(_without_end(preset_of(source, [f"{LENGTH}={count}"])))
    _check_open(old, new, count)
    return Extension(out, source.record, new, before, length_dependent(old, new))


def extend(
    extension: Extension,
    *,
    device: torch.device,
    on_frame: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    on_message: Callable[[str], None] = lambda message: None,
    load_model: LoadModel = store.load,
) -> Outcome:
    """Render the missing frames, with as many threads as those so far; raises as `render_film`."""
    with threads(extension.record, device):
        return render_film(
            extension.preset,
            extension.out,
            device=device,
            on_frame=on_frame,
            stop=stop,
            on_message=on_message,
            longer=True,
            load_model=load_model,
        )


def _source(out: Path) -> Source:
    """Read the record of the last run, or else of the finished film; raises ResumeError."""
    folder = RenderFolder(out)
    path = folder.job if folder.job.exists() else out / RUN
    cure = " (the command that began the film writes it anew)"
    try:
        table = unsealed(read_run(path, unreadable="", damaged=cure))
    except ValueError:
        raise ResumeError(f"{path} is damaged{cure}") from None
    record = check_record(table, str(path))
    return Source(path, record, None, out, whole=True, places=paths_in(record.preset))


def _count(folder: RenderFolder, before: int, frames: int | None, to: int | None) -> int:
    """Number of frames of the longer film; an extension that was begun is only finished."""
    if to is not None:
        if to < before:
            raise PresetError("--to", f"{to} frames: the film has {before}", "give more")
        return to
    assert frames is not None
    extension = _extension(folder, before)
    if extension is None:
        return before + frames
    by, goal = extension
    if by != frames:
        cure = f"--to {goal} finishes it"
        raise ResumeError(f"{folder.out}: a film of {goal} frames was begun here ({cure})")
    return goal


def _extension(folder: RenderFolder, frames: int) -> tuple[int, int] | None:
    """Read the extension under way: (by how many frames, to how many); None without one.

    Raises ResumeError where its file is damaged.
    """
    if not folder.goal.exists():
        return None
    try:
        goal = unsealed(json.loads(folder.goal.read_text("utf-8")))
        by, to = goal["by"], goal["to"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        cure = f"--to {frames} finishes the film that was begun, --to N makes a longer one"
        raise ResumeError(f"{folder.goal} is damaged ({cure})") from None
    return (by, to) if isinstance(by, int) and frames in (to, to - by) else None


def _without_end(preset: Preset) -> Preset:
    """Lift `start.to`, which was the end of the shorter film."""
    start = preset.start.model_copy(update={"to": None})
    return preset.model_copy(update={"start": start})


def _check_open(old: Preset, new: Preset, count: int) -> None:
    """Raise PresetError for a loop, and for footage that is too short."""
    if old.loop.kind != "none":
        problem = f"{old.loop.kind}: a loop has no end to go on from"
        raise PresetError("loop.kind", problem, "render a longer one into another --out")
    if new.video.count < count:  # footage is never made longer
        problem = f"{count} frames, but the footage has {new.video.count}"
        cure = f"at most --to {new.video.count}"
        if old.video.count == new.video.count:
            cure = "all of it is rendered"
        raise PresetError("start.path", problem, cure)
