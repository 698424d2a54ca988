"""Which loop is made of a film, where nobody said it."""

from fractions import Fraction
from pathlib import Path

from dreamvid.export.loop.kinds import cross_fade, ping_pong
from dreamvid.export.loop.plan import LoopPlan
from dreamvid.export.timing import part, repeated
from dreamvid.media.clip import Pictures
from dreamvid.media.metadata import read_record

STEP = "dreamvid loop --kind {}"
"""What a record is told of a loop."""

KEEPING = ("dreamvid render", "dreamvid replay", "dreamvid reverse", STEP.format("repeat"))
CLOSING = (STEP.format("ping-pong"), STEP.format("cross-fade"))
"""Steps in a record after which a loop is still one, and after which any film is one."""

THERE_AND_BACK = "loop"  # the output of a render that is a loop, whatever its film is


def make_loop(path: Path, film: Pictures, plan: LoopPlan) -> Pictures:
    """As it was planned of a film and its file. Raises PresetError, VideoError."""
    return repeated(_round(path, film, plan), plan.times)


def _round(path: Path, film: Pictures, plan: LoopPlan) -> Pictures:
    used = part(film, Fraction(0), plan.count / film.fps)
    if plan.kind == "ping-pong":
        return ping_pong(path, used)
    return cross_fade(used, plan.fade) if plan.kind == "cross-fade" else used


def is_loop(path: Path) -> bool:
    """Whether the file's record says that its end leads to its beginning."""
    record = read_record(path) or {}
    preset, steps = record.get("preset"), record.get("made_by")
    loop = preset.get("loop") if isinstance(preset, dict) else None
    kind = loop.get("kind") if isinstance(loop, dict) else None
    # A part of it that was cut out would be none; a film turned round still is one.
    if not isinstance(steps, list) or not {*map(str, steps)} <= {*KEEPING, *CLOSING}:
        return False
    rendered = kind in ("cross-fade", "endless") or record.get("output") == THERE_AND_BACK
    return rendered or any(step in CLOSING for step in steps)
