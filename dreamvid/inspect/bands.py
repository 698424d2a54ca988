"""Bands in which a film looks good, and a line with a cure for each measure that leaves its own.

Found by looking at dreams of 48 to 300 frames beside their figures; other films may leave them on
purpose, as a night does that of `spread`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

from dreamvid.inspect.film import Inspection

CLIPPED = 0.3  # percent of a frame
CHROMA = 0.8  # of the first second's
SPREAD = (35.0, 60.0)  # grey levels
CROSS = 1.4  # times the lines beside
FLICKER = 8.0  # of 255
SEAM = 2.0  # times the change between other frames

STEADY = 5  # measured frames whose median counts: a line of the picture itself soon passes
GROWN = (0.5, 2.0)  # of the film's median detail: a frame outside is bare sky or bare noise


@dataclass(frozen=True)
class Finding:
    """A measure outside of its band."""

    name: str  # of the measure
    frame: int  # at which it is worst
    value: float
    text: str  # value, band and cure


def judge(film: Inspection, preset: Mapping[str, Any] | None = None) -> list[Finding]:
    """List what is out of its band.

    Args:
        preset: of the film, as its record has it, for cures that fit; None: unknown.
    """
    found = (check(film, _keeps(preset)) for check in CHECKS)
    return [finding for finding in found if finding]


def _keeps(preset: Mapping[str, Any] | None) -> str:
    """Return `colour.keep` of a preset, which may be a stranger's."""
    colour = preset.get("colour") if isinstance(preset, Mapping) else None
    keep = colour.get("keep") if isinstance(colour, Mapping) else None
    return keep if isinstance(keep, str) else "none"


def _clipped(film: Inspection, keep: str) -> Finding | None:
    frame = max(grown_frames(film), key=lambda n: film.moments[n].clipped)
    value = film.moments[frame].clipped
    if value <= CLIPPED:
        return None
    cure = "a larger colour.strength, or a lower colour.contrast"
    text = f"clipped {value:.3g} % at frame {frame}, band up to {CLIPPED} %"
    return Finding("clipped", frame, value, f"{text}: {_palette(keep, cure)}")


def _chroma(film: Inspection, keep: str) -> Finding | None:
    grown = grown_frames(film)
    second = [n for n in film.moments if n < film.fps]
    first = mean(film.moments[n].chroma for n in [n for n in second if n in grown] or second)
    frame = min(grown, key=lambda n: film.moments[n].chroma)
    value = film.moments[frame].chroma
    if value >= CHROMA * first:
        return None
    band = f"band from {CHROMA * first:.0f}, {CHROMA} of the first second's {first:.0f}"
    cure = _palette(keep, "a higher colour.saturation")
    return Finding("chroma", frame, value, f"chroma {value:.0f} at frame {frame}, {band}: {cure}")


def _spread(film: Inspection, keep: str) -> Finding | None:
    low, high = SPREAD
    frames = {n: film.moments[n].spread for n in grown_frames(film)}
    # In the first second a picture still grows out of a pale start.
    beyond = {n: max(v - high, low - v if n >= film.fps else 0) for n, v in frames.items()}
    frame = max(beyond, key=lambda n: beyond[n])
    value = frames[frame]
    if beyond[frame] <= 0:
        return None
    way = "lower" if value > high else "higher"
    cure = _palette(keep, f"a {way} colour.contrast")
    band = f"band {low:.0f} to {high:.0f}"
    return Finding("spread", frame, value, f"spread {value:.1f} at frame {frame}, {band}: {cure}")


def _palette(keep: str, cure: str) -> str:
    return cure if keep == "palette" else 'colour.keep = "palette"'


def _cross(film: Inspection, keep: str) -> Finding | None:
    numbers = list(film.moments)
    lasting = {
        n: median(film.moments[m].cross for m in numbers[max(0, at + 1 - STEADY) : at + 1])
        for at, n in enumerate(numbers)
        if at + 1 >= min(STEADY, len(numbers))
    }
    frame = max(lasting, key=lambda n: lasting[n])
    value = lasting[frame]
    if value <= CROSS:
        return None
    cure = 'motion.sampling = "cubic", or a motion.centre that moves: "0.5 + 0.06*sin(tau*t/5)"'
    text = f"cross {value:.2f} at frame {frame}, band up to {CROSS}: {cure}"
    return Finding("cross", frame, value, text)


def _flicker(film: Inspection, keep: str) -> Finding | None:
    known = [(pair.flicker, pair.frame) for pair in film.pairs if pair.flicker is not None]
    value = median(flicker for flicker, _ in known) if known else 0.0
    if value <= FLICKER:
        return None
    frame = max(known)[1]
    cure = "dream.every = 2, flow.frames = 2, or dream.same_jitter = true"
    text = f"flicker {value:.1f}, band up to {FLICKER:g}: {cure}"
    return Finding("flicker", frame, value, text)


def _seam(film: Inspection, keep: str) -> Finding | None:
    if film.seam is None or film.seam <= SEAM:
        return None
    cure = 'loop.kind = "endless", or `dreamvid loop`'
    text = f"seam {film.seam:.1f} times the usual change, band up to {SEAM:g}: {cure}"
    return Finding("seam", film.frames - 1, film.seam, text)


CHECKS: tuple[Callable[[Inspection, str], Finding | None], ...] = (
    _clipped,
    _chroma,
    _spread,
    _cross,
    _flicker,
    _seam,
)


def grown_frames(film: Inspection) -> list[int]:
    """List the measured frames with the film's usual detail, that are no bare start any more.

    A dusk has nearly none at first, and noise too much. In a film of noise alone all frames count.
    """
    details = {number: moment.detail for number, moment in film.moments.items()}
    usual = median(details.values())
    low, high = (share * usual for share in GROWN)
    begin = next((n for n, detail in details.items() if low <= detail <= high), 0)
    return [number for number in details if number >= begin]
