"""A film of a few tiny frames, as tables that a desk would send."""

import pytest
import torch

from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.preset.load import check, lay_over

TINY = (
    *("start.size=48x32", "start.kind=dusk", "dream.octaves=1", "dream.steps=1"),
    *("dream.layers=block_5/expand", "video.fps=8", "video.frames=10"),
)
CPU = torch.device("cpu")


@pytest.fixture
def table():
    """(settings) -> the table of a tiny preset."""

    def make(*settings):
        return lay_over({}, [*TINY, *settings]).model_dump(mode="json", exclude_unset=True)

    return make


@pytest.fixture
def rendered():
    """(table) -> the frames of its render."""

    def frames(table):
        job = build(check(table), CPU)
        with job.steps({}) as step:
            found = list(render_frames(job.start, step, count=job.preset.video.count))
        return [frame for frame in found if frame.index >= 0]

    return frames
