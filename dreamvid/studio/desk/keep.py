"""FOLDER/session.json: the desk as it was, so that a restart of the studio goes on."""

import json
import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError
from dreamvid.preset.load import check
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.desk.history import Content, Opened, Pinned, Version
from dreamvid.system.files import check_file, write_text

FORMAT = 1
LARGEST = 64_000_000  # bytes that are read
ENOUGH = 8_000_000  # bytes of versions that are written
VERSIONS = 50  # before the current one, and after it

State = dict[str, Any]


def write(path: Path, desk: Desk) -> None:
    """Write the desk's state, whole or not at all; raises OutputError."""
    write_text(path, json.dumps(state_of(desk), separators=(",", ":")))


def read(path: Path, desk: Desk) -> str | None:
    """Restore the desk as it was written; returns a line where that cannot be.

    The file is kept beside then, and the desk stays as it is.
    """
    if not os.path.lexists(path):
        return None
    try:
        restore(desk, _read(path))
    except (DreamvidError, ValueError, KeyError, TypeError, LookupError, AttributeError) as error:
        known = isinstance(error, _UnusableError)
        return _put_aside(path, str(error) if known else "it is damaged")
    return None


def state_of(desk: Desk) -> State:
    """Describe the desk as JSON: its version, and those around it."""
    history = desk.history
    first = max(0, history.now - VERSIONS)
    versions, size = [history.version], _size(history.version)
    before = history.versions[first : history.now][::-1]
    for version in before:  # the nearest first
        size += _size(version)
        if size > ENOUGH:
            break
        versions.insert(0, version)
    now = len(versions) - 1
    for version in history.versions[history.now + 1 :][:VERSIONS]:
        size += _size(version)
        if size > ENOUGH:
            break
        versions.append(version)
    opened = {one.opened.number: one.opened for one in versions}
    opened |= {one.pinned.opened.number: one.pinned.opened for one in versions if one.pinned}
    return {
        "format": FORMAT,
        "now": now,
        "revision": desk.revision,
        "opened": [
            {"number": one.number, "name": one.name, "table": one.content.table}
            for one in opened.values()
        ],
        "versions": [_write_version(version) for version in versions],
    }


def _write_version(version: Version) -> State:
    pinned = version.pinned
    return {
        "table": version.content.table,
        "change": version.change,
        "opened": version.opened.number,
        "pinned": pinned
        and {
            "table": pinned.content.table,
            "opened": pinned.opened.number,
            "revision": pinned.revision,
        },
    }


def _size(version: Version) -> int:
    return len(json.dumps(_write_version(version)))


def restore(desk: Desk, state: State) -> None:
    """Give the desk a state; raises DreamvidError or another Exception, and it is as before."""
    opened = {
        int(one["number"]): Opened(int(one["number"]), str(one["name"]), _content(one["table"]))
        for one in state["opened"]
    }
    versions = [_read_version(one, opened) for one in state["versions"]]
    now = int(state["now"])
    if not 0 <= now < len(versions):
        raise ValueError("now")
    desk.take(versions, now, int(state["revision"]))
    for name in {one.name for one in opened.values()}:
        with suppress(DreamvidError):  # not there any more
            desk.compare_with_disk(name)


def _read_version(one: State, opened: dict[int, Opened]) -> Version:
    pin = one["pinned"]
    pinned = pin and Pinned(_content(pin["table"]), opened[pin["opened"]], int(pin["revision"]))
    return Version(_content(one["table"]), opened[one["opened"]], pinned, str(one["change"]))


def _content(table: Any) -> Content:
    return Content(dict(table), check(table))


class _UnusableError(ValueError):
    """Reason why a file cannot be used, in words."""


def _read(path: Path) -> State:
    try:
        check_file(path)
        if path.stat().st_size > LARGEST:
            raise _UnusableError("it is too large")
        state = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise _UnusableError(f"it cannot be read: {error.strerror}") from None
    except RecursionError:
        raise _UnusableError("it is nested too deep") from None
    if not isinstance(state, dict) or "format" not in state:
        raise _UnusableError("it is no session of the studio")
    if state["format"] != FORMAT:
        raise _UnusableError("it is of another version of dreamvid")
    return state


def _put_aside(path: Path, reason: str) -> str:
    """Rename a file that cannot be used, so that nothing is lost; returns a line about it."""
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in count(1))
    aside = next(one for one in names if not os.path.lexists(one))
    try:
        os.replace(path, aside)
    except OSError as error:
        kept = f"it stays there ({error.strerror})"
    else:
        kept = f"it is kept as {aside.name}"
    return f"{path}: {reason}; {kept}, and the studio begins anew"
