"""Ring of the latest frames, bounded in bytes, to go back to and branch from."""

from collections import OrderedDict

from dreamvid.film.engine import Frame

BYTES = 400_000_000  # of a film's frames: 900 of 256x144


class Ring:
    """Frames by index, the oldest dropped where they take more than `capacity` bytes."""

    def __init__(self, capacity: int) -> None:
        self._capacity, self._bytes = capacity, 0
        self._frames: OrderedDict[int, Frame] = OrderedDict()

    def add(self, frame: Frame) -> None:
        """Add the frame after the last one; those from its index on are dropped first."""
        self.cut(frame.index)
        self._frames[frame.index] = frame
        self._bytes += size_of(frame)
        while self._bytes > self._capacity and len(self._frames) > 1:
            _, oldest = self._frames.popitem(last=False)
            self._bytes -= size_of(oldest)

    def cut(self, index: int) -> None:
        """Drop the frames from an index on."""
        while self._frames and next(reversed(self._frames)) >= index:
            _, frame = self._frames.popitem()
            self._bytes -= size_of(frame)

    def get(self, index: int) -> Frame | None:
        return self._frames.get(index)

    @property
    def first(self) -> int:
        return next(iter(self._frames), -1)

    @property
    def last(self) -> int:
        return next(reversed(self._frames), -1)


def size_of(frame: Frame) -> int:
    """Compute the bytes that a frame and its memory take."""
    images = {id(image): image for image in (frame.image, *frame.memory.values())}
    return sum(image.numel() * image.element_size() for image in images.values())
