"""What the kinds of file share: how much of a record is read, and how bytes are copied."""

from io import BufferedIOBase

LARGEST = 2**20  # bytes of a record; a usual one has three thousand
BLOCK = 2**20  # bytes copied at once
MOST = 100_000  # pieces of a file that are looked at; a stranger's could have millions


class Damaged(Exception):
    """A file is not what its first bytes say; its text says where."""


class Unfit(Exception):
    """A sound file that this cannot be put into; its text says why."""


def exactly(file: BufferedIOBase, count: int) -> bytes:
    """So many bytes from where the file stands; raises Damaged where it ends before."""
    data = file.read(count)
    if len(data) != count:
        raise Damaged("it ends too soon")
    return data


def size_of(file: BufferedIOBase) -> int:
    """In bytes; the file stays where it stands."""
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end


def copy(source: BufferedIOBase, out: BufferedIOBase, start: int, end: int) -> None:
    """The bytes from `start` to before `end`, a block at a time; raises Damaged as `exactly`."""
    source.seek(start)
    for at in range(start, end, BLOCK):
        out.write(exactly(source, min(BLOCK, end - at)))
