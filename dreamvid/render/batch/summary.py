"""Summary of a batch: rows for a table, summary.json and summary.csv."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.render.batch.queue import State
from dreamvid.render.batch.ticket import Ticket
from dreamvid.render.record.provenance import file_name, paths_in
from dreamvid.system.files import write_text

COLUMNS = ("job", "state", "frames", "s/frame", "seconds", "tries", "files", "reason")


def records(
    names: Sequence[str], tickets: dict[str, tuple[State, Ticket]], out: Path
) -> list[dict[str, Any]]:
    """Summarise each job of a batch into `out`, in the order of the jobs file."""
    return [_record(name, *tickets[name], out) for name in names if name in tickets]


def _record(name: str, state: State, ticket: Ticket, out: Path) -> dict[str, Any]:
    result = ticket.result
    frames, seconds = result.get("frames"), result.get("render_seconds")
    each = round(seconds / frames, 3) if frames and seconds is not None else None
    shown = {"todo": "waiting", "claimed": "rendering"}.get(state, state)
    return {
        "job": name,
        "state": shown,
        "frames": frames,
        "s/frame": each,
        "seconds": seconds,
        "tries": ticket.tries,
        "files": result.get("files", []),
        "reason": _without_folders(ticket, out),
    }


def _without_folders(ticket: Ticket, out: Path) -> str:
    """Give the reason of a failure, with the names of the job's inputs in place of their paths."""
    reason = ticket.reason.replace(f"{out / ticket.name}/", "")
    for path in paths_in(ticket.preset).values():
        reason = reason.replace(path, file_name(path))
    return reason


def rows(summaries: Sequence[dict[str, Any]]) -> list[list[object]]:
    """Make table rows of summaries, with the number of files instead of their names."""
    return [[_cell(record, column) for column in COLUMNS] for record in summaries]


def _cell(record: dict[str, Any], column: str) -> object:
    value = len(record["files"]) if column == "files" else record[column]
    return "" if value is None else value


def write_summary(out: Path, summaries: Sequence[dict[str, Any]]) -> None:
    """Write summary.json and summary.csv; raises OutputError."""
    write_text(out / "summary.json", json.dumps(summaries, indent=2, ensure_ascii=False) + "\n")
    text = io.StringIO()
    sheet = csv.DictWriter(text, list[str](COLUMNS), lineterminator="\n")
    sheet.writeheader()
    sheet.writerows({**record, "files": " ".join(record["files"])} for record in summaries)
    write_text(out / "summary.csv", text.getvalue())
