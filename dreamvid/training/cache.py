"""What the frozen part sees of each photo, computed once and kept on disk in half precision.

A file of records of one size, in the order of their numbers: the views of each photo that is
learned from, then the middle of each photo that tells when to stop. It grows by whole records,
so that its size says how far it is. It is read piece by piece, not mapped: what was read does
not stay in memory. A record of NaN stands for a photo that could not be read.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import torch
from jaxtyping import Float16
from torch import Tensor

from dreamvid.errors import OutputError, Stopped
from dreamvid.system.files import write_text
from dreamvid.training.batches import Look, chunks
from dreamvid.training.frozen_features import Broken, Seen, Source
from dreamvid.training.views import MIDDLE

MOST_VIEWS = 4  # of a photo; eight of them taught no more
AT_A_TIME = 16  # records
BYTES = 2  # of a number


@dataclass(frozen=True)
class Records:
    """How the file is laid out."""

    learning: int  # photos
    stopping: int  # photos, numbered after those
    views: int  # of each photo that is learned from, numbered from 1
    shape: tuple[int, ...]  # of an activation: channels, rows, columns

    @property
    def count(self) -> int:
        return self.learning * self.views + self.stopping

    @property
    def bytes(self) -> int:
        """Of one record."""
        return BYTES * prod(self.shape)

    def number(self, look: Look) -> int:
        after = look.photo - self.learning
        if after >= 0:
            return self.learning * self.views + after
        return look.photo * self.views + look.view - 1

    def look(self, number: int) -> Look:
        after = number - self.learning * self.views
        if after >= 0:
            return Look(self.learning + after, MIDDLE)
        return Look(number // self.views, 1 + number % self.views)


def views_within(budget: int, learning: int, stopping: int, shape: tuple[int, ...]) -> int:
    """Views of each photo that so many bytes hold; 0 where not even one each fits."""
    room = budget // (BYTES * prod(shape)) - stopping
    return max(0, min(MOST_VIEWS, room // learning))


@dataclass(frozen=True)
class Cache:
    """A file of records, all of them written."""

    file: FileIO
    records: Records
    device: torch.device
    broken: Broken

    def __call__(self, batches: Iterable[list[Look]]) -> Iterator[Seen]:
        for looks in batches:
            read = torch.stack([self._record(look) for look in looks])
            rows = [row for row, record in enumerate(read) if not bool(record.isnan().any())]
            for row in set(range(len(looks))).difference(rows):
                self.broken(looks[row], "it could not be read")
            yield Seen(looks, rows, read[rows].to(self.device).float())

    def _record(self, look: Look) -> Float16[Tensor, "channels rows columns"]:
        size = self.records.bytes
        self.file.seek(self.records.number(look) * size)
        numbers = torch.frombuffer(bytearray(self.file.read(size)), dtype=torch.float16)
        return numbers.view(self.records.shape)


def fill_cache(
    folder: Path,
    key: dict[str, Any],
    records: Records,
    fresh: Source,
    *,
    progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> Path:
    """The records of a folder, after those that it lacks are made.

    Args:
        key: all that the records depend on, JSON values; a file of another key is made anew.
        fresh: what sees the photos.
        progress: told how many records are done, of how many.

    Raises OutputError, and Stopped if `stop` says so before all are there.
    """
    path, about = folder / "seen.f16", folder / "seen.json"
    said = json.dumps(key | {"views": records.views, "shape": records.shape}, indent=2)
    try:
        if not about.exists() or about.read_text("utf-8") != said:
            path.unlink(missing_ok=True)
            write_text(about, said)
        with path.open("ab") as file:
            _fill(file, records, fresh, progress, stop)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


@contextmanager
def open_cache(
    path: Path, records: Records, device: torch.device, broken: Broken
) -> Iterator[Cache]:
    with path.open("rb", buffering=0) as file:
        yield Cache(file, records, device, broken)


def _fill(
    file: BinaryIO,
    records: Records,
    fresh: Source,
    progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> None:
    """Append the records that are missing."""
    done = min(records.count, os.fstat(file.fileno()).st_size // records.bytes)
    file.truncate(done * records.bytes)
    _check_room(Path(file.name).parent, (records.count - done) * records.bytes)
    missing = range(done, records.count)
    for seen in fresh(chunks(map(records.look, missing), AT_A_TIME)):
        packed = torch.full((len(seen.looks), *records.shape), float("nan"), dtype=torch.float16)
        packed[seen.rows] = seen.activations.half().cpu()
        file.write(packed.numpy().tobytes())
        file.flush()
        os.fsync(file.fileno())
        done += len(seen.looks)
        progress(done, records.count)
        if stop() and done < records.count:
            said = f"stopped; {done} of {records.count} views are looked at"
            raise Stopped(f"{said}, and the same command goes on from there")


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"--cache: {needed / 1e9:.1f} GB are needed in {folder}, {free / 1e9:.1f} GB are free; "
            "a smaller --cache, or 0, needs less"
        )
