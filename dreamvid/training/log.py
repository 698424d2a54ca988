"""log.csv: a line for each step and each epoch, continued when a run resumes."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from dreamvid.errors import OutputError
from dreamvid.system.files import write_text
from dreamvid.training.fit import EpochDone, Progress, StepDone

HEADINGS = ("step", "epoch", "loss", "stopping_loss", "rate", "seconds")


class Log:
    """The open file."""

    def __init__(self, file: TextIO) -> None:
        self.file, self.rows = file, csv.writer(file, lineterminator="\n")

    def note(self, progress: Progress) -> None:
        """Write a line for a step or an epoch; raises OutputError."""
        p = progress
        if isinstance(p, StepDone):
            row = (p.step, p.epoch, f"{p.loss:.6g}", "", f"{p.rate:.6g}", f"{p.seconds:.1f}")
        elif isinstance(p, EpochDone):
            validation = "" if p.validation_loss is None else f"{p.validation_loss:.6g}"
            losses = f"{p.loss:.6g}", validation
            row = (p.step, p.epoch, *losses, "", f"{p.seconds:.1f}")
        else:
            return
        try:
            self.rows.writerow(row)
            self.file.flush()
        except OSError as error:
            raise _output_error(Path(self.file.name), error) from None


@contextmanager
def open_log(path: Path, steps: int) -> Iterator[Log]:
    """Open a log to go on after `steps` steps; lines of later ones are dropped.

    Raises OutputError.
    """
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() and steps else []
        kept = [line for line in lines[1:] if _step(line) <= steps]
        write_text(path, "\n".join([",".join(HEADINGS), *kept]) + "\n")
        file = path.open("a", encoding="utf-8", newline="")
    except (OSError, UnicodeError) as error:
        raise _output_error(path, error) from None
    with file:
        yield Log(file)


def _step(line: str) -> float:
    number = line.partition(",")[0]
    return int(number) if number.isdecimal() else float("inf")


def _output_error(path: Path, error: Exception) -> OutputError:
    return OutputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}")
