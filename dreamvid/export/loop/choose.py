"""Making the planned loop of a film, and detecting films that are loops already."""

from fractions import Fraction
from pathlib import Path

from dreamvid.export.loop.kinds import cross_fade, ping_pong
from dreamvid.export.loop.plan import LoopPlan
from dreamvid.export.timing import repeat, trim
from dreamvid.media.clip import Pictures
from dreamvid.media.metadata import read_record

STEP = "dreamvid loop --kind {}"
"""The entry of a loop in a record's made_by."""

LOOP_KEEPING = ("dreamvid render", "dreamvid replay", "dreamvid reverse", STEP.format("repeat"))
LOOP_MAKING = (STEP.format("ping-pong"), STEP.format("cross-fade"))
"""Steps that keep a loop a loop, and steps that make one of any film."""

LOOP_OUTPUT = "loop"  # the output of a render that is a loop, whatever its film is


def make_loop(path: Path, film: Pictures, plan: LoopPlan) -> Pictures:
    """Make the planned loop of a film in a file. Raises PresetError, VideoError."""
    loop = trim(film, Fraction(0), plan.count / film.fps)
    if plan.kind == "ping-pong":
        loop = ping_pong(path, loop)
    elif plan.kind == "cross-fade":
        loop = cross_fade(loop, plan.fade)
    return repeat(loop, plan.times)


def is_loop(path: Path) -> bool:
    """Detect by its record a film whose end leads to its beginning."""
    record = read_record(path) or {}
    preset, steps = record.get("preset"), record.get("made_by")
    loop = preset.get("loop") if isinstance(preset, dict) else None
    kind = loop.get("kind") if isinstance(loop, dict) else None
    # A trimmed loop is none any more; a reversed one still is.
    if not isinstance(steps, list) or not {*map(str, steps)} <= {*LOOP_KEEPING, *LOOP_MAKING}:
        return False
    rendered = kind in ("cross-fade", "endless") or record.get("output") == LOOP_OUTPUT
    return rendered or any(step in LOOP_MAKING for step in steps)
