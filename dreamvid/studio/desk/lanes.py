"""Lanes of the timeline: settings that change over the film."""

from collections.abc import Iterator
from functools import lru_cache

from dreamvid.preset.schedules import schedules
from dreamvid.preset.schema import Preset
from dreamvid.schedule.curve import Curve
from dreamvid.studio import protocol
from dreamvid.studio.desk.keyframes import keyframes_of
from dreamvid.studio.desk.times import Times

SAMPLES = 200


def lanes_of(preset: Preset, times: Times) -> Iterator[protocol.Lane]:
    """Yield a lane for each schedule; one that follows a sound has no samples."""
    for key, curve in schedules(preset):
        yield _lane(key, curve, times)


@lru_cache(maxsize=64)  # most stay the same while one is changed
def _lane(key: str, curve: Curve, times: Times) -> protocol.Lane:
    try:
        keys = keyframes_of(curve, times.moment(0))
    except ValueError:  # in beats, and the film has none
        keys = None
    points = [protocol.Keyframe(frame=k.frame, value=k.value, ease=k.ease) for k in keys or ()]
    return protocol.Lane(
        key=key,
        keyframes=points or None,
        expression=curve.source if isinstance(curve.source, str) else None,
        samples=_samples(curve, times),
    )


def _samples(curve: Curve, times: Times) -> list[float]:
    last = times.length.frames - 1
    count = min(SAMPLES, last + 1)
    frames = [round(last * number / max(1, count - 1)) for number in range(count)]
    try:
        return [curve.at(times.moment(frame)) for frame in frames]
    except ValueError:  # no value there, or none without the sound
        return []
