"""Frame loop: each frame is computed from the one before.

Independent of files, presets, video and the terminal: Frames in, Frames out.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch

from dreamvid.image import Image


@dataclass(frozen=True)
class Frame:
    """Finished frame, with the state that the next one, or a resumed render, starts from.

    Frames below 0 are not part of the film: the start picture, and the lead-in of a loop.
    """

    index: int
    image: Image  # as shown
    memory: Mapping[str, Image] = field(default_factory=dict)  # other inputs of the next frame

    def __repr__(self) -> str:
        return f"Frame({self.index}, {tuple(self.image.shape)})"


Step = Callable[[Frame], Frame]
"""Frame -> the next one."""


def frame_rng(seed: int, index: int) -> torch.Generator:
    """Make the generator of one frame from (seed, index) alone: a resumed render repeats exactly.

    On the CPU, because CUDA's generator gives other numbers for the same seed. Index -1 is for
    the start picture.
    """
    # Hashed, because torch's Mersenne Twister looks at the low 32 bits of a seed only.
    digest = hashlib.blake2b(f"{seed} {index}".encode(), digest_size=4).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big"))


def render_frames(start: Frame, step: Step, *, count: int) -> Iterator[Frame]:
    """Yield the frames after `start`, up to a film of `count` frames.

    `start` is the start picture, of an index below 0, or the last frame that was stored.
    """
    frame = start
    while frame.index + 1 < count:
        frame = step(frame)
        yield frame
