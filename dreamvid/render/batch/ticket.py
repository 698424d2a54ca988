"""What the queue knows of a job, and the file that it is kept in."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dreamvid.errors import ResumeError
from dreamvid.system.files import write_text


@dataclass(frozen=True)
class Ticket:
    """What the queue knows of a job."""

    name: str
    preset: dict[str, Any]  # what was asked for, as JSON; `preset.check` reads it
    tries: int = 0  # begun and not finished
    worker: str = ""  # the latest
    reason: str = ""  # why the last try failed
    code: int = 0  # and its exit code
    result: dict[str, Any] = field(default_factory=dict)  # of a finished one


def write(path: Path, ticket: Ticket) -> None:
    """Raises OutputError."""
    write_text(path, json.dumps(asdict(ticket), indent=1))


def read(path: Path) -> Ticket | None:
    """None if it is not there any more; raises ResumeError if it is damaged."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        ticket = Ticket(**kept)
        if ticket.name == path.stem.partition("~")[0] and _fits(ticket):
            return ticket
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResumeError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, RecursionError):
        pass
    raise ResumeError(f"{path} is damaged; remove it, and the same command goes on")


def _fits(ticket: Ticket) -> bool:
    wanted = Ticket.__annotations__
    origin = {name: getattr(kind, "__origin__", kind) for name, kind in wanted.items()}
    return all(isinstance(getattr(ticket, name), kind) for name, kind in origin.items())
