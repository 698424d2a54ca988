"""Features of photos from the frozen part of a network.

Photos are read and cropped in worker processes, if there are any; the result is the same for any
number of them.
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
from dreamvid.training.batches import Sample
from dreamvid.training.data.pairs import Pair
from dreamvid.training.views import SIDE, view

Activations = Float[Tensor, "photos channels rows columns"]


@dataclass(frozen=True)
class FeatureBatch:
    """Features of a batch of samples, less those whose photo could not be read."""

    samples: Sequence[Sample]
    rows: Sequence[int]  # indices of the samples that could be read
    activations: Activations  # of these, by the last frozen layer; on the device


FeatureSource = Callable[[Iterable[list[Sample]]], Iterator[FeatureBatch]]
"""Turns batches of samples into features, in order."""
OnBroken = Callable[[Sample, str], None]
"""Called with a sample whose photo cannot be read any more, and the reason."""


@dataclass(frozen=True)
class FeatureExtractor:
    """A `FeatureSource` that reads the photos and runs the network each time."""

    pairs: Sequence[Pair]
    base: Base
    device: torch.device
    seed: int
    workers: int  # processes beside this one
    on_broken: OnBroken

    def __call__(self, batches: Iterable[list[Sample]]) -> Iterator[FeatureBatch]:
        loader = DataLoader(
            _Crops(self.pairs, self.base.pixels, self.seed),
            batch_sampler=batches,  # any iterable of batches will do
            num_workers=self.workers,
            collate_fn=list,
            # A fork would copy this process's threads, none of them running.
            multiprocessing_context="spawn" if self.workers else None,
        )
        for items in loader:
            samples, results = zip(*items, strict=True)
            rows = [row for row, result in enumerate(results) if isinstance(result, Tensor)]
            for sample, result in zip(samples, results, strict=True):
                if isinstance(result, str):
                    self.on_broken(sample, result)
            crops = torch.cat([torch.empty(0, 3, SIDE, SIDE), *(results[row] for row in rows)])
            activations = frozen_features(self.base.network, crops.to(self.device))
            yield FeatureBatch(samples, rows, activations)


def frozen_features(network: Trainable, pixels: Float[Tensor, "photos 3 _ _"]) -> Activations:
    """Run the frozen layers on prepared pixels, in halves if memory does not suffice."""
    try:
        with torch.no_grad():
            ready = pixels.contiguous(memory_format=torch.channels_last)
            return network(ready, [network.frozen])[network.frozen].float()
    except (RuntimeError, MemoryError) as error:
        if len(pixels) < 2 or not ran_out(error):
            raise
    half = len(pixels) // 2
    halves = pixels[:half], pixels[half:]
    return torch.cat([frozen_features(network, part) for part in halves])


def blank_features(base: Base, device: torch.device) -> Activations:
    """Compute the features of one black view, which have the shape of any view's."""
    return frozen_features(base.network, torch.zeros(1, 3, SIDE, SIDE, device=device))


class _Crops(Dataset):
    """Views as the network takes its pixels."""

    def __init__(self, pairs: Sequence[Pair], pixels: Pixels, seed: int) -> None:
        self.pairs, self.pixels, self.seed = pairs, pixels, seed

    def __getitem__(self, sample: Sample) -> tuple[Sample, Image | str]:
        """Return a sample with its pixels, or with the reason why it cannot be read."""
        pair = self.pairs[sample.photo]
        try:
            crop = view(pair.photo, pair.name, sample.view, self.seed)
            return sample, self.pixels.prepare(crop)
        except PresetError as error:
            return sample, str(error)
