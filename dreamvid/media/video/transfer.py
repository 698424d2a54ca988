"""Frames on their way from the device that made them to the encoder.

A GPU copies a frame while it dreams the next one; whoever encodes it waits for it, and not who
dreams. Where the copies go is memory that the system never moves, which torch keeps and takes
again for later frames.
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from dreamvid.media.video.colour import Planes, as_planes


class Arriving(Sequence[Planes]):
    """Frames in the encoder's form, oldest first; each is waited for when it is looked at.

    By number only, not by slices.
    """

    def __init__(self, frames: Sequence[Planes] = ()) -> None:
        self._frames: list[_Sent | Planes] = list(frames)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> Planes:  # type: ignore[override]
        frame = self._frames[index]
        return frame.planes() if isinstance(frame, _Sent) else frame

    def send(self, samples: Tensor) -> None:
        """One more: what `colour.samples` has made on any device."""
        self._frames.append(_Sent(samples))


class _Sent:
    def __init__(self, samples: Tensor) -> None:
        self._arrived: torch.cuda.Event | None = None
        self._samples = samples
        if samples.device.type == "cuda":
            beside = _copies(samples.device)
            beside.wait_stream(torch.cuda.current_stream(samples.device))
            with torch.cuda.stream(beside):
                self._samples = samples.to("cpu", non_blocking=True)
                self._arrived = torch.cuda.Event()
                self._arrived.record(beside)
            samples.record_stream(beside)  # or its memory would be another's meanwhile

    def planes(self) -> Planes:
        if self._arrived is not None:
            self._arrived.synchronize()
        return as_planes(self._samples)


@cache
def _copies(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)
