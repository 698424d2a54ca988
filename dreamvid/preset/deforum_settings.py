"""Deforum's settings as a preset: the rules of each setting, and reasons for what is left out."""

import re
from typing import Any

from dreamvid.errors import PresetError, quote
from dreamvid.preset.deforum_film import Converted, Film, convert_schedule
from dreamvid.preset.deforum_motion import MOTION, Rule
from dreamvid.system.files import is_url

Row = tuple[str, str]
"""Setting, and the options that it became or why it is left out."""

FOOTAGE = "Video Input"  # mode of animation


def convert(settings: dict[str, Any]) -> tuple[dict[str, Any], tuple[Row, ...]]:
    """Convert settings to a preset's table, whose paths are as written; and a row for each."""
    film = Film(settings)
    rows = {
        key: _apply(rule, settings[key], film) for key, rule in RULES.items() if key in settings
    }
    rows |= {key: f"left out: {_reason(key)}" for key in settings if key not in rows}
    rows |= {key: to for key, to in SWITCHES.items() if key in settings}
    shown = {
        key if key.isprintable() and len(key) < 60 else quote(key): to for key, to in rows.items()
    }
    return film.table, tuple(sorted(shown.items(), key=lambda row: row[1].startswith("left out")))


def _apply(rule: Rule, value: Any, film: Film) -> str:
    try:
        options, remark, implied = rule(value, film)
        film.take(options)
    except (ValueError, PresetError, ArithmeticError) as error:
        return f"left out: {' '.join(str(error).split())}"
    names = dict.fromkeys(re.sub(r"\.\d$", "", name) for name in options if name not in implied)
    return ", ".join(names) + (f" ({remark})" if remark else "")


def _whole(value: Any) -> int:
    """Read a whole number, which may be written as text; raises ValueError."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
        return int(value)
    if isinstance(value, float) and value == value // 1 and abs(value) < 1e18:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"should be a whole number, got {quote(value)}")
    return value


def _file(value: Any) -> str:
    """Read a path; raises ValueError for a URL, and where there is none."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("names no file")
    path = value.strip().strip('"')
    if is_url(path):
        raise ValueError("is a URL; download it and give the file")
    return path


def _size(value: Any, film: Film) -> Converted:
    sides = [_whole(film.settings.get(side, 512)) for side in "WH"]
    even = "x".join(str(side - side % 2) for side in sides)
    return Converted({"start.size": even}, "even" if any(side % 2 for side in sides) else "")


def _rate(value: Any, film: Film) -> Converted:
    if not isinstance(value, int | float | str):
        raise ValueError(f"should be a number, got {quote(value)}")
    return Converted({"video.fps": value})


def _seed(value: Any, film: Film) -> Converted:
    seed = _whole(value)
    if seed < 0:
        raise ValueError(f"{seed} asks for another one each time")
    return Converted({"seed": seed % 2**31}, "" if seed < 2**31 else "% 2**31")


def _init_image(value: Any, film: Film) -> Converted:
    if film.settings.get("use_init") is not True:
        raise ValueError("use_init is off")
    if film.mode == FOOTAGE:
        raise ValueError("the film is dreamed on footage")
    return Converted({"start.kind": "image", "start.path": _file(value)})


def _footage(value: Any, film: Film) -> Converted:
    if film.mode != FOOTAGE:
        raise ValueError(f"animation_mode is {film.mode}, not {FOOTAGE}")
    return Converted({"start.kind": "video", "start.path": _file(value)})


def _sound(value: Any, film: Film) -> Converted:
    if film.settings.get("add_soundtrack") not in ("File", True):
        raise ValueError("add_soundtrack is not File")
    return Converted({"sound.path": _file(value)})


def _coherence(value: Any, film: Film) -> Converted:
    if value == "Image":
        like = _file(film.settings.get("color_coherence_image_path"))
        return Converted({"colour.keep": "palette", "colour.strength": 1.0, "colour.like": like})
    if not isinstance(value, str) or not re.search(r"LAB|HSV|RGB", value):
        raise ValueError(f"{quote(value)} has no like")
    return Converted({"colour.keep": "palette", "colour.strength": 1.0})


def _contrast(value: Any, film: Film) -> Converted:
    if "colour" not in film.table:
        raise ValueError("needs color_coherence")
    return Converted({"colour.contrast": convert_schedule(value)})


def _title(value: Any, film: Film) -> Converted:
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise ValueError("should be a line of text")
    return Converted({"title": value})


RULES: dict[str, Rule] = {
    "max_frames": lambda value, film: Converted({"video.frames": _whole(value)}),
    "fps": _rate,
    "W": _size,
    "H": _size,
    "seed": _seed,
    "batch_name": _title,
    "init_image": _init_image,
    "video_init_path": _footage,
    "diffusion_cadence": lambda value, film: Converted({"dream.every": _whole(value)}),
    "soundtrack_path": _sound,
    "color_coherence": _coherence,
    "contrast_schedule": _contrast,
    **MOTION,
}
"""Settings that become options, in the order in which they are needed."""

SWITCHES = {"animation_mode": "[motion]", "use_init": "start.kind", "add_soundtrack": "sound.path"}
"""Settings that decide about others."""

_REASONS = (
    ("prompt", "no text is dreamed; dream.layers, dream.classes and dream.words are"),
    ("strength|noise|steps|denoise", "of diffusion; dream.steps and dream.step_size are its like"),
    ("perspective_flip", "has no like; motion.yaw and motion.pitch turn a camera"),
    ("hybrid|flow", "of footage; [flow] carries a dream along it"),
    ("mask", "dream.mask takes a shape or a file"),
    ("depth|midas|near|far|aspect_ratio", "the picture is a plane, without depth"),
    ("^cn_|controlnet", "of ControlNet"),
    ("amount|kernel|sigma|threshold", "of its sharpening; dream.sharpen is the like"),
    ("frame_interpolation|^r_upscale", "done after its film"),
    ("extract_", "of footage"),
    ("parseq", "has no frames"),
)


def _reason(key: str) -> str:
    """Find why a setting without a rule is left out."""
    found = (reason for pattern, reason in _REASONS if re.search(pattern, key))
    return next(found, "has no like")
