"""The folder of a finished render: its run.json and its forward film."""

from pathlib import Path
from typing import Any

from dreamvid.errors import ResumeError
from dreamvid.media.metadata import parse_record
from dreamvid.preset.values import VIDEOS
from dreamvid.system.files import check_file

RUN, FORWARD = "run.json", "forward"
LARGEST = 4 * 2**20  # bytes of a run.json; that of a preset with 100,000 keys has half of them


def read_run(
    path: Path,
    *,
    unreadable: str = "; is this the folder of a finished render?",
    damaged: str = "; `dreamvid replay` takes the films beside it, too",
) -> dict[str, Any]:
    """Read a run.json or job.json, also of an older version; raises ResumeError with a cure."""
    try:
        check_file(path)
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ResumeError(f"{path}: cannot be read: {error.strerror}{unreadable}") from None
    table = parse_record(data, named=False) if len(data) <= LARGEST else None
    if table is None:
        raise ResumeError(f"{path} is damaged{damaged}")
    return table


def forward_film(folder: Path, outputs: object) -> Path | None:
    """Find the forward film of the last run; an earlier one may have left another codec's.

    `outputs` is the table of that name in run.json; without one the first film is taken.
    """
    films = [path for path in sorted(folder.glob(f"{FORWARD}.*")) if path.suffix in VIDEOS]
    names = outputs if isinstance(outputs, dict) else {path.name for path in films}
    return next((path for path in films if path.name in names), None)
