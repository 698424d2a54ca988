"""What a film will look like, before it is rendered."""

import torch

from dreamvid.engine import render_frames
from dreamvid.image import Image, load
from dreamvid.job import build
from dreamvid.options import Preset
from dreamvid.report import contact_sheet
from dreamvid.start import DEFAULT_SIZE

WIDTH = 240  # pixels; the dream's features keep their size, so much smaller shows too few


def shrink(preset: Preset) -> Preset:
    """The same film at preview size, with as many octaves as make sense there."""
    width, height = preset.start.size or DEFAULT_SIZE
    if preset.start.path and not preset.start.size:
        height, width = load(preset.start.path, option="start.path").shape[-2:]
    scale = min(1.0, WIDTH / width)
    size = tuple(max(32, 2 * round(side * scale / 2)) for side in (width, height))
    dream = preset.dream
    fitting = [n for n in range(1, dream.octaves + 1) if min(size) / dream.octave_scale**n > 40]
    octaves = max(fitting, default=1)
    return preset.model_copy(
        update={
            "start": preset.start.model_copy(update={"size": size}),
            "dream": dream.model_copy(update={"octaves": octaves}),
        }
    )


def film_sheet(preset: Preset, device: torch.device, *, tiles: int) -> Image:
    """Frames of the film, evenly spread from the first to the last, as one picture."""
    job = build(preset, device)
    count = job.preset.video.count
    tiles = min(tiles, count)
    wanted = {round(n * (count - 1) / max(1, tiles - 1)) for n in range(tiles)}
    frames = render_frames(job.start, job.step, count=count, seed=job.preset.seed)
    kept = [frame.image.cpu() for frame in frames if frame.index in wanted]
    return contact_sheet(kept, columns=3 if len(kept) > 2 else len(kept), width=kept[0].shape[-1])
