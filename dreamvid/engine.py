"""The frame loop: each frame is the one before, moved and dreamed.

Knows nothing of files, presets, video or the terminal: Frames in, Frames out.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from dreamvid.image import Image


@dataclass(frozen=True)
class Frame:
    """One finished frame, and all that a resumed render needs to go on from it.

    Index -1 is the start picture, which is not part of the film.
    """

    index: int
    image: Image

    def __repr__(self) -> str:
        return f"Frame({self.index}, {tuple(self.image.shape)})"


Step = Callable[[Frame, torch.Generator], Image]
"""The frame before, and the new frame's randomness -> the new frame's image."""


def frame_rng(seed: int, index: int) -> torch.Generator:
    """Randomness of one frame, from (seed, index) alone: a resumed render repeats exactly.

    On the CPU, because CUDA's generator gives other numbers for the same seed. Index -1
    is the start picture's.
    """
    # Hashed, because torch's Mersenne Twister looks at the low 32 bits of a seed only.
    digest = hashlib.blake2b(f"{seed} {index}".encode(), digest_size=4).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def render_frames(start: Frame, step: Step, *, count: int, seed: int) -> Iterator[Frame]:
    """Yield the frames after `start`, up to a film of `count` frames.

    `start` is Frame(-1, picture) for a new film, or the last frame that was kept.
    """
    frame = start
    for index in range(start.index + 1, count):
        frame = Frame(index, step(frame, frame_rng(seed, index)))
        yield frame
