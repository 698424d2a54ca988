"""A whole film, rendered into a folder that goes away, and what of it took how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from dreamvid.film.job import build
from dreamvid.preset.load import load_preset
from dreamvid.preset.schema import LoopOptions, Preset
from dreamvid.profiling.bench.clock import REST, Stamp, between, stamp, wait_for
from dreamvid.profiling.bench.instrument import Watch, watched
from dreamvid.profiling.bench.peak import Memory, with_peaks
from dreamvid.profiling.bench.spread import Spread, spread_of
from dreamvid.render import render

PARTS = ("start", "dream", "motion", "colour", "conversion", "copy", "waiting", "films", REST)
"""Of the film's time: start is loading and building; motion, or the flow of footage; conversion
to YUV; copy of that to the host; waiting for the encoder; films are what is written at the end.
"""


@dataclass(frozen=True)
class FilmTimes:
    preset: str
    model: str
    size: tuple[int, int]  # (width, height)
    frames: int
    seconds: float  # of all of it
    parts: dict[str, float]  # seconds, by PARTS; together all of it
    encoding: float  # seconds beside them, in threads of its own
    frame: Spread  # seconds from the end of one frame to the end of the next
    memory: dict[str, Memory]

    @property
    def shares(self) -> dict[str, float]:
        """Of the film's time; they add up to 1."""
        return {name: took / self.seconds for name, took in self.parts.items()}


def film_preset(
    name: str,
    size: tuple[int, int],
    frames: int,
    device: torch.device,
    settings: Sequence[str] = (),
) -> Preset:
    """A preset as it is measured: no loop, which has frames that are rendered but not shown.

    Args:
        frames: of the film, at least 2.
        settings: `key=value`, laid over the preset, but for its size and length.

    Raises PresetError, ModelError or VideoError for whatever a render would refuse.
    """
    measured = [f'start.size="{size[0]}x{size[1]}"', f"video.frames={frames}"]
    preset = load_preset(name, [*settings, *measured]).model_copy(update={"loop": LoopOptions()})
    build(preset, device)
    return preset


def measure_film(
    name: str, size: tuple[int, int], preset: Preset, device: torch.device
) -> FilmTimes:
    """Renders it with `render_film`; raises what that raises.

    Args:
        name, size: under which it is told.
        preset: of `film_preset`.
    """

    def film() -> tuple[int, Watch, dict[str, float], list[Stamp]]:
        with TemporaryDirectory() as folder:
            watch = Watch(device)  # here, so that neither making room nor deleting is timed
            ends: list[Stamp] = [stamp(device)]
            with watched(watch):
                outcome = render.render_film(
                    preset,
                    Path(folder) / "film",
                    device=device,
                    on_frame=lambda _: ends.append(stamp(device)),
                )
            return outcome.count, watch, watch.stopwatch.seconds(), ends

    (frames, watch, spent, ends), memory = with_peaks(film, device)
    return FilmTimes(
        preset=name,
        model=preset.model,
        size=size,
        frames=frames,
        seconds=sum(spent.values()),
        parts={part: spent.get(part, 0.0) for part in PARTS},
        encoding=sum(watch.encodings),
        frame=_between_frames(ends, device),
        memory=memory,
    )


def _between_frames(ends: list[Stamp], device: torch.device) -> Spread:
    """Without the first frame, which loads and warms up, where there are others."""
    wait_for(device)
    took = [between(begin, end) for begin, end in pairwise(ends)]
    return spread_of(took[1:] or took)
