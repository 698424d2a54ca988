"""Which loop is made of a film, where nobody said it."""

from pathlib import Path
from typing import Literal

from dreamvid.embedding import read_record
from dreamvid.looping.kinds import cross_fade, ping_pong
from dreamvid.targets.timing import repeated
from dreamvid.video.pictures import Pictures, pictures_of

Kind = Literal["ping-pong", "cross-fade", "repeat"]

FADE_SECONDS = 1.0

STEP = "dreamvid loop --kind {}"
"""What a record is told of a loop."""

KEEPING = ("dreamvid render", "dreamvid replay", "dreamvid reverse", STEP.format("repeat"))
CLOSING = (STEP.format("ping-pong"), STEP.format("cross-fade"))
"""Steps in a record after which a loop is still one, and after which any film is one."""


def make_loop(
    path: Path, kind: Kind, *, times: int | None = None, seconds: float | None = None
) -> Pictures:
    """The film as a loop, of one round or of so many.

    Args:
        times: None: one round; of "repeat", which shows the film as it is, two.
        seconds: how long a cross-fade takes; None: one, or less of a short film.

    Raises PresetError, VideoError.
    """
    return repeated(_round(path, kind, seconds), times or (2 if kind == "repeat" else 1))


def _round(path: Path, kind: Kind, seconds: float | None) -> Pictures:
    if kind == "ping-pong":
        return ping_pong(path)
    film = pictures_of(path)
    if kind == "repeat":
        return film
    if seconds is None:
        seconds = min(FADE_SECONDS, float(film.seconds) / 4)
    return cross_fade(film, max(1, round(seconds * film.fps)))


def is_loop(path: Path) -> bool:
    """Whether the file's record says that its end leads to its beginning."""
    record = read_record(path) or {}
    preset, steps = record.get("preset"), record.get("made_by")
    loop = preset.get("loop") if isinstance(preset, dict) else None
    kind = loop.get("kind") if isinstance(loop, dict) else None
    # A part of it that was cut out would be none; a film turned round still is one.
    if not isinstance(steps, list) or not {*map(str, steps)} <= {*KEEPING, *CLOSING}:
        return False
    return kind in ("cross-fade", "endless") or any(step in CLOSING for step in steps)
