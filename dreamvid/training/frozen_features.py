"""What the frozen part of a network sees in views of photos, and which photos break on the way.

Photos are read and cropped in other processes, if that is asked for; what comes back is the
same in any number of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dreamvid.errors import PresetError
from dreamvid.image import Image
from dreamvid.models.features import Trainable
from dreamvid.models.preprocessing import Pixels
from dreamvid.system.memory import ran_out
from dreamvid.training.base import Base
from dreamvid.training.batches import Look
from dreamvid.training.data.pairs import Pair
from dreamvid.training.views import SIDE, view

Activations = Float[Tensor, "photos channels rows columns"]


@dataclass(frozen=True)
class Seen:
    """What was seen at a batch of looks."""

    looks: Sequence[Look]
    rows: Sequence[int]  # the numbers, among those, of the photos that could be read
    activations: Activations  # of these, by the frozen part's last layer; on the device


Source = Callable[[Iterable[list[Look]]], Iterator[Seen]]
"""What is seen at each batch of looks, in order."""
Broken = Callable[[Look, str], None]
"""Told of a photo that cannot be read any more, and why."""


@dataclass(frozen=True)
class Fresh:
    """Photos read and looked at anew each time."""

    pairs: Sequence[Pair]
    base: Base
    device: torch.device
    seed: int
    workers: int  # processes beside this one
    broken: Broken

    def __call__(self, batches: Iterable[list[Look]]) -> Iterator[Seen]:
        loader = DataLoader(
            _Crops(self.pairs, self.base.pixels, self.seed),
            batch_sampler=batches,  # any iterable of batches is one
            num_workers=self.workers,
            collate_fn=_together,
            # A fork would take the threads of this process along, asleep.
            multiprocessing_context="spawn" if self.workers else None,
        )
        for looks, made in loader:
            rows = [row for row, each in enumerate(made) if isinstance(each, Tensor)]
            for look, each in zip(looks, made, strict=True):
                if isinstance(each, str):
                    self.broken(look, each)
            crops = torch.cat([torch.empty(0, 3, SIDE, SIDE), *(made[row] for row in rows)])
            yield Seen(looks, rows, frozen_part(self.base.network, crops.to(self.device)))


def frozen_part(network: Trainable, pixels: Float[Tensor, "photos 3 _ _"]) -> Activations:
    """Of prepared pixels; in halves where memory does not suffice for all of them at once."""
    try:
        with torch.no_grad():
            ready = pixels.contiguous(memory_format=torch.channels_last)
            return network(ready, [network.frozen])[network.frozen].float()
    except (RuntimeError, MemoryError) as error:
        if len(pixels) < 2 or not ran_out(error):
            raise
    half = len(pixels) // 2
    return torch.cat([frozen_part(network, pixels[:half]), frozen_part(network, pixels[half:])])


def blank(base: Base, device: torch.device) -> Activations:
    """The frozen part's activation for a view of nothing, which tells its shape."""
    return frozen_part(base.network, torch.zeros(1, 3, SIDE, SIDE, device=device))


class _Crops(Dataset):
    """The views, as the network takes its pixels."""

    def __init__(self, pairs: Sequence[Pair], pixels: Pixels, seed: int) -> None:
        self.pairs, self.pixels, self.seed = pairs, pixels, seed

    def __getitem__(self, look: Look) -> tuple[Look, Image | str]:
        """Its pixels; of a photo that cannot be read, the reason."""
        pair = self.pairs[look.photo]
        try:
            return look, self.pixels.prepare(view(pair.photo, pair.name, look.view, self.seed))
        except PresetError as error:
            return look, str(error)


def _together(items: Sequence[tuple[Look, Image | str]]) -> tuple[list[Look], list[Image | str]]:
    return [look for look, _ in items], [made for _, made in items]
