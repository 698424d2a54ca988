"""Colours that a film keeps: its start's, scenes', pictures' and guides', fading into another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from math import prod
from pathlib import Path

import torch

from dreamvid.dream.colour import Goal, Grade, Palette, colours_of, goal_of
from dreamvid.errors import PresetError
from dreamvid.film.engine import frame_rng
from dreamvid.film.scenes import STARTS
from dreamvid.media.images.reading import load
from dreamvid.preset.base import Scheduled
from dreamvid.preset.colour import GUIDE, Like
from dreamvid.preset.schema import Preset
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

SCENE = (64, 128)  # height and width that scenes are drawn at: the same palette at any size
REMEMBERED = 16  # goals


@dataclass(frozen=True)
class Palettes:
    """Palettes of `colour.like`, each with the factors of its weight over time."""

    likes: tuple[tuple[Palette, tuple[Scheduled, ...]], ...] = ()

    def goal(self, own: Callable[[], Palette], grade: Grade, moment: Moment) -> Goal:
        """Blend the colours to reach at a moment; raises ValueError.

        What the weights leave of 1 is the share of `own`, the start's palette; over 1 they are
        relative.
        """
        weights = [prod(value_at(factor, moment) for factor in each) for _, each in self.likes]
        scale = max(1.0, sum(weights))
        shares = [
            (palette, weight / scale)
            for (palette, _), weight in zip(self.likes, weights, strict=True)
            if weight
        ]
        if (rest := 1 - sum(weights) / scale) > 1e-9:
            shares.append((own(), rest))
        stretch = grade.keep, grade.contrast, grade.saturation
        goals = [share * self._goal_of(palette, *stretch) for palette, share in shares]
        return torch.stack(goals).sum(0)

    @cached_property
    def _goal_of(self) -> Callable[[Palette, str, float, float], Goal]:
        """The function `goal_of`, which sorts thousands of colours, with a memory."""
        return lru_cache(REMEMBERED)(goal_of)


def read_palettes(preset: Preset, device: torch.device) -> Palettes:
    """Draw the scenes and read the pictures and guides of `colour.like`; raises PresetError."""
    guides = preset.dream.guide

    @lru_cache
    def palette(of: str | Path) -> Palette:
        if isinstance(of, str):
            return colours_of(STARTS[of](*SCENE, frame_rng(preset.seed, -1)).to(device))
        return colours_of(load(of, option="colour.like").to(device))

    def palettes(like: Like) -> Iterator[tuple[Palette, tuple[Scheduled, ...]]]:
        if like.of != GUIDE:
            yield palette(like.of), (like.weight,)
        elif not guides:
            problem = f"{GUIDE} stands for pictures that this dream does not have"
            raise PresetError("colour.like", problem, "--set dream.guide=PICTURE, or a scene")
        else:
            yield from ((palette(one.path), (like.weight, one.weight)) for one in guides)

    return Palettes(tuple(chain.from_iterable(map(palettes, preset.colour.like))))
