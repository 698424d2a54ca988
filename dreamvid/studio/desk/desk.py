"""Desk: the preset that is being changed, and its history.

    the preset    set, set_all, reset, undo, redo, open, load, save
    over time     record, set_keyframe, move_keyframe, delete_keyframe, thin_keyframes, fix_setting
    variants      pin, swap, unpin
    the worker    built, shown, revert: what it reports about a revision

Frames are those of the film; `frame` of `set` is the next one to be dreamed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dreamvid.errors import PresetError
from dreamvid.preset.load import check
from dreamvid.studio.desk import keyframes
from dreamvid.studio.desk.core import Core
from dreamvid.studio.desk.edit import (
    record_value,
    reset_value,
    set_over_time,
    set_value,
    set_values,
)
from dreamvid.studio.desk.files import check_files
from dreamvid.studio.desk.history import Content, Pinned
from dreamvid.studio.desk.keys import Parts, bounds_of, read_key
from dreamvid.studio.desk.recorder import Change
from dreamvid.studio.desk.thinning import thin

LONGER = 10  # seconds


class Desk(Core):
    """The preset's versions; every change makes a new one.

    Methods raise DreamvidError, mostly PresetError with the setting's key, and then nothing has
    changed. `folder` is the studio's; it need not be there.
    """

    def __init__(
        self, folder: Path = Path("studio"), *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(folder, clock)
        self.open("quickstart")

    # Changes of the preset

    def set(self, key: str, value: Any, frame: int = 0) -> None:
        """Set a setting for the whole film; while recording, from a frame on."""
        if self.recording:
            self._record(key, value, frame)
        else:
            content = set_value(self.version.content, read_key(key), value)
            self._change(content, _words(key, value), f"set {key}")

    def set_all(self, values: Mapping[str, Any]) -> None:
        """Set settings for the whole film, all or none of them, as one change."""
        if self.recording:
            raise PresetError(", ".join(values), "cannot change over the film", "stop recording")
        content = set_values(self.version.content, {read_key(k): v for k, v in values.items()})
        self._change(content, ", ".join(key.rpartition(".")[2] for key in values)[:60])

    def reset(self, key: str) -> None:
        """Give a setting back what it had when the preset was opened, or else its default."""
        opened = self.version.opened.content
        content = reset_value(self.version.content, opened, read_key(key))
        self._change(content, f"reset {_short(key)}")

    def undo(self) -> None:
        """Take back the latest change; nothing happens where there is none."""
        if self.history.undo():
            self._moved()

    def redo(self) -> None:
        """Make again the change that was taken back last."""
        if self.history.redo():
            self._moved()

    def open(self, name: str, values: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Open a preset, shipped or saved, by name; `values`: settings that it has not, by key."""
        content = _read(self.presets.read(name))
        self._disk[name] = content.preset
        if values:
            content = set_values(content, {read_key(k): v for k, v in values.items()})
            check_files(content.preset, self.folder, self._disk[name])
        self._open(name, content)

    def load(self, name: str, table: Mapping[str, Any], *, trusted: bool = False) -> None:
        """Open a preset's table, under a name. Paths are absolute.

        `trusted`: the user named it on the command line, or a film of the studio's own has it;
        otherwise it is refused where it names files that are not in the studio's folder.
        """
        content = _read(dict(table))
        if not trusted:
            check_files(content.preset, self.folder)
        self._open(name, content)

    def save(self, name: str, *, overwrite: bool = False, preview: Sequence[str] = ()) -> None:
        """Save the preset under a name; `preview`: settings that give the frames seen."""
        note = " ".join(("made in the studio; seen with", *(f"--set {one}" for one in preview)))
        note = note if preview else "made in the studio"
        name = self.presets.save(name, self.preset, note, overwrite=overwrite)
        self.history.rename(self.version.opened, name)
        self._disk[name] = self.preset

    def lengthen(self) -> bool:
        """Make the film as long again, by LONGER seconds at least, in the current version.

        False where it has its footage's length, or where a frame before its end would be another.
        """
        version, length = self.version, self.times.length
        if self.preset.of_footage:
            return False
        more = max(length.frames, round(LONGER * length.fps))
        content = set_values(version.content, {read_key("video.frames"): length.frames + more})
        if not self.seen.same(self._dreamed(self.preset), self._dreamed(content.preset)):
            return False
        version.content = content
        self._count()
        return True

    # Changes over time

    def record(self, on: bool) -> None:
        """Begin or end to record changes as keyframes."""
        self.recording = on

    def set_keyframe(self, key: str, frame: int, value: float | str, ease: str) -> None:
        """Add or change a keyframe."""
        keyframe = keyframes.Keyframe(max(0, frame), value, ease)
        self._over_time("keyframe of", key, keyframes.set_key, keyframe)

    def move_keyframe(self, key: str, frame: int, to: int) -> None:
        """Move a keyframe to another frame."""
        self._over_time("move keyframe of", key, keyframes.move_key, frame, max(0, to))

    def delete_keyframe(self, key: str, frame: int) -> None:
        """Remove a keyframe; with its last one a setting is constant again."""
        self._over_time("delete keyframe of", key, keyframes.delete_key, frame)

    def thin_keyframes(self, key: str) -> None:
        """Replace recorded keyframes by fewer, near them."""
        self._over_time("thin", key, thin)

    def fix_setting(self, key: str, frame: int) -> None:
        """Make a setting constant, at its value in a frame."""
        self._over_time("fix", key, keyframes.fix, frame)

    # Variants

    def pin(self) -> None:
        """Keep the preset as variant A."""
        version = self.version
        pinned = Pinned(version.content, version.opened, self.revision)
        self._push(version.content, "pin", (version.opened, pinned))

    def swap(self) -> None:
        """Exchange variant A and the preset; raises PresetError where there is no A."""
        version = self.version
        if version.pinned is None:
            raise PresetError("swap", "there is no variant A", "pin one first")
        pinned = Pinned(version.content, version.opened, self.revision)
        other = version.pinned
        self._push(other.content, "swap A and B", (other.opened, pinned))

    def unpin(self) -> None:
        """Let go of variant A."""
        if self.version.pinned:
            self._push(self.version.content, "unpin", (self.version.opened, None))

    # Inside

    def _record(self, key: str, value: Any, frame: int) -> None:
        before = after = self.version.content
        steps = []
        for path, one in _items(read_key(key), value):
            after = record_value(after, path, one, max(0, frame), self.times.moment)
            steps.append((path, one, after))
        if after.preset == before.preset:
            return
        self.seen.changed(self._dreamed(before.preset), self._dreamed(after.preset), frame)
        version = self._push(after, f"record {_short(key)}", subject=f"record {key}")
        for path, one, content in steps:
            self.recorder.add(Change(self.revision, path, one, frame, version, content), before)

    def _over_time(self, words: str, key: str, change: Callable[..., Any], *given: Any) -> None:
        content = set_over_time(
            self.version.content,
            read_key(key),
            lambda value: change(value, *given, self.times.moment),
            only="it has no keyframes",
        )
        self._change(content, f"{words} {_short(key)}", f"{words} {key}")


def _read(table: dict[str, Any]) -> Content:
    return Content(table, check(table))


def _items(path: Parts, value: Any) -> list[tuple[Parts, Any]]:
    """List what is recorded of a value: each item of a pair that may change over the film."""
    if isinstance(value, list) and bounds_of((*path, 0)):
        return [((*path, number), one) for number, one in enumerate(value)]
    return [(path, value)]


def _short(key: str) -> str:
    return key.rpartition(".")[2]


def _words(key: str, value: Any) -> str:
    """Describe a change: "zoom 1.5"."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return _short(key)
    text = value if isinstance(value, str) else f"{value:.4g}"
    return f"{_short(key)} {text if len(text) <= 24 else text[:23] + '…'}"
