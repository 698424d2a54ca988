"""Files that appear whole or not at all: written beside, synced to disk, then renamed."""

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from filelock import lock_descriptor

from dreamvid.errors import OutputError
from dreamvid.system.partial import new_partial, remove_abandoned

_CURES = {
    errno.EDQUOT: "your quota there is used up: delete some files, and the same command goes on",
    errno.EROFS: "the disk is mounted read-only: give another folder, or mount it writable",
    errno.EFBIG: "larger than a file there may be: a disk or a limit (`ulimit -f`) that takes it",
    errno.ENAMETOOLONG: "give a shorter name",
}

URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:/")  # as Path leaves it, with one slash
UNREAL = ("/proc", "/sys")  # folders of Linux whose files are regular, but may never end


def is_url(name: str) -> bool:
    """Tell a URL from the path of a file."""
    return URL.match(name) is not None


def check_name(name: str) -> None:
    """Raise ValueError for a name that no file here can have: a URL, or one with a zero byte."""
    if is_url(name):
        local = name.lower().startswith("file:")
        cure = "give the path alone" if local else "download it first, and give the file"
        raise ValueError(f"it is a URL; {cure}")
    try:
        valid = b"\0" not in os.fsencode(name)
    except UnicodeEncodeError:  # a lone surrogate
        valid = False
    if not valid:
        raise ValueError("no file can have this name")


def check_file(path: Path) -> None:
    """Check that a path is a regular file, before it is opened to be read.

    A pipe or a device may never end. Raises OSError, whose `strerror` says what it is and the cure.
    """
    try:
        mode = path.stat().st_mode
        whole = Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        try:
            check_name(str(path))
        except ValueError as problem:
            raise OSError(errno.EINVAL, str(problem)) from None
        if isinstance(error, OSError):
            raise
        raise OSError(errno.EINVAL, str(error)) from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if not stat.S_ISREG(mode) or any(map(whole.is_relative_to, UNREAL)):
        problem = "it is a pipe or a device; copy what it gives into a file first"
        raise OSError(errno.EINVAL, problem)


@contextmanager
def whole_file(path: Path, *, make: bool = True) -> Iterator[Path]:
    """Yield a hidden path beside `path`, which replaces `path` if the block succeeds.

    It is synced to disk first. If the block fails nothing is left, and an older `path` stays. A
    replaced file keeps its permissions. Of several writers each has a partial file of its own, and
    the last one's file stays.

    Args:
        make: create a missing folder; otherwise that is an error, as for work in progress whose
            folder was moved: a second one would be in the way when it is put back.

    Raises OutputError for every OSError, the block's included; other errors pass unchanged.
    """
    if os.path.isdir(path):  # Path.is_dir raises an error for too long a name
        raise OutputError(f"{path}: cannot be written: it is a folder")
    try:
        if make:
            make_folder(path.parent)
        partial = new_partial(path)
        remove_abandoned(path.parent.absolute())
        partial.touch()
    except OSError as error:
        raise refused(path, error, begun=not make) from None
    try:
        yield partial
        _sync(partial)
        with suppress(OSError):  # there is no older one, or a system without modes
            shutil.copymode(path, partial)
        partial.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise refused(path, error) from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Make a temporary folder on the disk of `path`, so that a finished file need only be renamed.

    Raises OutputError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise refused(path, error, begun=False) from None
    with temporary as folder:
        yield Path(folder)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents, each entry synced to disk; raises OSError."""
    if not folder.is_dir():
        if folder.parent != folder:
            make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def refused(path: Path, error: OSError, *, begun: bool = True) -> OutputError:
    """Build the error for a failed write, with the free space of a full disk."""
    reason = f"{path}: cannot be written: {error.strerror or error}"
    if begun and error.errno == errno.ENOENT:
        lost = f"{path}: what was written there is gone: somebody moved or removed it"
        return OutputError(f"{lost}; put it back and the same command goes on, else begins anew")
    cure = _cure(path, error)
    return OutputError(f"{reason} ({cure})" if cure else reason)


def _cure(path: Path, error: OSError) -> str:
    """Say what helps against an error of the disk; "" for other errors."""
    if error.errno == errno.ENOSPC:
        return f"{_room(path.parent)}make room, and the same command goes on"
    return _CURES.get(error.errno or 0, "")


def _room(folder: Path) -> str:
    """Describe what a full disk has left: no files where it has bytes but no inodes; else bytes."""
    with suppress(OSError, AttributeError):  # AttributeError: Windows
        disk = os.statvfs(folder)
        if disk.f_files and not disk.f_favail:  # 0 files: a disk that does not count them
            return "no free inodes (files) on the disk: delete some files; "
    with suppress(OSError):
        return f"{shutil.disk_usage(folder).free / 1e6:.1f} MB are free there; "
    return ""


def check_writable(path: Path) -> None:
    """Try to write before hours of work; raises OutputError if `path` cannot be written."""
    with suppress(_Unwritten), whole_file(path):
        raise _Unwritten


class _Unwritten(Exception):
    """Raised to leave the block before the file replaces `path`."""


def write_text(path: Path, text: str, *, make: bool = True) -> None:
    with whole_file(path, make=make) as partial:
        partial.write_text(text, encoding="utf-8")


def lock_file(file: IO[str]) -> bool:
    """Lock an open file without waiting for it; False where another process has it locked.

    The lock lasts until the file is closed or the process dies. The file itself stays.
    """
    try:
        return lock_descriptor(file.fileno(), blocking=False)
    except OSError:  # a file system without locks: no run rather than two
        return False


def sha256(path: Path) -> str:
    """Digest of a file's bytes, in hexadecimal; raises OSError."""
    check_file(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
