"""Seen: the frames that were dreamed, and which of them a render of a preset would give.

A frame depends on the frame before and on the settings at its moment. So those that were seen
are the film's up to the first one that was dreamed with other settings, and no longer.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from dreamvid.preset.base import Options
from dreamvid.preset.schema import Preset
from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import SOUND, Moment
from dreamvid.studio.desk.times import Times

WITHOUT_EFFECT = frozenset(
    {"title", "about", "outputs", "sound.keep", "start.to"}
    | {f"video.{key}" for key in ("frames", "seconds", "every", "crf", "codec", "depth")}
    | {"video.encoder", "video.dither"}
)
"""Options and tables that no frame depends on, but for the film's length."""

HEARD = frozenset({*SOUND, "beat"})

Value = float | Curve


@dataclass(frozen=True, eq=False)
class Dreamed:
    """Preset that frames are dreamed with, its times, and the size of the preview."""

    preset: Preset
    times: Times
    preview: Hashable = None

    def is_like(self, other: "Dreamed") -> bool:
        same = self.preset is other.preset and self.times == other.times
        return same and self.preview == other.preview


@dataclass(frozen=True)
class Run:
    """Frames in succession that were dreamed with one preset, from `first` on."""

    first: int
    dreamed: Dreamed | None  # None: not known


class Seen:
    """Frames seen, in order; a frame that is dreamed anew takes all later ones away."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self.last = -1
        self._known: tuple[Dreamed, int] | None = None  # the latest answer of `until`

    @property
    def first(self) -> int:
        """Number of the first frame seen; after `last` where there is none."""
        return self._runs[0].first if self._runs else self.last + 1

    def shown(self, frame: int, dreamed: Dreamed) -> None:
        """Take note of a frame that was dreamed."""
        self.drop(frame)
        if not self._runs:
            self.last = min(frame - 1, -1)
        if frame > self.last + 1:
            self._runs.append(Run(self.last + 1, None))
        latest = self._runs[-1].dreamed if self._runs else None
        if latest is None or not latest.is_like(dreamed):
            self._runs.append(Run(frame, dreamed))
        self.last = frame

    def drop(self, frame: int) -> None:
        """Forget the frames from one on."""
        while self._runs and self._runs[-1].first >= frame:
            self._runs.pop()
        self.last = min(self.last, frame - 1)
        if not self._runs:
            self._known, self.last = None, -1
        elif self._known:
            self._known = self._known[0], min(self._known[1], self.last)

    def changed(self, before: Dreamed, after: Dreamed, frame: int) -> None:
        """Take note that a film is another one from a frame on, and only from there."""
        if self._known and self._known[0].is_like(before):
            self._known = after, min(self._known[1], frame - 1)

    def same(self, one: Dreamed, other: Dreamed) -> bool:
        """Test whether all frames of a film are those of another, which may be longer."""
        last = one.times.length.frames - 1
        return _agree(one, other, 0, last) == last

    def until(self, film: Dreamed) -> int:
        """Find the last frame up to which all that were seen are the film's.

        One before `first` where none is. The film is of the size that the last frame was seen at.
        """
        until = self.first - 1
        if self._known:
            before, until = self._known
            until = _agree(before, film, self.first, until)
        for run, end in self._spans():
            if end > until:
                start = max(run.first, until + 1)
                until = _agree(run.dreamed, film, start, end) if run.dreamed else start - 1
                if until < end:
                    break
        self._known = film, until
        return until

    def _spans(self) -> Iterator[tuple[Run, int]]:
        """Yield each run with its last frame."""
        ends = [*(run.first - 1 for run in self._runs[1:]), self.last]
        yield from zip(self._runs, ends, strict=False)


def _agree(one: Dreamed, other: Dreamed, first: int, last: int) -> int:
    """Find the last frame, from `first` to `last`, up to which two presets have the same values."""
    if one.is_like(other):
        return last
    if one.preview != other.preview:
        return first - 1
    if first < 0 and not one.times.loops:
        first = 0  # the start picture does not depend on what moves; another one is shown anew
    pairs = _differing(one, other)
    if pairs is None:
        return min(first - 1, last)
    for frame in range(first, last + 1) if pairs else ():
        if not all(_equal(one, other, *pair, frame) for pair in pairs):
            return frame - 1
    return last


def _differing(one: Dreamed, other: Dreamed) -> list[tuple[Value, Value]] | None:
    """List the schedules that may differ; None where all frames do."""
    first, second = leaves(one.preset), leaves(other.preset)
    if first.keys() != second.keys():
        return None
    same_times = one.times == other.times
    if not same_times and (one.times.loops or one.times.length.fps != other.times.length.fps):
        return None
    pairs: list[tuple[Value, Value]] = []
    for key, value in first.items():
        both = value, second[key]
        scheduled = any(isinstance(one, Curve) for one in both)
        if both[0] == both[1] and (same_times or not scheduled):
            continue
        if not scheduled or not all(isinstance(one, int | float | Curve) for one in both):
            return None
        if not same_times and any(_hears(one) for one in both):
            return None
        pairs.append(both)
    return pairs


def leaves(preset: Preset) -> dict[str, Any]:
    """List all that frames depend on, by key; of the sound only where a schedule hears it."""
    found = dict(_leaves(preset, ""))
    if not any(_hears(value) for value in found.values()):
        return {key: value for key, value in found.items() if not key.startswith("sound.")}
    return found


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if name in WITHOUT_EFFECT:
        return
    if isinstance(value, Options):
        for field in type(value).model_fields:
            yield from _leaves(getattr(value, field), f"{name}.{field}".lstrip("."))
    elif isinstance(value, tuple) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{name}[{number}]")
    else:
        yield name, value


def _hears(value: Any) -> bool:
    return isinstance(value, Curve) and not HEARD.isdisjoint(value.names)


def _equal(one: Dreamed, other: Dreamed, value: Value, second: Value, frame: int) -> bool:
    heard = _hears(value) or _hears(second)
    try:
        return value_at(value, _moment(one, frame, heard)) == value_at(
            second, _moment(other, frame, heard)
        )
    except ValueError:
        return False


def _moment(dreamed: Dreamed, frame: int, heard: bool) -> Moment:
    """Make a frame's moment; of a sound with any levels: what is equal for these always is."""
    moment = dreamed.times.moment(frame)
    if not heard:
        return moment
    rng = Random(moment.frame)
    return replace(moment, sound={name: rng.random() for name in sorted(HEARD)})
