"""log.csv: a line for each step and each epoch, as if a stopped run had never stopped."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from dreamvid.errors import OutputError
from dreamvid.system.files import write_text
from dreamvid.training.fit import Judged, Progress, Stepped

HEADINGS = ("step", "epoch", "loss", "stopping_loss", "rate", "seconds")


class Log:
    def __init__(self, file: TextIO) -> None:
        self.file, self.rows = file, csv.writer(file, lineterminator="\n")

    def note(self, progress: Progress) -> None:
        """Raises OutputError."""
        p = progress
        if isinstance(p, Stepped):
            row = (p.step, p.epoch, f"{p.loss:.6g}", "", f"{p.rate:.6g}", f"{p.seconds:.1f}")
        elif isinstance(p, Judged):
            stopping = "" if p.stopping is None else f"{p.stopping:.6g}"
            losses = f"{p.learning:.6g}", stopping
            row = (p.step, p.epoch, *losses, "", f"{p.seconds:.1f}")
        else:
            return
        try:
            self.rows.writerow(row)
            self.file.flush()
        except OSError as error:
            raise _refused(Path(self.file.name), error) from None


@contextmanager
def open_log(path: Path, steps: int) -> Iterator[Log]:
    """Go on with a log after so many steps; what it says of later ones is dropped.

    Raises OutputError.
    """
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() and steps else []
        kept = [line for line in lines[1:] if _step(line) <= steps]
        write_text(path, "\n".join([",".join(HEADINGS), *kept]) + "\n")
        file = path.open("a", encoding="utf-8", newline="")
    except (OSError, UnicodeError) as error:
        raise _refused(path, error) from None
    with file:
        yield Log(file)


def _step(line: str) -> float:
    number = line.partition(",")[0]
    return int(number) if number.isdecimal() else float("inf")


def _refused(path: Path, error: Exception) -> OutputError:
    return OutputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}")
