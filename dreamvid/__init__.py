"""DeepDream films: `render_film` renders a preset, `render_frames` is the loop inside it."""

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
    from dreamvid.system.version import __version__

_HOMES = {
    "Frame": "film.engine",
    "Preset": "preset.schema",
    "__version__": "system.version",
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
    "__version__",
    "load_preset",
    "render_film",
    "render_frames",
]


def __getattr__(name: str) -> Any:
    """Import names on first use: some need torch or pydantic."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(f"dreamvid.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'dreamvid' has no attribute {name!r}")
