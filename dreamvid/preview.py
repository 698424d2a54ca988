"""What a film will look like, before it is rendered."""

import torch

from dreamvid.engine import render_frames
from dreamvid.image import Image
from dreamvid.job import build
from dreamvid.options import LoopOptions, Preset
from dreamvid.report import contact_sheet
from dreamvid.resolve import with_video
from dreamvid.schedule.curve import Curve
from dreamvid.start import DEFAULT_SIZE, file_size

WIDTH = 240  # pixels; the dream's features keep their size, so much smaller shows too few


def shrink(preset: Preset, to: int = WIDTH) -> Preset:
    """The same film, so many pixels wide at most, with as many octaves as make sense there."""
    width, height = preset.start.size or file_size(preset.start) or DEFAULT_SIZE
    scale = min(1.0, to / width)
    size = tuple(max(32, 2 * round(side * scale / 2)) for side in (width, height))
    start = preset.start.model_copy(update={"size": size})
    dream = preset.dream
    if isinstance(dream.octaves, Curve) or isinstance(dream.octave_scale, Curve):
        return preset.model_copy(update={"start": start})
    octaves = range(1, int(dream.octaves) + 1)
    fitting = [n for n in octaves if min(size) / dream.octave_scale**n > 40]
    fewer = dream.model_copy(update={"octaves": max(fitting, default=1)})
    return preset.model_copy(update={"start": start, "dream": fewer})


def film_sheet(preset: Preset, device: torch.device, *, frames: int, tiles: int) -> Image:
    """Some of the film's first frames, evenly spread, as one picture.

    Part of a loop is shown without the dream that comes before its first frame.
    """
    if frames < with_video(preset).video.count:
        preset = preset.model_copy(update={"loop": LoopOptions()})
    job = build(preset, device)
    count = min(frames, job.preset.video.count)
    tiles = min(tiles, count)
    wanted = {round(n * (count - 1) / max(1, tiles - 1)) for n in range(tiles)}
    with job.steps({}) as step:
        shown = render_frames(job.start, step, count=count)
        kept = [frame.image.cpu() for frame in shown if frame.index in wanted]
    return contact_sheet(kept, columns=3 if len(kept) > 2 else len(kept), width=kept[0].shape[-1])
