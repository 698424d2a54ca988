"""Streams of sample blocks, cut to a length or regrouped; the samples stay as they are."""

from collections.abc import Generator, Iterable

import numpy as np
from jaxtyping import Float32

# The underscores let one function take blocks of different shapes.
Samples = Float32[np.ndarray, "_channels _samples"]

BLOCK = 1 << 16  # samples in a block of silence


def silence(channels: int, samples: int) -> Generator[Samples, None, None]:
    for first in range(0, samples, BLOCK):
        yield np.zeros((channels, min(BLOCK, samples - first)), np.float32)


def fit(
    blocks: Iterable[Samples], samples: int, *, channels: int
) -> Generator[Samples, None, None]:
    """Exactly so many samples: what is longer is cut, what is shorter ends in silence.

    A stream that is cut is not read on.
    """
    left = samples
    for block in blocks:
        block = block[:, :left]
        left -= block.shape[1]
        yield block
        if not left:
            return
    yield from silence(channels, left)


def regroup(blocks: Iterable[Samples], size: int) -> Generator[Samples, None, None]:
    """The same samples in blocks of `size`; the last one holds what is left."""
    held: list[Samples] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += block.shape[1]
        if count >= size:
            whole = np.concatenate(held, axis=1)
            rest = count % size
            for first in range(0, count - rest, size):
                yield whole[:, first : first + size]
            held, count = [whole[:, count - rest :]], rest
    if count:
        yield np.concatenate(held, axis=1)


def skip(blocks: Iterable[Samples], samples: int) -> Generator[Samples, None, None]:
    """The stream without its first samples."""
    for block in blocks:
        rest = block[:, samples:]
        samples -= block.shape[1] - rest.shape[1]
        if rest.shape[1]:
            yield rest
