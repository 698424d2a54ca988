"""The film as an image sequence: OUT/frames/000000.png and on, with 16 bits a channel.

Each frame is written as it is rendered, before a checkpoint counts it.
"""

import re
from pathlib import Path

from dreamvid.errors import OutputError, ResumeError
from dreamvid.film.engine import Frame
from dreamvid.media.images.writing import save
from dreamvid.preset.schema import Preset

FOLDER = "frames"
BITS = 16
_NUMBERED = re.compile(r"(\d{6,})\.png")


def write_frame(frame: Frame, preset: Preset, out: Path) -> None:
    """Write a frame of the film if the preset asks for an image sequence; raises OutputError."""
    if preset.outputs.frames == "png" and frame.index >= 0:
        save(frame.image, _path(out, frame.index), BITS)


def check_no_later_frames(preset: Preset, out: Path) -> None:
    """Raise OutputError where frames of a longer film would follow this film's."""
    if preset.outputs.frames != "png":
        return
    later = [number for number in _numbers(out) if number >= preset.video.count]
    if later:
        raise OutputError(
            f"{_path(out, min(later))}: is of a longer film; "
            f"remove {out / FOLDER}, or choose another --out"
        )


def check_complete(preset: Preset, out: Path) -> None:
    """Raise ResumeError where frames of an earlier run have been removed."""
    if preset.outputs.frames != "png":
        return
    missing = set(range(preset.video.count)) - _numbers(out)
    if missing:
        raise ResumeError(f"{_path(out, min(missing))}: is gone; --fresh renders the film anew")


def _path(out: Path, index: int) -> Path:
    return out / FOLDER / f"{index:06d}.png"


def _numbers(out: Path) -> set[int]:
    folder = out / FOLDER
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return {int(match[1]) for name in names if (match := _NUMBERED.fullmatch(name))}
