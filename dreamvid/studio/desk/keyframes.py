"""Keyframes of a setting: recorded, set, moved and deleted, at times in frames.

A setting's value is a number or a Curve; operations return its new value as in a preset's table.
What is recorded from a frame on leaves the values before that frame as they were, bit for bit.
Functions raise ValueError, of one line.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.deforum import is_deforum
from dreamvid.schedule.easing import EASES
from dreamvid.schedule.keyframes import MAX_KEYS, read_keyframes
from dreamvid.schedule.moment import SOUND, Moment

Moments = Callable[[int], Moment]
"""Frame -> its moment."""

Value = float | Curve


class Keyframe(NamedTuple):
    """Keyframe whose time is in frames."""

    frame: float
    value: float | str
    ease: str = "linear"

    @property
    def table(self) -> dict[str, float | str]:
        """Plain table of it, for a preset."""
        table = {"at": f"{number_text(self.frame)}f", "value": self.value}
        return table if self.ease == "linear" else {**table, "ease": self.ease}


def number_text(number: float) -> str:
    """Write a number so that it reads back the same, short where that is possible."""
    short = f"{number:.12g}"
    return short if float(short) == number else repr(float(number))


def keyframes_of(value: Value, moment: Moment) -> list[Keyframe] | None:
    """List the keyframes of a setting; None for a number or an expression."""
    if not isinstance(value, Curve) or isinstance(value.source, str):
        return None
    times = read_keyframes(value.source).times
    frames = [time.frame(moment) for time in times]
    return [Keyframe(f, k.value, k.ease) for f, k in zip(frames, value.source, strict=True)]


def record(value: Value, frame: int, new: float | str, moments: Moments) -> Any:
    """Give a setting a new value from a frame on; what it had later goes.

    Values before the frame stay bit for bit.
    """
    if value == new:
        return value
    keys = held_before(value, frame, moments)
    if not keys or keys[-1].value != new:
        keys = [*keys, Keyframe(frame, new, "hold")]
    return tables(keys)


def set_key(value: Value, key: Keyframe, moments: Moments) -> Any:
    """Add a keyframe, or replace the one in its frame."""
    if key.ease not in EASES:
        raise ValueError(f"no such ease {key.ease!r}")
    keys = keyframes_of(value, moments(0))
    if keys is None:
        if isinstance(value, Curve):
            keys = held_before(value, int(key.frame), moments)
        else:
            keys = [Keyframe(0, value)] if key.frame > 0 else []
    rest = [one for one in keys if round(one.frame) != key.frame]
    return tables(_in_order([*rest, key]))


def move_key(value: Value, frame: int, to: int, moments: Moments) -> Any:
    """Move the keyframe of a frame to another one, which has none."""
    keys, key = _find(value, frame, moments)
    rest = [one for one in keys if one is not key]
    if any(round(one.frame) == to for one in rest):
        raise ValueError(f"frame {to} has a keyframe already; delete it first")
    return tables(_in_order([*rest, key._replace(frame=to)]))


def delete_key(value: Value, frame: int, moments: Moments) -> Any:
    """Remove the keyframe of a frame; with the last one the setting is constant, at its value."""
    keys, key = _find(value, frame, moments)
    rest = [one for one in keys if one is not key]
    return tables(rest) if rest else key.value


def fix(value: Value, frame: int, moments: Moments) -> Any:
    """Make a setting constant, at its value in a frame."""
    if not isinstance(value, Curve):
        raise ValueError("is constant already")
    _refuse_sound(value, "set a number")
    return value_at(value, moments(max(0, frame)))


def held_before(value: Value, frame: int, moments: Moments) -> list[Keyframe]:
    """List keyframes with a setting's values in all frames before one, the last of them held."""
    if frame <= 0:
        return []
    keys = keyframes_of(value, moments(0))
    if keys is None:
        source = value.source if isinstance(value, Curve) else value
        assert not isinstance(source, tuple)
        if isinstance(source, str) and is_deforum(source):  # whose variables are others
            return _baked(value, frame, moments)
        return [Keyframe(0, source, "hold")]
    kept = [key for key in keys if key.frame < frame]
    if not kept:
        return [Keyframe(0, keys[0].value, "hold")]
    last = kept[-1]
    inside = math.floor(last.frame) + 1  # the first frame after the key
    held = [*kept[:-1], last._replace(ease="hold")]
    if last.ease == "hold" or len(kept) == len(keys) or inside >= frame:
        return held
    formula = _segment(last, keys[len(kept)])
    try:
        Curve(formula)
    except ValueError:  # longer than formulas may be
        return _baked(value, frame, moments)
    return [*held, Keyframe(inside, formula, "hold")]


_EASED = {
    "linear": "{s}",
    "smooth": "smooth({s})",
    "in": "({s})**3",
    "out": "1 - (1 - {s})**3",
    "elastic": "2**(-10*({s})) * sin((10*({s}) - 0.75)*tau/3) + 1",
    "bounce": "where({s} < 1/2.75, 7.5625*({s})**2, where({s} < 2/2.75,"
    " 7.5625*({s} - 1.5/2.75)**2 + 0.75, where({s} < 2.5/2.75,"
    " 7.5625*({s} - 2.25/2.75)**2 + 0.9375, 7.5625*({s} - 2.625/2.75)**2 + 0.984375)))",
}
"""`EASES` as formulas of the share s, with the same operations in the same order."""


def _segment(key: Keyframe, later: Keyframe) -> str:
    """Write the change from a keyframe to the next as a formula."""
    span = number_text(later.frame - key.frame)
    since = "frame" if key.frame == 0 else f"(frame - {_signed(key.frame)})"
    eased = _EASED[key.ease].format(s=f"{since}/{span}")
    return f"lerp({_signed(key.value)}, {_signed(later.value)}, {eased})"


def _signed(value: float | str) -> str:
    return value if isinstance(value, str) else number_text(value)


def _baked(value: Value, frame: int, moments: Moments) -> list[Keyframe]:
    """List a keyframe for each frame in which the value changes."""
    assert isinstance(value, Curve)
    _refuse_sound(value, "fix it first")
    keys: list[Keyframe] = []
    for index in range(frame):
        number = value.at(moments(index))
        if not keys or number != keys[-1].value:
            keys.append(Keyframe(index, number, "hold"))
        if len(keys) >= MAX_KEYS:
            raise ValueError(f"takes more than {MAX_KEYS} keyframes here; fix it first")
    return keys


def _refuse_sound(value: Curve, cure: str) -> None:
    if value.names & {*SOUND, "beat"}:
        raise ValueError(f"follows the sound or its beat; {cure}")


def _find(value: Value, frame: int, moments: Moments) -> tuple[list[Keyframe], Keyframe]:
    keys = keyframes_of(value, moments(0)) or []
    key = next((one for one in keys if round(one.frame) == frame), None)
    if key is None:
        raise ValueError(f"has no keyframe in frame {frame}")
    return keys, key


def _in_order(keys: list[Keyframe]) -> list[Keyframe]:
    return sorted(keys, key=lambda key: key.frame)


def tables(keys: list[Keyframe]) -> list[dict[str, float | str]]:
    """Write keyframes as a preset has them; raises ValueError for too many."""
    if len(keys) > MAX_KEYS:
        raise ValueError(f"has {MAX_KEYS} keyframes, and more are too many; thin or fix it")
    return [key.table for key in keys]
