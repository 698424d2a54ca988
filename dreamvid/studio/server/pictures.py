"""Pictures of the frames that were seen, by frame, bounded in bytes."""

from collections import OrderedDict

BYTES = 200_000_000  # some 10,000 pictures of 256x144


class Pictures:
    """JPEGs by frame of one variant; the oldest are dropped where they take too much."""

    def __init__(self, capacity: int = BYTES) -> None:
        self._capacity, self._bytes = capacity, 0
        self._jpegs: OrderedDict[int, bytes] = OrderedDict()

    def add(self, frame: int, jpeg: bytes) -> None:
        """Add the picture of a frame; those from it on belong to another branch and are dropped."""
        self.cut(frame)
        self._jpegs[frame] = jpeg
        self._bytes += len(jpeg)
        while self._bytes > self._capacity and len(self._jpegs) > 1:
            _, oldest = self._jpegs.popitem(last=False)
            self._bytes -= len(oldest)

    def cut(self, frame: int) -> None:
        """Drop the pictures from a frame on."""
        while self._jpegs and next(reversed(self._jpegs)) >= frame:
            _, jpeg = self._jpegs.popitem()
            self._bytes -= len(jpeg)

    def get(self, frame: int) -> bytes | None:
        return self._jpegs.get(frame)

    def copy(self) -> "Pictures":
        """Copy the table; the pictures themselves are shared."""
        copy = Pictures(self._capacity)
        copy._jpegs, copy._bytes = self._jpegs.copy(), self._bytes
        return copy

    @property
    def first(self) -> int:
        return next(iter(self._jpegs), -1)

    @property
    def last(self) -> int:
        return next(reversed(self._jpegs), -1)
