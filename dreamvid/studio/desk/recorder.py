"""Recorder: changes written as keyframes at the frame from which they were dreamed.

A change is recorded from the frame that comes next. The worker may have begun that frame
already, and dreams with the change from a later one on: the keyframe then moves there, so that
the film is what was seen.
"""

from dataclasses import dataclass, replace

from dreamvid.errors import PresetError
from dreamvid.studio.desk.edit import record_value
from dreamvid.studio.desk.history import Content, Version
from dreamvid.studio.desk.keyframes import Moments
from dreamvid.studio.desk.keys import Parts


@dataclass(frozen=True)
class Change:
    """Recorded change, and what came of it."""

    revision: int
    path: Parts
    value: float | str
    frame: int
    version: Version
    after: Content


class Recorder:
    """Changes that were recorded and not yet seen, in order."""

    def __init__(self) -> None:
        self._before: Content | None = None  # the first of them
        self._changes: list[Change] = []

    def add(self, change: Change, before: Content) -> None:
        if not self._changes:
            self._before = before
        self._changes.append(change)

    @property
    def first(self) -> int:
        """First frame that a change of these has an effect on."""
        return min((change.frame for change in self._changes), default=0)

    def clear(self) -> None:
        """Forget the changes; their keyframes stay where they are."""
        self._changes = []

    def seen(self, frame: int, revision: int, moments: Moments) -> bool:
        """Take note that a frame was dreamed at a revision; True where a keyframe has moved."""
        taken = [change for change in self._changes if change.revision <= revision]
        if not taken:
            return False
        moved = any(change.frame < frame for change in taken)
        if moved:
            try:
                self._move(len(taken), frame, moments)
            except PresetError:  # more keyframes than there may be
                self.clear()
                return False
        self._before = self._changes[len(taken) - 1].after
        del self._changes[: len(taken)]
        return moved

    def _move(self, taken: int, frame: int, moments: Moments) -> None:
        """Record anew, the first `taken` changes from `frame` on, the others later."""
        assert self._before
        content = self._before
        changes: list[Change] = []
        for number, change in enumerate(self._changes):
            at = max(change.frame, frame if number < taken else frame + 1)
            content = record_value(content, change.path, change.value, at, moments)
            changes.append(replace(change, frame=at, after=content))
        self._changes = changes
        for change in changes:
            change.version.content = change.after
