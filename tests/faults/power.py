"""A disk that forgets: what a power cut may leave of a folder, at each moment of a run.

After a cut a file holds what it held when it was last brought to the disk (fsync), nothing if
it never was; a name is where it was when its folder was last brought there, or, since disks
may do more than they promise, where it was when the light went out.
"""

import os
import random
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamvid.system.process import this_process

Names = dict[str, dict[str, int]]  # of each folder: name -> number in the file system

CHANGES = ("fsync", "replace", "rename", "link", "unlink", "mkdir")


@dataclass(frozen=True)
class Moment:
    live: Names
    kept: Names  # those that were brought to the disk
    data: dict[int, bytes]  # of each file that was


class Recorder:
    """Watches all that Python asks of the system in a folder, while it is patched in.

    Args:
        aside: a folder of the same disk, for second names: a number is not given anew then.
    """

    def __init__(self, root: Path, aside: Path) -> None:
        self.root, self.aside = root, aside
        self.moments: list[Moment] = []
        self._kept: Names = {"": {}}
        self._data: dict[int, bytes] = {}
        self._lock = threading.RLock()  # the encoder's thread writes too
        self._link, self._unlink = os.link, os.unlink

    def patch(self, monkeypatch) -> None:
        for name in CHANGES:
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    def _watched(self, name: str, call: Callable) -> Callable:
        def watched(*arguments, **options):
            with self._lock:
                result = call(*arguments, **options)
                if name == "fsync":
                    self._bring(arguments[0])
                self.moments.append(
                    Moment(dict(self._listing()), dict(self._kept), dict(self._data))
                )
            return result

        return watched

    def _bring(self, handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        if not path.is_relative_to(self.root):
            return
        about = os.fstat(handle)
        if stat.S_ISDIR(about.st_mode):
            self._kept[_under(path, self.root)] = dict(_names(path))
        else:
            if about.st_ino not in self._data:
                self._link(path, self.aside / str(about.st_ino))
            self._data[about.st_ino] = path.read_bytes()

    def _listing(self) -> Iterator[tuple[str, dict[str, int]]]:
        for folder in (self.root, *(path for path in self.root.rglob("*") if path.is_dir())):
            yield _under(folder, self.root), dict(_names(folder))


def _under(path: Path, root: Path) -> str:
    return "" if path == root else str(path.relative_to(root))


def _names(folder: Path) -> Iterator[tuple[str, int]]:
    for entry in os.scandir(folder):
        yield entry.name, 0 if entry.is_dir() else entry.inode()


def rebuild(moment: Moment, target: Path, choose: Callable[[], bool], folder: str = "") -> None:
    """Lay out what is left; `choose` says of a name whether it is where it was in the end."""
    target.mkdir()
    kept, live = moment.kept.get(folder, {}), moment.live.get(folder, {})
    for name in sorted(kept | live):
        number = (live if choose() else kept).get(name)
        if number == 0:
            rebuild(moment, target / name, choose, f"{folder}/{name}" if folder else name)
        elif number is not None:
            (target / _of_the_dead(name)).write_bytes(moment.data.get(number, b""))


def _of_the_dead(name: str) -> str:
    """Name a partial file as of a process from before the cut: this one lives on."""
    me = this_process()
    return name.replace(f"-{me.pid:x}-{me.born:x}-", f"-{me.pid:x}-0-")


def choices(seed: int) -> tuple[Callable[[], bool], ...]:
    """The disk did only what it promised; all it was asked for; some of it."""
    rng = random.Random(seed)
    return lambda: False, lambda: True, lambda: rng.random() < 0.5
