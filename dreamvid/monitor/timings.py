"""Record how long each frame takes, over all runs of a render.

The file in the render folder gets a line of JSON every few seconds. Damaged lines are ignored, as
only a piece of a chart is lost.
"""

import json
import math
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dreamvid.render.render import Progress

NAME = "timings.jsonl"
LINE_SECONDS = 5.0  # between two lines
LARGEST = 64_000_000  # bytes that are read, enough for ten million frames


class Recorder:
    """Record the seconds of each frame; a file that cannot be written is ignored."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._before = self._written = time.monotonic()
        self._first = 0
        self._seconds: list[float] = []

    def on_frame(self, progress: "Progress") -> None:
        """Record the time since the frame before."""
        now = time.monotonic()
        took, self._before = now - self._before, now
        if self._path is None:
            self._path = progress.folder.work / NAME
            if not progress.first:
                with suppress(OSError):  # of another render in this folder
                    self._path.unlink(missing_ok=True)
            # The first frame includes loading the model, so it is recorded apart.
            self._put({"run": progress.first, "until_first": round(took, 3)})
            self._first = progress.done + 1
            return
        self._seconds.append(round(took, 4))
        if now - self._written > LINE_SECONDS:
            self._flush()

    def finish(self) -> None:
        """Write the remaining times, and the time since the last frame."""
        self._flush()
        if self._path is not None:
            self._put({"films": round(time.monotonic() - self._before, 3)})

    def _flush(self) -> None:
        if self._seconds:
            self._put({"frame": self._first, "seconds": self._seconds})
        self._first, self._seconds = self._first + len(self._seconds), []
        self._written = time.monotonic()

    def _put(self, line: dict[str, Any]) -> None:
        assert self._path is not None
        with suppress(OSError), self._path.open("a", encoding="ascii") as file:
            file.write(json.dumps(line | {"crc": _crc(line)}) + "\n")


@dataclass
class Timings:
    """Timings of a whole render in seconds; frames count from 1, lead-in included."""

    frames: dict[int, float] = field(default_factory=dict)
    runs: list[int] = field(default_factory=list)  # frames done when each run began
    until_first: float = 0.0  # loading and the first frame, over all runs
    films: float = 0.0  # joining and writing the films in the last run


def read_timings(path: Path, *, most: int) -> Timings:
    """Read the timings, ignoring damaged lines and frames above number `most`."""
    timings = Timings()
    for line in _lines(path):
        seconds = line.get("seconds")
        if _is_time(line.get("until_first")) and _is_count(line.get("run")):
            timings.runs.append(line["run"])
            timings.until_first += line["until_first"]
        elif _is_time(line.get("films")):
            timings.films = line["films"]
        elif _is_count(line.get("frame")) and isinstance(seconds, list):
            numbers = range(line["frame"], most + 1)
            pairs = zip(numbers, seconds, strict=False)
            timings.frames |= {number: took for number, took in pairs if _is_time(took)}
    return timings


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST)
    except OSError:
        return
    for line in text.splitlines():
        with suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict) and value.pop("crc", None) == _crc(value):
                yield value


def _crc(line: dict[str, Any]) -> int:
    """CRC-32 of a line, as a flipped digit would show in a chart."""
    return zlib.crc32(json.dumps(line).encode())


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and 0 <= value < 1e7


def _is_count(value: object) -> bool:
    return isinstance(value, int) and 0 <= value < 1e9
