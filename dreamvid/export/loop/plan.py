"""Length and number of rounds of a loop within a target's limit: a loop that is cut is none."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Literal

import numpy as np

from dreamvid.errors import PresetError
from dreamvid.export.job import plan_export
from dreamvid.export.loop.kinds import check_fade
from dreamvid.export.request import ExportRequest
from dreamvid.image import Bytes
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Target

Kind = Literal["ping-pong", "cross-fade", "repeat"]

FADE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class LoopPlan:
    """The part of a film to use, and how often to play its loop."""

    kind: Kind
    count: int  # frames of the film that it is made of, from the first on
    fade: int = 0  # frames that a cross-fade dissolves
    times: int  # rounds
    changes: tuple[str, ...] = ()  # concessions to the target, a line each

    @property
    def round(self) -> int:
        """Number of frames in one round."""
        doubled = self.kind == "ping-pong" and self.count > 2
        return 2 * self.count - 2 if doubled else self.count - self.fade


def plan_loop(
    film: Pictures,
    kind: Kind,
    out: Path,
    *,
    times: int | None = None,
    seconds: float | None = None,
    target: Target | None = None,
    request: ExportRequest | None = None,
) -> LoopPlan:
    """Plan the longest loop that the target takes, dropping rounds first, then the film's end.

    Args:
        film: its frames are not read, so it may be a `placeholder`.
        out: the output path, for its format.
        times: rounds; None: one, or two of "repeat", which shows the film as it is.
        seconds: duration of a cross-fade; None: one second, or a quarter of a short film.

    Raises PresetError for what the film, the format or the target does not have.
    """
    output_fps = plan_export(film, out, target, request or ExportRequest()).film.fps
    fade = _fade(film, seconds) if kind == "cross-fade" else 0
    rounds = times or (2 if kind == "repeat" else 1)
    plan = LoopPlan(kind=kind, count=film.count, fade=fade, times=rounds)
    if target is None or target.seconds is None:
        return plan
    most = _max_frames(film.fps, output_fps, target.seconds[1])
    fitting = max(1, min(rounds, most // plan.round))
    takes = f"{target.name} takes {float(target.seconds[1]):g} seconds at most"
    if fitting < rounds:
        plan = replace(plan, times=fitting, changes=(f"rounds {rounds} -> {fitting}: {takes}",))
    return plan if plan.round <= most else _shorten(plan, film, most, takes)


def _shorten(plan: LoopPlan, film: Pictures, most: int, takes: str) -> LoopPlan:
    """Loop only the film's beginning, once; raises PresetError where that would be no loop."""
    if plan.kind == "repeat":
        problem = f"{takes}, and one round has {_seconds(film.count, film)}"
        cure = f"--kind ping-pong or cross-fade loops its beginning; of a preset --frames {most}"
        raise PresetError("--for", problem, cure)
    if plan.fade > most:
        problem = f"{takes}, and the cross-fade alone has {_seconds(plan.fade, film)}"
        raise PresetError("--seconds", problem, f"up to {_seconds(most, film)}")
    count = most // 2 + 1 if plan.kind == "ping-pong" else most + plan.fade
    change = f"made of the first {_seconds(count, film)} of {_seconds(film.count, film)} seconds"
    cure = " (--kind cross-fade shows more of it)" if plan.kind == "ping-pong" else ""
    return replace(plan, count=count, changes=(*plan.changes, f"{change}: {takes}{cure}"))


def _fade(film: Pictures, seconds: float | None) -> int:
    """Number of frames of a cross-fade; raises PresetError where the film is too short for it."""
    if seconds is None:
        seconds = min(FADE_SECONDS, float(film.seconds) / 4)
    frames = max(1, round(seconds * film.fps))
    check_fade(film, frames)
    return frames


def _max_frames(fps: Fraction, output_fps: Fraction, longest: Fraction) -> int:
    """The most frames at `fps` that last at most `longest` seconds at the output rate.

    `timing.at_rate` rounds the number of output frames to the nearest.
    """
    most = floor(longest * output_fps)
    return ceil((most + Fraction(1, 2)) * fps / output_fps) - 1


def _seconds(count: int, film: Pictures) -> str:
    return f"{float(count / film.fps):.4g}"


def placeholder(count: int, fps: Fraction) -> Pictures:
    """Stand in for a film not rendered yet: of its length and rate, but small and black."""

    def read() -> Generator[Bytes, None, None]:
        for _ in range(count):
            yield np.zeros((64, 64, 3), np.uint8)

    return Pictures(read=read, size=(64, 64), fps=fps, count=count)
