import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import note, say, say_json, table
from dreamvid.cli.terminal.units import file_size

if TYPE_CHECKING:
    from dreamvid.render.clean import Leftover

DAYS = {"h": 1 / 24, "d": 1, "w": 7}


def clean(
    folder: Annotated[Path, typer.Argument(help="look for them below it")] = Path("out"),
    older: Annotated[
        str | None,
        typer.Option(metavar="AGE", help="only what nobody wrote to for so long: 30d, 12h, 2w"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="remove what is listed")] = False,
    as_json: Json = False,
) -> None:
    """List what renders, batches and killed exports keep on the disk; --yes removes it."""
    from dreamvid.render.clean import find, remove

    least = _days(older) if older else 0.0
    found = [one for one in find(folder) if one.age >= least * 86400]
    idle = [one for one in found if one.state != "running"]
    if not as_json:
        _list(found, folder)
    sure = bool(idle) and (yes or (not as_json and _agreed(idle)))
    removed = [one for one in idle if sure and remove(one)]
    if as_json:
        say_json([_told(one, one in removed) for one in found])
        return
    if sure:
        say(f"removed {_all(removed)}")
        for one in idle:
            if one not in removed:
                note(f"{one.path}: somebody is at work there; it stays")
            elif one.path.exists():
                note(f"{one.path}: there are other files in it; they stay")
    elif idle:
        say(f"nothing is removed; --yes removes {_all(idle)}")


def _days(age: str) -> float:
    from dreamvid.errors import PresetError, quote

    parts = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)([hdw])", age)
    if not parts:
        raise PresetError("--older", f"{quote(age)} is no age", "such as 30d, 12h or 2w")
    return float(parts[1]) * DAYS[parts[2]]


def _list(found: "list[Leftover]", folder: Path) -> None:
    if not found:
        say(f"{folder}: nothing to remove")
    rows = [(one.path, file_size(one.bytes), _age(one.age), one.state, one.loses) for one in found]
    table(("folder", "size", "age", "", "what is lost"), rows)


def _age(seconds: float) -> str:
    hours = int(seconds // 3600)
    return f"{hours // 24} d" if hours >= 48 else f"{hours} h"


def _agreed(found: "list[Leftover]") -> bool:
    """Asked for on a terminal; elsewhere nobody is there to ask."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    return typer.confirm(f"remove {_all(found)}?", default=False)


def _all(found: "list[Leftover]") -> str:
    folders = "1 folder" if len(found) == 1 else f"{len(found)} folders"
    return f"{folders}, {file_size(sum(one.bytes for one in found))}"


def _told(one: "Leftover", removed: bool) -> dict[str, object]:
    return {
        "path": str(one.path),
        "kind": one.kind,
        "bytes": one.bytes,
        "age_days": round(one.age / 86400, 3),
        "state": one.state,
        "loses": one.loses,
        "removed": removed,
    }
