"""The last lines of a render."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.cli.terminal.console import say
from dreamvid.cli.terminal.units import duration, file_size
from dreamvid.errors import Stopped

if TYPE_CHECKING:
    from dreamvid.render.render import Outcome


def check_finished(outcome: "Outcome") -> None:
    """Raise Stopped for an unfinished render."""
    if not outcome.finished:
        done = f"{outcome.frames} of {outcome.count} frames are done"
        raise Stopped(f"stopped; {done}, and the same command goes on from there")


def say_finished(outcome: "Outcome", rate: Fraction, report: Path | None) -> None:
    """Print a render's length, by its frames a second, and its files; raises Stopped."""
    check_finished(outcome)
    say(f"{outcome.count} frames, {duration(float(outcome.count / rate))} of film")
    for path in (*outcome.files, report) if report else outcome.files:
        say(f"{path}  {file_size(path.stat().st_size)}")
