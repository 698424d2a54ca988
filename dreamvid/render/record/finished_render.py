"""The folder of a finished render: what its run.json says, and which of its films is the one."""

from pathlib import Path
from typing import Any

from dreamvid.errors import ResumeError
from dreamvid.media.metadata import MAX_RECORD, parse_record
from dreamvid.preset.values import VIDEOS

RUN, FORWARD = "run.json", "forward"


def read_run(path: Path) -> dict[str, Any]:
    """What run.json says, of this version or an older one; raises ResumeError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_RECORD + 1)
    except OSError as error:
        problem = f"{path}: cannot be read: {error.strerror}"
        raise ResumeError(f"{problem}; is this the folder of a finished render?") from None
    table = parse_record(data, named=False) if len(data) <= MAX_RECORD else None
    if table is None:
        raise ResumeError(f"{path} is damaged; `dreamvid replay` takes the films beside it, too")
    return table


def forward_film(folder: Path, written: object) -> Path | None:
    """The forward film that a run wrote: one of another codec may be left from the run before.

    Args:
        written: run.json's outputs; where they are no table, the first film is taken.
    """
    found = [path for path in sorted(folder.glob(f"{FORWARD}.*")) if path.suffix in VIDEOS]
    known = written if isinstance(written, dict) else {path.name: 0 for path in found}
    return next((path for path in found if path.name in known), None)
