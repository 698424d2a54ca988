"""Parseq's rendered JSON, as Deforum's settings.

Format: `rendered_frames` of sd-parseq, a table for each frame whose motion Deforum takes from the
fields ending in `_delta`, as `parseq_adapter.py` of sd-webui-deforum does.
"""

from typing import Any

from dreamvid.errors import PresetError, quote
from dreamvid.preset.deforum_film import write_schedule
from dreamvid.schedule.deforum import MAX_KEYS

# Deforum's setting: Parseq's field
_MOVES = ("angle", "zoom", "translation_x", "translation_y", "translation_z")
_TURNS = ("rotation_3d_x", "rotation_3d_y", "rotation_3d_z")
FIELDS = {
    **{name: f"{name}_delta" for name in (*_MOVES, *_TURNS)},
    "transform_center_x": "transform_center_x",
    "transform_center_y": "transform_center_y",
    "fov_schedule": "fov",
    "contrast_schedule": "contrast",
    "strength_schedule": "strength",
    "noise_schedule": "noise",
    "cfg_scale_schedule": "scale",
    "seed_schedule": "seed",
}
_DEEP = ("translation_z", *_TURNS)
_STILL = {**dict.fromkeys((*_MOVES, *_TURNS), "0:(0)"), "zoom": "0:(1)"}


def as_deforum(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """Convert to settings of the same frames; raises PresetError."""
    frames = manifest.get("rendered_frames")
    if not isinstance(frames, list) or not frames:
        cure = "render it in Parseq, and take the rendered output"
        raise PresetError(name, "has no rendered_frames", cure)
    if len(frames) > MAX_KEYS:
        raise PresetError(name, f"has {len(frames)} rendered_frames", f"at most {MAX_KEYS}")
    numbers = [int(_number(frame, "frame", index, name)) for index, frame in enumerate(frames)]
    settings: dict[str, Any] = {"max_frames": max(numbers) + 1}
    options = manifest.get("options")
    if isinstance(options, dict) and "output_fps" in options:
        settings["fps"] = options["output_fps"]
    for setting, field in FIELDS.items():
        if field in frames[0]:
            values = [_number(frame, field, index, name) for index, frame in enumerate(frames)]
            settings[setting] = write_schedule(numbers, values)
    known = {"frame", *FIELDS, *FIELDS.values()}
    for field in frames[0]:
        if field not in known and not field.endswith(("_delta", "_pc")):
            settings.setdefault(field, None)  # to be named among what is left out
    moves = {key for key in (*_MOVES, *_TURNS) if settings.get(key, _STILL[key]) != _STILL[key]}
    if moves and moves.isdisjoint(("zoom", "angle")) and not moves.isdisjoint(_DEEP):
        settings["animation_mode"] = "3D"  # which Parseq leaves to Deforum
    return settings


def _number(frame: object, field: str, index: int, name: str) -> float:
    value = frame.get(field) if isinstance(frame, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        problem = f"{field} should be a number, got {quote(value)}"
        raise PresetError(f"{name}: rendered_frames[{index}]", problem)
    return float(value)
