"""Desk: the preset that is being changed, and its history."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from dreamvid.preset.base import flatten
from dreamvid.preset.load import lay_values, read_table
from dreamvid.preset.schema import Preset


@dataclass(frozen=True)
class Version:
    """State of the preset, and the change that led to it."""

    table: dict[str, Any]  # as in a preset's file, paths absolute
    preset: Preset
    change: str  # in words


class Desk:
    """The preset's versions; every change makes a new one.

    Methods raise PresetError, and nothing has changed then.
    """

    def __init__(self) -> None:
        self.name, self.revision, self.recording = "", 0, False
        self.versions: list[Version] = []
        self.now = 0
        self.open("quickstart")

    @property
    def version(self) -> Version:
        return self.versions[self.now]

    @property
    def preset(self) -> Preset:
        return self.version.preset

    @property
    def table(self) -> dict[str, Any]:
        """The preset as JSON, for the worker."""
        return self.preset.model_dump(mode="json", exclude_unset=True)

    @property
    def values(self) -> dict[str, Any]:
        """Every setting by key, defaults included."""
        return flatten(self.preset.model_dump(mode="json"))

    def open(self, name: str) -> None:
        """Open a preset by name."""
        table = read_table(name)
        preset = lay_values(table, [])
        self.versions, self.now = [Version(table, preset, f"open {name}")], 0
        self.name = name
        self.revision += 1

    def set(self, key: str, value: Any) -> None:
        """Set a setting for the whole film."""
        table = deepcopy(self.version.table)
        preset = lay_values(table, [(key, value)])
        del self.versions[self.now + 1 :]
        self.versions.append(Version(table, preset, key))
        self.now += 1
        self.revision += 1

    def undo(self) -> None:
        if self.now:
            self.now -= 1
            self.revision += 1

    def redo(self) -> None:
        if self.now + 1 < len(self.versions):
            self.now += 1
            self.revision += 1
