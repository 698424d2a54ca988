"""Local response normalisation on a CPU: a slab of places after the other, each within the cache.

A dozen operations over a whole activation wait for memory a dozen times; over a slab that stays
in the processor's cache they wait twice. `lrn.py` has the formulas, written plainly.

A slab is rows of channels with two zeros (or their like) at either end, one row after the other.
Then the sum over five neighbours is that of five shifted copies of one long vector, which runs
at full width; what belongs to the ends of two rows at once lies where nobody looks.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from dreamvid.models.plain import is_plain

SIZE, ALPHA = 5, 1e-4  # BVLC GoogLeNet's; beta = 0.75 is built in
ENDS = SIZE // 2
SLAB = 2**17  # numbers in a slab for each thread: three of them fill half of a usual L2 cache

# In each of SIZE summands, so that the sum has its 1.
SHARE = 1 / SIZE


def takes(x: Tensor) -> bool:
    return not is_plain() and x.device.type == "cpu" and x.dtype in (torch.float32, torch.bfloat16)


def forward(x: Tensor) -> Tensor:
    """(N, C, H, W) -> y of the same shape, channels last."""
    places = _places(x)
    found = torch.empty_like(places)
    for slab, (seen, out) in _slabs(places, found):
        seen = seen.float()
        scale = slab.scale(seen)
        with slab.filled(out) as y:
            torch.mul(seen, slab.inner(slab.power(scale)), out=y)
    return _picture(found, x)


def backward(slope: Tensor, x: Tensor, rectified: bool = False) -> Tensor:
    """The slope at y -> that at x, channels last."""
    places = _places(x)
    found = torch.empty_like(places)
    for slab, (seen, wanted, out) in _slabs(places, _places(slope), found):
        seen = seen.float()
        scale = slab.scale(seen)
        with slab.filled(out) as direct:
            torch.mul(wanted.float(), slab.inner(slab.power(scale)), out=direct)
            pulled = slab.pulled(direct, seen, scale)
            direct.addcmul_(seen, slab.inner(pulled), value=-2 * 0.75 * ALPHA / SIZE)
            if rectified:
                torch.ops.aten.threshold_backward.grad_input(direct, seen, 0, grad_input=direct)
    return _picture(found, x)


def _places(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (places, C), a view where channels lie last."""
    return x.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1).flatten(0, 2)


def _picture(places: Tensor, like: Tensor) -> Tensor:
    batch, channels, height, width = like.shape
    return places.view(batch, height, width, channels).permute(0, 3, 1, 2)


def _slabs(*tensors: Tensor) -> Iterator[tuple["_Slab", tuple[Tensor, ...]]]:
    """Some places of each at a time, and where to compute."""
    channels = tensors[0].shape[1]
    rows = max(1, SLAB * torch.get_num_threads() // channels)
    slab = None
    for parts in zip(*(tensor.split(rows) for tensor in tensors), strict=True):
        if slab is None or slab.rows != len(parts[0]):
            slab = _Slab(len(parts[0]), channels)
        yield slab, parts


class _Slab:
    """Memory for one slab, used again for each."""

    def __init__(self, rows: int, channels: int) -> None:
        self.rows, self.channels, self.stride = rows, channels, channels + 2 * ENDS
        self._count = rows * self.stride
        self._squares = torch.full((self._count + 2 * ENDS,), SHARE)
        self._pulls = torch.zeros(0)
        self._pairs = torch.empty(self._count + 3)
        self._scale, self._sums = torch.empty(self._count), torch.empty(self._count)
        self._share = torch.tensor(SHARE)
        self._single: Tensor | None = None

    @contextmanager
    def filled(self, out: Tensor) -> Iterator[Tensor]:
        """Where to write single precision that becomes `out`: itself, where it is that."""
        if out.dtype == torch.float32:
            yield out
        else:
            if self._single is None:
                self._single = torch.empty(self.rows, self.channels)
            yield self._single
            out.copy_(self._single)

    def inner(self, sums: Tensor) -> Tensor:
        """What belongs to a channel: (rows, channels)."""
        return sums.view(self.rows, self.stride)[:, : self.channels]

    def scale(self, seen: Tensor) -> Tensor:
        """s of each place and channel."""
        squares = self._between_ends(self._squares)
        torch.addcmul(self._share, seen, seen, value=ALPHA / SIZE, out=squares)
        return self._over_neighbours(self._squares, self._scale)

    def power(self, scale: Tensor) -> Tensor:
        """scale ** -0.75 by square roots, which vectorise where `pow` does not."""
        return torch.sqrt(scale, out=self._sums).mul_(scale).rsqrt_()

    def pulled(self, direct: Tensor, seen: Tensor, scale: Tensor) -> Tensor:
        """How much each channel is asked for by the scales of its neighbours."""
        if not len(self._pulls):
            self._pulls = torch.zeros_like(self._squares)
        torch.mul(direct, seen, out=self._between_ends(self._pulls)).div_(self.inner(scale))
        return self._over_neighbours(self._pulls, self._sums)

    def _between_ends(self, long: Tensor) -> Tensor:
        return long[: self._count].view(self.rows, self.stride)[:, ENDS:-ENDS]

    def _over_neighbours(self, long: Tensor, out: Tensor) -> Tensor:
        """Element i: the sum of SIZE = 5 from i on, two pairs and one."""
        count, pairs = self._count, self._pairs
        torch.add(long[: count + 3], long[1 : count + 4], out=pairs)
        torch.add(pairs[:count], pairs[2 : count + 2], out=out)
        return out.add_(long[4 : count + 4])
