"""DeepDream films. `render_film` is the whole job; `render_frames` is the loop inside it."""

from typing import TYPE_CHECKING, Any

from dreamvid.errors import (
    DreamvidError,
    ModelError,
    OutputError,
    PresetError,
    ResumeError,
    VideoError,
)

if TYPE_CHECKING:
    from dreamvid.engine import Frame, render_frames
    from dreamvid.options import Preset
    from dreamvid.preset import load_preset
    from dreamvid.render import render_film

_HOMES = {
    "Frame": "engine",
    "Preset": "options",
    "load_preset": "preset",
    "render_film": "render",
    "render_frames": "engine",
}

__all__ = [
    "DreamvidError",
    "Frame",
    "ModelError",
    "OutputError",
    "Preset",
    "PresetError",
    "ResumeError",
    "VideoError",
    "load_preset",
    "render_film",
    "render_frames",
]


def __getattr__(name: str) -> Any:
    """Names that need torch or pydantic are imported when they are first used."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"dreamvid.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'dreamvid' has no attribute {name!r}")
