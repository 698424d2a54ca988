"""Tickets: the state of a batch's job, and its JSON file."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dreamvid.errors import OutputError, ResumeError
from dreamvid.system.files import write_text


@dataclass(frozen=True)
class Ticket:
    """State of a job in the queue."""

    name: str
    preset: dict[str, Any]  # the settings that were given, as JSON for `preset.load.check`
    to: int = 0  # frames that its finished film is extended to; 0: the preset is rendered
    tries: int = 0  # begun without finishing
    worker: str = ""  # the latest one's name
    reason: str = ""  # why the last try failed
    code: int = 0  # and its exit code
    result: dict[str, Any] = field(default_factory=dict)  # of a finished one


def write(path: Path, ticket: Ticket) -> None:
    """Write a ticket's file; raises OutputError."""
    write_text(path, json.dumps(asdict(ticket), indent=1))


def read(path: Path) -> Ticket | None:
    """Read a ticket; None if its file is gone. Raises ResumeError if it is damaged."""
    try:
        ticket = Ticket(**json.loads(path.read_text("utf-8")))
        if ticket.name == path.stem.partition("~")[0] and _has_types(ticket):
            return ticket
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResumeError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, RecursionError):
        pass
    raise ResumeError(f"{path} is damaged; remove it, and the same command goes on")


def _has_types(ticket: Ticket) -> bool:
    types = Ticket.__annotations__
    classes = {name: getattr(kind, "__origin__", kind) for name, kind in types.items()}
    return all(isinstance(getattr(ticket, name), kind) for name, kind in classes.items())


def rename(path: Path, target: Path) -> bool:
    """Rename a ticket; False if another process has moved it. Raises OutputError."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.utime(path)  # a beat, so that the new claim is not taken for dead
        path.rename(target)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from None
    return True
