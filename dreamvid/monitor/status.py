"""Status of a render for its live page, as a script that the page loads again and again.

A page opened from a file may load scripts and images from its folder, but no other files.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from dreamvid.render.work.page_files import SCRIPT
from dreamvid.system.files import write_text


@dataclass(frozen=True, kw_only=True)
class Status:
    title: str
    state: str = "rendering"  # or finished, stopped, failed
    line: str = ""  # a message
    done: int = 0  # frames
    count: int = 0  # frames to render, lead-in included; 0: not known yet
    speed: float | None = None  # frames a second
    bytes: int = 0  # of the film so far
    update: int = 0  # number of times film and poster were written
    film: bool = False  # whether there is one
    files: tuple[str, ...] = ()  # names of the finished files, in the folder above


def write_status(folder: Path, status: Status) -> None:
    """Write the status script; raises OutputError."""
    # ASCII only, as JavaScript's other line separators would end the statement.
    status_json = json.dumps(asdict(status) | {"time": time.time()}, ensure_ascii=True)
    write_text(folder / SCRIPT, f"watching({status_json});\n", make=False)
