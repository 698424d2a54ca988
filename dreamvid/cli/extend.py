"""`dreamvid extend`: make a rendered film longer."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import Device
from dreamvid.cli.terminal.console import note, say
from dreamvid.cli.terminal.finished import say_finished
from dreamvid.cli.terminal.frame_progress import frame_progress
from dreamvid.cli.terminal.stopping import stop_signals
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    from dreamvid.render.extend import Extension
    from dreamvid.render.render import Progress


def extend(
    folder: Annotated[Path, Argument(help="of a render, finished or stopped")],
    frames: Annotated[int | None, Option(min=1, help="so many more")] = None,
    seconds: Annotated[float | None, Option(help="so much more, instead of frames")] = None,
    to: Annotated[int | None, Option(min=1, help="so many frames in all, instead")] = None,
    device: Device = "auto",
) -> None:
    """Make a film longer, as if it had been that long from the start."""
    lengths = [value for value in (frames, seconds, to) if value is not None]
    if len(lengths) != 1:
        raise PresetError("--frames", "how much longer?", "give one of --frames, --seconds, --to")
    if seconds is not None and not 0 < seconds <= 1e6:
        raise PresetError("--seconds", f"{seconds:g} should be above 0, at most a million")

    from dreamvid.monitor.observer import Observer
    from dreamvid.render import extend as longer
    from dreamvid.render.replay import device_of

    plan = longer.plan(folder, frames=frames, seconds=seconds, to=to)
    picked = device_of(plan.record, device)
    _say_plan(plan, picked.type)
    command = shlex.join(["dreamvid", "extend", str(folder), "--to", str(plan.count)])
    observer = Observer(plan.preset, folder, command=command)
    with stop_signals() as stop, frame_progress() as show, observer:

        def on_frame(progress: "Progress") -> None:
            show(progress)
            observer.on_frame(progress)

        outcome = longer.extend(plan, device=picked, on_frame=on_frame, stop=stop, on_message=say)
        report = observer.finish(outcome)
    say_finished(outcome, plan.preset.video.rate, report)


def _say_plan(plan: "Extension", device: str) -> None:
    preset, count = plan.preset, plan.count
    frames = f"{count}" if count == plan.before else f"{plan.before} -> {count}"
    say(f"{preset.title or plan.out}: {frames} frames by {preset.model} on {device}")
    if plan.depends:
        options = ", ".join(plan.depends)
        goes_on = "from here on by the new one, so a film of that length in one go would differ"
        note(f"{options} depends on the film's length: {goes_on}")
