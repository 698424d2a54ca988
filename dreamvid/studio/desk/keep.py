"""File of the studio's session, so that a restart goes on: FOLDER/session.json."""

import json
import os
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from dreamvid.system.files import check_file, write_text

VERSION = 1
LARGEST = 64_000_000  # bytes


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write a session, whole or not at all; raises OutputError."""
    write_text(path, json.dumps({"version": VERSION, **state}, separators=(",", ":")))


def read(path: Path) -> dict[str, Any] | None:
    """Read a session; None where there is none. Raises ValueError where it is damaged."""
    if not path.exists():
        return None
    try:
        check_file(path)
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        state = json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ValueError("it is of another version of dreamvid")
    return state


def put_aside(path: Path, reason: str) -> str:
    """Rename a session that cannot be used, so that nothing is lost; returns a line about it."""
    names = (path.with_name(f"{path.stem}.{number}{path.suffix}") for number in count(1))
    aside = next(one for one in names if not one.exists())
    try:
        os.replace(path, aside)
    except OSError as error:
        return f"{path}: {reason}; it stays there ({error.strerror}), and the studio begins anew"
    return f"{path}: {reason}; kept as {aside.name}, and the studio begins anew"
