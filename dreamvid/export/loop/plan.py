"""How much of a film becomes a loop, and how many rounds of it: a loop that is cut is none."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Literal

import numpy as np

from dreamvid.errors import PresetError
from dreamvid.export.job import order
from dreamvid.export.loop.kinds import check_fade
from dreamvid.export.request import Wishes
from dreamvid.image import Bytes
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Target

Kind = Literal["ping-pong", "cross-fade", "repeat"]

FADE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class LoopPlan:
    kind: Kind
    count: int  # pictures of the film that it is made of, from the first on
    fade: int = 0  # pictures that a cross-fade dissolves
    times: int  # rounds
    changes: tuple[str, ...] = ()  # what was given up for the target, a line each

    @property
    def round(self) -> int:
        """Pictures in one round."""
        there_and_back = self.kind == "ping-pong" and self.count > 2
        return 2 * self.count - 2 if there_and_back else self.count - self.fade


def plan_loop(
    film: Pictures,
    kind: Kind,
    out: Path,
    *,
    times: int | None = None,
    seconds: float | None = None,
    target: Target | None = None,
    wishes: Wishes | None = None,
) -> LoopPlan:
    """The longest loop that the target takes: first rounds are given up, then the film's end.

    Args:
        film: its pictures are not read, so it may be one that is yet to be rendered.
        out: the file that is to be written; nothing is yet.
        times: rounds; None: one, or two of "repeat", which shows the film as it is.
        seconds: how long a cross-fade takes; None: one, or less of a short film.

    Raises PresetError for what the film, the format or the target does not have.
    """
    shown = order(film, out, target, wishes or Wishes()).film.fps
    fade = _fade(film, seconds) if kind == "cross-fade" else 0
    rounds = times or (2 if kind == "repeat" else 1)
    plan = LoopPlan(kind=kind, count=film.count, fade=fade, times=rounds)
    if target is None or target.seconds is None:
        return plan
    room = _room(film.fps, shown, target.seconds[1])
    fitting = max(1, min(rounds, room // plan.round))
    takes = f"{target.name} takes {float(target.seconds[1]):g} seconds at most"
    if fitting < rounds:
        plan = replace(plan, times=fitting, changes=(f"rounds {rounds} -> {fitting}: {takes}",))
    return plan if plan.round <= room else _shorter(plan, film, room, takes)


def _shorter(plan: LoopPlan, film: Pictures, room: int, takes: str) -> LoopPlan:
    """One round of the film's beginning; raises PresetError where that would be no loop."""
    if plan.kind == "repeat":
        problem = f"{takes}, and one round has {_seconds(film.count, film)}"
        cure = f"--kind ping-pong or cross-fade loops its beginning; of a preset --frames {room}"
        raise PresetError("--for", problem, cure)
    if plan.fade > room:
        problem = f"{takes}, and the cross-fade alone has {_seconds(plan.fade, film)}"
        raise PresetError("--seconds", problem, f"up to {_seconds(room, film)}")
    count = room // 2 + 1 if plan.kind == "ping-pong" else room + plan.fade
    of = f"made of the first {_seconds(count, film)} of {_seconds(film.count, film)} seconds"
    cure = " (--kind cross-fade shows more of it)" if plan.kind == "ping-pong" else ""
    return replace(plan, count=count, changes=(*plan.changes, f"{of}: {takes}{cure}"))


def _fade(film: Pictures, seconds: float | None) -> int:
    """The pictures of a cross-fade; raises PresetError where the film has no room for it."""
    if seconds is None:
        seconds = min(FADE_SECONDS, float(film.seconds) / 4)
    frames = max(1, round(seconds * film.fps))
    check_fade(film, frames)
    return frames


def _room(fps: Fraction, shown: Fraction, longest: Fraction) -> int:
    """The most pictures at `fps` that last no longer once they are shown at another rate.

    That rate's pictures are as many as `timing.at_rate` makes of them: the nearest number.
    """
    most = floor(longest * shown)
    return ceil((most + Fraction(1, 2)) * fps / shown) - 1


def _seconds(count: int, film: Pictures) -> str:
    return f"{float(count / film.fps):.4g}"


def unmade(count: int, fps: Fraction) -> Pictures:
    """A film that is yet to be rendered: of its length and rate, but small and black."""

    def read() -> Generator[Bytes, None, None]:
        for _ in range(count):
            yield np.zeros((64, 64, 3), np.uint8)

    return Pictures(read=read, size=(64, 64), fps=fps, count=count)
