"""Transfer of frames from the device that dreamed them to the encoder.

A GPU copies a frame while it dreams the next one; the encoder waits for the copy, the dream does
not. Copies go to pinned memory, which torch keeps and reuses for later frames.
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from dreamvid.media.video.colour import Planes, as_planes


class PendingFrames(Sequence[Planes]):
    """Frames in the encoder's pixel format, oldest first; looking at one waits for its copy.

    Indexed by numbers only, not by slices.
    """

    def __init__(self, frames: Sequence[Planes] = ()) -> None:
        self._frames: list[_Copy | Planes] = list(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Planes:  # type: ignore[override]
        frame = self._frames[index]
        return frame.planes() if isinstance(frame, _Copy) else frame

    def send(self, samples: Tensor) -> None:
        """Append the result of `colour.samples`, from any device."""
        self._frames.append(_Copy(samples))


class _Copy:
    """A frame's samples, on their way to the CPU."""

    def __init__(self, samples: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._samples = samples
        if samples.device.type == "cuda":
            stream = _copy_stream(samples.device)
            stream.wait_stream(torch.cuda.current_stream(samples.device))
            with torch.cuda.stream(stream):
                self._samples = samples.to("cpu", non_blocking=True)
                self._arrived = torch.cuda.Event()
                self._arrived.record(stream)
            samples.record_stream(stream)  # else its memory is reused before it is copied

    def planes(self) -> Planes:
        if self._arrived is not None:
            self._arrived.synchronize()
        return as_planes(self._samples)


@cache
def _copy_stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)
