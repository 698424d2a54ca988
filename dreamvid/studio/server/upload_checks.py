"""Checks of uploaded files, by the readers that will use them; they need torch, see `aside`."""

from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.media.audio.source import probe_sound
from dreamvid.media.footage.footage import probe_footage
from dreamvid.media.images.reading import decode
from dreamvid.preset.values import VIDEOS


def check_upload(kind: str, path: str) -> str:
    """Read a file for its use; returns "video", "sound" or "image".

    Raises PresetError or VideoError for a file that cannot be used so.
    """
    file = Path(path)
    if kind == "sound":
        if probe_sound(file) is None:
            raise PresetError(kind, f"{path} holds no sound")
        return "sound"
    if kind in ("start", "mask") and file.suffix.lower() in VIDEOS:
        probe_footage(file)
        return "video"
    decode(file, option=kind)  # all of it: a file that is cut off is found now
    return "image"
