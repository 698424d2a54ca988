"""Time the parts of a whole film, rendered into a temporary folder."""

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
from dreamvid.profiling.bench.instrument import Watch, timed_render
from dreamvid.profiling.bench.peak import Memory, with_peaks
from dreamvid.profiling.bench.spread import Spread, spread_of
from dreamvid.render import render

PARTS = ("start", "dream", "motion", "colour", "conversion", "copy", "waiting", "films", REST)
"""Parts of a film's time.

start: loading and building; motion: or the flow of footage; conversion: to YUV; copy: to the host;
waiting: for the encoder; films: joining and writing at the end.
"""


@dataclass(frozen=True)
class FilmTimes:
    preset: str
    model: str
    size: tuple[int, int]  # (width, height)
    frames: int
    seconds: float  # in total
    parts: dict[str, float]  # seconds by PARTS, which add up to the total
    encoding: float  # seconds in the encoder's threads, beside the parts
    frame: Spread  # seconds between the ends of two frames
    memory: dict[str, Memory]

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the film's time by PARTS, with a sum of 1."""
        return {name: took / self.seconds for name, took in self.parts.items()}


def film_preset(
    name: str,
    size: tuple[int, int],
    frames: int,
    device: torch.device,
    settings: Sequence[str] = (),
) -> Preset:
    """Load a preset to measure, without a loop and its lead-in.

    Args:
        size: (width, height) in pixels.
        frames: at least 2.
        settings: KEY=VALUE, which override the preset except for size and length.

    Raises PresetError, ModelError or VideoError as a render would.
    """
    measured = [f'start.size="{size[0]}x{size[1]}"', f"video.frames={frames}"]
    preset = load_preset(name, [*settings, *measured]).model_copy(update={"loop": LoopOptions()})
    build(preset, device)
    return preset


def measure_film(
    name: str, size: tuple[int, int], preset: Preset, device: torch.device
) -> FilmTimes:
    """Time a film of `film_preset`; raises what `render_film` does."""

    def film() -> tuple[int, Watch, dict[str, float], list[Stamp]]:
        with TemporaryDirectory() as folder:
            watch = Watch(device)  # here, as creating and removing the folder are not timed
            ends: list[Stamp] = [stamp(device)]
            with timed_render(watch):
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
    """Seconds between frames, without the first one, which warms up, if there are others."""
    wait_for(device)
    took = [between(begin, end) for begin, end in pairwise(ends)]
    return spread_of(took[1:] or took)
