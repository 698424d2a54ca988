"""Fake dreams that a test can compute itself, and films of a few small frames."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import torch

from dreamvid.dream.settings import Ascent
from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.preset.load import with_settings

CPU = torch.device("cpu")


@dataclass
class Dreams:
    """Stand-in for `dream`, which records its calls."""

    act: Callable[[torch.Tensor, Ascent, torch.Generator], torch.Tensor] | None = None
    asked: list[Ascent] = field(default_factory=list)

    def __call__(self, image, score, ascent, *, rng, mask=None):
        self.asked.append(ascent)
        if self.act is not None:
            return self.act(image, ascent, rng)
        return (image + torch.rand(image.shape, generator=rng)) / 2


@pytest.fixture
def dreams(monkeypatch) -> Dreams:
    """Dream without a network: half noise of the frame's own generator."""
    fake = Dreams()
    monkeypatch.setattr("dreamvid.film.parts.dream", fake)
    return fake


@pytest.fixture
def film():
    """(settings) -> (start picture, frames from index 0 on) of a tiny film that grows."""

    def make(*settings, leads=None):
        small = ("start.size=64x40", "video.fps=8", "dream.octaves=1", "dream.steps=2")
        usual = (*small, "dream.jitter=8", "dream.layers=block_5/expand")
        job = build(with_settings([*usual, *settings]), CPU)
        with job.steps({} if leads is None else leads) as step:
            frames = list(render_frames(job.start, step, count=job.preset.video.count))
        return job.start.image, [frame for frame in frames if frame.index >= 0]

    return make
