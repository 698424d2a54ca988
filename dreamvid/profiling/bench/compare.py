"""Compare two runs of the bench."""

import json
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamvid.errors import PresetError
from dreamvid.profiling.bench.spread import Spread
from dreamvid.profiling.bench.tables import CASE, machine_line
from dreamvid.system.files import check_file

FILM = ("preset", "size")
MACHINE = ("device", "threads", "precision")  # keys that explain differences of speed
CURE = "give a file that `dreamvid bench --out FILE` wrote"


@dataclass(frozen=True)
class Compared:
    """Comparison of a case or a film."""

    name: str
    before: float  # seconds of a step or a frame
    now: float
    faster: Spread  # before / now
    share: Spread | None  # of the matrix rate, now / before, which a busy machine does not change


def read_record(path: Path) -> dict[str, Any]:
    """Read the record of an earlier run; raises PresetError."""
    try:
        check_file(path)
        record = json.loads(path.read_text("utf-8"))
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror}"
        raise PresetError("--compare", problem, CURE) from None
    except (ValueError, RecursionError):
        raise PresetError("--compare", f"{path} is not JSON", CURE) from None
    try:
        compare(record, record)
        machine_line(record)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise PresetError("--compare", f"{path} is no record of a bench", CURE) from None
    return record


def check_common(path: Path, record: Mapping[str, Any], names: Set[str]) -> None:
    """Raise PresetError if a record has none of the parts that will be measured."""
    parts = _parts(record)
    if not names & parts.keys():
        problem = f"{path} has nothing that is measured now"
        raise PresetError("--compare", problem, f"it has: {', '.join(parts) or 'nothing'}")


def compare(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Compared]:
    """Compare the cases and films that are in both records."""
    old, new = _parts(before), _parts(now)
    return [_compared(name, old[name], new[name]) for name in new if name in old]


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """List the parts that only one record has, and differences of the machines."""
    old, new = _parts(before), _parts(now)
    lines = []
    if alone := [*(name for name in old if name not in new), *(n for n in new if n not in old)]:
        lines.append(f"left out, as one run has not measured it: {', '.join(alone)}")
    for key in MACHINE:
        was, is_now = before["machine"].get(key), now["machine"].get(key)
        if was != is_now:
            lines.append(f"{key} was {was}, is {is_now}")
    return lines


def _parts(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Map the names of cases and film to their figures."""
    parts = {_name(case, CASE): case for case in record["cases"]}
    film = record.get("film")
    return parts | ({f"film {_name(film, FILM)}": film} if film else {})


def _name(values: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return " ".join(str(values[key]) for key in keys)


def _compared(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Compared:
    if "seconds_per_frame" in new:
        before, now = _spread(old, "seconds_per_frame"), _spread(new, "seconds_per_frame")
        share = None
    else:
        before, now = _spread(old, "seconds_per_step"), _spread(new, "seconds_per_step")
        share = _spread(new, "share_of_matrix_rate").over(_spread(old, "share_of_matrix_rate"))
    return Compared(name, before.median, now.median, before.over(now), share)


def _spread(values: Mapping[str, Any], name: str) -> Spread:
    low, high = values[f"{name}_quartiles"]
    figures = [float(value) for value in (values[name], low, high)]
    if not all(math.isfinite(value) and value > 0 for value in figures):
        raise ValueError(f"{name} is no time and no share")
    return Spread(*figures)
