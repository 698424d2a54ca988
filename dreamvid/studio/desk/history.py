"""History of the desk: versions of the preset, to undo and redo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dreamvid.preset.schema import Preset

MOST = 200
"""Versions that are kept."""


@dataclass(frozen=True)
class Content:
    """Preset, as its file has it and as it is read."""

    table: dict[str, Any]  # paths absolute
    preset: Preset


@dataclass(frozen=True)
class Opened:
    """Preset that was opened; a number for each time that one is."""

    number: int
    name: str
    content: Content


@dataclass(frozen=True)
class Pinned:
    """Variant A: a preset that is kept to be compared with."""

    content: Content
    opened: Opened
    revision: int  # when it was pinned


@dataclass(eq=False)
class Version:
    """State of the desk, and the change that led to it. Its content is only replaced whole."""

    content: Content
    opened: Opened
    pinned: Pinned | None
    change: str  # in words
    dreamed: Content | None = None  # the latest of it that the worker could build


class History:
    """Versions in order, and the one that is current."""

    def __init__(self, versions: Sequence[Version] = (), now: int = -1) -> None:
        self.versions, self.now = [*versions], now

    @property
    def version(self) -> Version:
        return self.versions[self.now]

    @property
    def undo_words(self) -> str | None:
        return self.version.change if self.now > 0 else None

    @property
    def redo_words(self) -> str | None:
        later = self.versions[self.now + 1 :]
        return later[0].change if later else None

    def push(self, version: Version, *, instead: bool = False) -> Version:
        """Add a version after the current one, or instead of it; what was undone is gone."""
        del self.versions[self.now + 1 :]
        if instead and self.now > 0:
            # The same object, which changes that were recorded but not yet seen refer to.
            current = self.version
            current.content, current.change = version.content, version.change
            return current
        self.versions = [*self.versions, version][-MOST:]
        self.now = len(self.versions) - 1
        return version

    def undo(self) -> bool:
        """Go back to the version before; False where there is none."""
        self.now -= (moved := self.now > 0)
        return moved

    def redo(self) -> bool:
        """Go to the version after; False where there is none."""
        self.now += (moved := self.now + 1 < len(self.versions))
        return moved

    def drop(self) -> bool:
        """Take the current version back, for good, as it cannot be dreamed.

        False where it was dreamed before, or where no earlier one was: then a change is not to
        blame, but perhaps a file that is gone, and going back would only lose more.
        """
        current = self.version
        if current.dreamed is current.content:
            return False
        if current.dreamed:
            current.content = current.dreamed
            return True
        if not any(version.dreamed for version in self.versions[: self.now]):
            return False
        del self.versions[self.now :]
        self.now -= 1
        return True

    def rename(self, opened: Opened, name: str) -> None:
        """Name the preset of all versions that were opened together."""
        renamed = replace(opened, name=name)
        for version in self.versions:
            if version.opened is opened:
                version.opened = renamed
