"""What the page of a render is told, by a script it loads again and again.

A page that is opened from a file may load scripts and pictures from beside it, but nothing else.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from dreamvid.render.work.page_files import SCRIPT
from dreamvid.system.files import write_text


@dataclass(frozen=True, kw_only=True)
class Status:
    """`state`: rendering, finished, stopped or failed."""

    title: str
    state: str = "rendering"
    line: str = ""  # the last thing to say of it
    done: int = 0  # frames
    count: int = 0  # of all that is to be rendered; 0: not known yet
    speed: float | None = None  # frames a second
    bytes: int = 0  # of the film so far
    update: int = 0  # how often film and poster were written
    film: bool = False  # whether there is one
    files: tuple[str, ...] = ()  # what was made, names in the folder above


def write_status(folder: Path, status: Status) -> None:
    """Raises OutputError."""
    # ASCII only, so that no separator of lines that JavaScript knows can end the statement.
    told = json.dumps(asdict(status) | {"time": time.time()}, ensure_ascii=True)
    write_text(folder / SCRIPT, f"watching({told});\n", make=False)
