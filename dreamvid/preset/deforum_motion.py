"""Deforum's motion as options of [motion].

That of `anim_frame_warp_2d` and `anim_frame_warp_3d` of sd-webui-deforum. In 2D the picture is
shifted by pixels there, then turned and zoomed; here it is shifted last, and by shares of its
sides. In 3D it is a plane at distance 1, as there without depth warping, where Deforum multiplies
each displacement by the focal length, 1 / tan(fov / 2).
"""

import math
from collections.abc import Callable
from typing import Any

from dreamvid.preset.deforum_film import Converted, Film, convert_schedule, write_schedule
from dreamvid.schedule.deforum import MAX_KEYS

Rule = Callable[[Any, Film], Converted]
"""(value of a setting, film) -> options; raises ValueError, or PresetError, to leave it out."""

SCALE = 200  # of Deforum's translations in 3D, as in Disco Diffusion
FIELD_OF_VIEW = 70.0  # Deforum's default


def _of(mode: str, rule: Rule) -> Rule:
    """Restrict a rule to a mode of animation."""

    def moved(value: Any, film: Film) -> Converted:
        if film.mode != mode:
            raise ValueError(f"has an effect in {mode} only, animation_mode is {film.mode}")
        options, remark, _implied = rule(value, film)
        implied: dict[str, Any] = {"motion.per": "frame"}
        if mode == "3D" and "fov_schedule" not in film.settings:
            implied["motion.field_of_view"] = FIELD_OF_VIEW
        return Converted(options | implied, remark, frozenset(implied))

    return moved


def _same(option: str) -> Rule:
    return lambda value, film: Converted({option: convert_schedule(value)})


def _shift_2d(axis: int) -> Rule:
    def convert(value: Any, film: Film) -> Converted:
        zoom = convert_schedule(film.settings.get("zoom", 1.0))
        angle = convert_schedule(film.settings.get("angle", 0.0))
        moved = [convert_schedule(film.settings.get(f"translation_{n}", 0.0)) for n in "xy"]
        if moved == [0.0, 0.0]:
            return Converted({f"motion.shift.{axis}": 0.0})
        if not isinstance(zoom, str) and angle == 0.0:
            share = zoom / film.size[axis]
            shift = convert_schedule(value, lambda pixels: pixels * share, f"{{}}*{share!r}")
            return Converted({f"motion.shift.{axis}": shift})
        right, down = _turned_shifts(film)
        frames = [*range(film.frames)]
        return Converted(
            {
                "motion.shift.0": convert_schedule(write_schedule(frames, right)),
                "motion.shift.1": convert_schedule(write_schedule(frames, down)),
            },
            "a key for each frame: shifts are turned and zoomed there",
        )

    return convert


def _turned_shifts(film: Film) -> tuple[list[float], list[float]]:
    """Turn and zoom the shifts of all frames; shares to the right and down."""
    if film.frames > MAX_KEYS:
        raise ValueError(f"turned shifts need a key a frame: at most {MAX_KEYS} frames")
    width, height = film.size
    zoom, angle = film.at("zoom", 1.0), film.at("angle", 0.0)
    x, y = film.at("translation_x", 0.0), film.at("translation_y", 0.0)
    right, down = [], []
    for frame in range(film.frames):
        turn = math.radians(angle(frame))
        cos, sin = zoom(frame) * math.cos(turn), zoom(frame) * math.sin(turn)
        right.append((cos * x(frame) + sin * y(frame)) / width)
        down.append((cos * y(frame) - sin * x(frame)) / height)
    return right, down


def _focal(film: Film) -> float:
    """Compute the focal length of the first frame, in half picture widths."""
    degrees = film.at("fov_schedule", FIELD_OF_VIEW)(0)
    return 1 / math.tan(math.radians(min(150.0, max(5.0, degrees))) / 2)


def _times_focal(option: str, share: float) -> Rule:
    def convert(value: Any, film: Film) -> Converted:
        factor = share * _focal(film)
        scaled = convert_schedule(value, lambda number: number * factor or 0.0, f"{{}}*{factor!r}")
        return Converted({option: scaled})

    return convert


def _dolly(value: Any, film: Film) -> Converted:
    focal = _focal(film)
    forward = convert_schedule(
        value,
        lambda number: focal * number / (SCALE - number),
        f"{focal!r}*{{}}/({SCALE}-{{}})",
    )
    return Converted({"motion.dolly": forward})


BORDERS = {"replicate": "clamp", "wrap": "wrap"}
PADDINGS = {"border": "clamp", "reflection": "mirror", "zeros": "colour"}
SAMPLINGS = {"bicubic": "cubic", "bilinear": "bilinear", "nearest": "bilinear"}


def _named(option: str, names: dict[str, str]) -> Rule:
    def convert(value: Any, film: Film) -> Converted:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"known: {', '.join(names)}")
        return Converted({option: names[value]})

    return convert


MOTION: dict[str, Rule] = {
    "fov_schedule": _of("3D", _same("motion.field_of_view")),
    "zoom": _of("2D", _same("motion.zoom")),
    "angle": _of("2D", _same("motion.turn")),
    "transform_center_x": _of("2D", _same("motion.centre.0")),
    "transform_center_y": _of("2D", _same("motion.centre.1")),
    "border": _of("2D", _named("motion.border", BORDERS)),
    "translation_z": _of("3D", _dolly),
    "rotation_3d_x": _of("3D", _same("motion.pitch")),
    "rotation_3d_y": _of("3D", _same("motion.yaw")),
    "rotation_3d_z": _of("3D", _times_focal("motion.roll", 1.0)),
    "padding_mode": _of("3D", _named("motion.border", PADDINGS)),
    "sampling_mode": _of("3D", _named("motion.sampling", SAMPLINGS)),
}
_SHIFTS: dict[str, tuple[Rule, Rule]] = {
    # In 3D the camera moves to the right, and the picture to the left.
    "translation_x": (_shift_2d(0), _times_focal("motion.shift.0", -1 / (2 * SCALE))),
    "translation_y": (_shift_2d(1), _times_focal("motion.shift.1", 1 / (2 * SCALE))),
}


def _in_either(flat: Rule, deep: Rule) -> Rule:
    in_2d, in_3d = _of("2D", flat), _of("3D", deep)
    return lambda value, film: (in_3d if film.mode == "3D" else in_2d)(value, film)


MOTION |= {key: _in_either(*rules) for key, rules in _SHIFTS.items()}
