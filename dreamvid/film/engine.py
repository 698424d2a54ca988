"""The frame loop: each frame is made from the one before.

Knows nothing of files, presets, video or the terminal: Frames in, Frames out.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch

from dreamvid.image import Image


@dataclass(frozen=True)
class Frame:
    """One finished frame, and all that a resumed render needs to go on from it.

    Frames below 0 are not part of the film: the start picture, and what leads to its first
    frame where the film is a loop.
    """

    index: int
    image: Image  # as it is shown
    memory: Mapping[str, Image] = field(default_factory=dict)  # what else the next is made from

    def __repr__(self) -> str:
        return f"Frame({self.index}, {tuple(self.image.shape)})"


Step = Callable[[Frame], Frame]
"""A frame -> the next one."""


def frame_rng(seed: int, index: int) -> torch.Generator:
    """Randomness of one frame, from (seed, index) alone: a resumed render repeats exactly.

    On the CPU, because CUDA's generator gives other numbers for the same seed. Index -1
    is the start picture's.
    """
    # Hashed, because torch's Mersenne Twister looks at the low 32 bits of a seed only.
    digest = hashlib.blake2b(f"{seed} {index}".encode(), digest_size=4).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def render_frames(start: Frame, step: Step, *, count: int) -> Iterator[Frame]:
    """Yield the frames after `start`, up to a film of `count` frames.

    `start` is the start picture, of an index below 0, or the last frame that was kept.
    """
    frame = start
    while frame.index + 1 < count:
        frame = step(frame)
        yield frame
