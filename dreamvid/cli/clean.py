"""`dreamvid clean`: list and remove what renders leave on the disk."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import note, say, say_json, table
from dreamvid.cli.terminal.units import file_size
from dreamvid.errors import PresetError, quote

if TYPE_CHECKING:
    from dreamvid.render.clean import Leftover

DAYS = {"h": 1 / 24, "d": 1, "w": 7}


def clean(
    folder: Annotated[Path, Argument(help="look for them below it")] = Path("out"),
    older: Annotated[
        str | None,
        Option(metavar="AGE", help="only what nobody wrote to for so long: 30d, 12h, 2w"),
    ] = None,
    yes: Annotated[bool, Option("--yes", help="remove what is listed")] = False,
    as_json: Json = False,
) -> None:
    """List what renders, batches and killed exports keep on the disk; --yes removes it."""
    from dreamvid.render.clean import find, remove

    oldest = _days(older) * 86400 if older else 0.0
    leftovers = [leftover for leftover in find(folder) if leftover.age >= oldest]
    idle = [leftover for leftover in leftovers if leftover.state != "running"]
    if not as_json:
        _list(leftovers, folder)
    confirmed = bool(idle) and (yes or (not as_json and _confirm(idle)))
    removed = [leftover for leftover in idle if confirmed and remove(leftover)]
    if as_json:
        say_json([_as_json(leftover, leftover in removed) for leftover in leftovers])
    elif confirmed:
        _say_removed(idle, removed)
    elif idle:
        say(f"nothing is removed; --yes removes {_total(idle)}")


def _say_removed(idle: "list[Leftover]", removed: "list[Leftover]") -> None:
    say(f"removed {_total(removed)}")
    for leftover in idle:
        if leftover not in removed:
            note(f"{leftover.path}: somebody is at work there; it stays")
        elif leftover.path.exists():
            note(f"{leftover.path}: there are other files in it; they stay")


def _days(age: str) -> float:
    parts = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([hdw])", age)
    if not parts:
        raise PresetError("--older", f"{quote(age)} is not an age", "such as 30d, 12h or 2w")
    return float(parts[1]) * DAYS[parts[2]]


def _list(leftovers: "list[Leftover]", folder: Path) -> None:
    if not leftovers:
        say(f"{folder}: nothing to remove")
    rows = [
        (each.path, file_size(each.bytes), _age(each.age), each.state, each.loses)
        for each in leftovers
    ]
    table(("folder", "size", "age", "", "what is lost"), rows)


def _age(seconds: float) -> str:
    hours = int(seconds // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def _confirm(leftovers: "list[Leftover]") -> bool:
    """Ask on a terminal; elsewhere nobody is there to answer."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return typer.confirm(f"remove {_total(leftovers)}?", default=False)


def _total(leftovers: "list[Leftover]") -> str:
    folders = "1 folder" if len(leftovers) == 1 else f"{len(leftovers)} folders"
    return f"{folders}, {file_size(sum(leftover.bytes for leftover in leftovers))}"


def _as_json(leftover: "Leftover", removed: bool) -> dict[str, object]:
    return {
        "path": str(leftover.path),
        "kind": leftover.kind,
        "bytes": leftover.bytes,
        "age_days": round(leftover.age / 86400, 3),
        "state": leftover.state,
        "loses": leftover.loses,
        "removed": removed,
    }
