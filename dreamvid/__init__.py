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
    from dreamvid.film.engine import Frame, render_frames
    from dreamvid.preset.load import load_preset
    from dreamvid.preset.schema import Preset
    from dreamvid.render.render import render_film

_HOMES = {
    "Frame": "film.engine",
    "Preset": "preset.schema",
    "load_preset": "preset.load",
    "render_film": "render.render",
    "render_frames": "film.engine",
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
