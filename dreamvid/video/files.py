"""Films appear whole or not at all, and libav's errors become ours.

libav only ever gets `file:` addresses: a path cannot make it open a URL.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from av.error import FFmpegError

from dreamvid.errors import OutputError, VideoError

# What a disk says to libav while it writes: full, over its quota, gone, read-only.
_REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES}


def file_url(path: Path) -> str:
    """The absolute address by which libav opens `path` as a file, whatever its name."""
    return f"file:{path.absolute()}"


@contextmanager
def libav_errors(path: Path) -> Iterator[None]:
    """Turn libav's error in the block into a VideoError of one line about `path`."""
    try:
        yield
    except FFmpegError as error:
        raise VideoError(f"{path}: {error.strerror}") from None


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a hidden path beside `path` to write; it becomes `path` when the block ends well.

    By then it is safely on the disk. Else nothing is left, and an older `path` stays.
    Raises OutputError where the system does not let it be written, VideoError with
    libav's words for libav's other errors. The block's own errors pass unchanged.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with _refusals(path):
            partial.touch()
        try:
            yield partial
        except FFmpegError as error:
            if error.errno in _REFUSALS:
                raise OutputError(f"{path}: cannot be written: {error.strerror}") from None
            raise VideoError(f"{path}: {error.strerror}") from None
        with _refusals(path):
            _sync(partial)
            partial.replace(path)
            if os.name == "posix":  # elsewhere a folder cannot be opened
                _sync(path.parent)
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
