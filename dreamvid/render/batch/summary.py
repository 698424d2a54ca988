"""What became of each job: rows for a table, summary.json and summary.csv."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.render.batch.queue import State
from dreamvid.render.batch.ticket import Ticket
from dreamvid.system.files import write_text

COLUMNS = ("job", "state", "frames", "s/frame", "seconds", "tries", "files", "reason")


def records(names: Sequence[str], tickets: dict[str, tuple[State, Ticket]]) -> list[dict[str, Any]]:
    """In the order of the jobs file."""
    return [_record(name, *tickets[name]) for name in names if name in tickets]


def _record(name: str, state: State, ticket: Ticket) -> dict[str, Any]:
    result = ticket.result
    frames, seconds = result.get("frames"), result.get("render_seconds")
    each = round(seconds / frames, 3) if frames and seconds is not None else None
    words = {"todo": "waiting", "claimed": "rendering"}.get(state, state)
    return {
        "job": name,
        "state": words,
        "frames": frames,
        "s/frame": each,
        "seconds": seconds,
        "tries": ticket.tries,
        "files": result.get("files", []),
        "reason": ticket.reason,
    }


def rows(found: Sequence[dict[str, Any]]) -> list[list[object]]:
    """For a person: how many files, and no reason where nothing failed."""
    return [[_cell(record, column) for column in COLUMNS] for record in found]


def _cell(record: dict[str, Any], column: str) -> object:
    value = len(record["files"]) if column == "files" else record[column]
    return "" if value is None else value


def write_summary(out: Path, found: Sequence[dict[str, Any]]) -> None:
    """Raises OutputError."""
    write_text(out / "summary.json", json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    text = io.StringIO()
    sheet = csv.DictWriter(text, list[str](COLUMNS), lineterminator="\n")
    sheet.writeheader()
    sheet.writerows({**record, "files": " ".join(record["files"])} for record in found)
    write_text(out / "summary.csv", text.getvalue())
