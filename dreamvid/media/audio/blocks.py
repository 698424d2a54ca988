"""Streams of sample blocks: padding, trimming and regrouping, without changing a sample."""

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
    """Trim the stream, or pad it with silence, to exactly `samples`; nothing behind is read."""
    left = samples
    for block in blocks:
        block = block[:, :left]
        left -= block.shape[1]
        yield block
        if not left:
            return
    yield from silence(channels, left)


def regroup(blocks: Iterable[Samples], size: int) -> Generator[Samples, None, None]:
    """Regroup the stream into blocks of `size`; the last one holds the rest."""
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
    """Drop the first samples of the stream."""
    for block in blocks:
        rest = block[:, samples:]
        samples -= block.shape[1] - rest.shape[1]
        if rest.shape[1]:
            yield rest
