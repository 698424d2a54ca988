"""Features of the frozen layers, computed once and kept on disk in half precision.

A file of records of equal size, numbered: the views of each training photo, then the central view
of each validation photo. It grows by whole records, so its size tells how far it is. It is read
piece by piece, not mapped, so that what was read does not stay in memory. A record of NaN stands
for a photo that could not be read. A CRC-32 follows each record.
"""

import json
import os
import shutil
import zlib
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

from dreamvid.errors import OutputError, ResumeError, Stopped
from dreamvid.system.files import write_text
from dreamvid.training.batches import Sample, chunks
from dreamvid.training.frozen_features import FeatureBatch, FeatureSource, OnBroken
from dreamvid.training.views import CENTRE

MOST_VIEWS = 4  # of a photo; eight of them taught no more
AT_A_TIME = 16  # records
BYTES = 2  # of a number
CHECK = 4  # bytes of a CRC


@dataclass(frozen=True)
class Records:
    """Layout of the file."""

    train: int  # photos
    validation: int  # photos, numbered after those
    views: int  # of each training photo, numbered from 1
    shape: tuple[int, ...]  # of an activation: channels, rows, columns

    @property
    def count(self) -> int:
        return self.train * self.views + self.validation

    @property
    def bytes(self) -> int:
        """Size of one record with its CRC."""
        return BYTES * prod(self.shape) + CHECK

    def number(self, sample: Sample) -> int:
        after = sample.photo - self.train
        if after >= 0:
            return self.train * self.views + after
        return sample.photo * self.views + sample.view - 1

    def sample(self, number: int) -> Sample:
        after = number - self.train * self.views
        if after >= 0:
            return Sample(self.train + after, CENTRE)
        return Sample(number // self.views, 1 + number % self.views)


def views_within(budget: int, train: int, validation: int, shape: tuple[int, ...]) -> int:
    """Count the views of each photo that fit into `budget` bytes; 0 if not one each does."""
    records = budget // (BYTES * prod(shape)) - validation
    return max(0, min(MOST_VIEWS, records // train))


@dataclass(frozen=True)
class FeatureCache:
    """A `FeatureSource` that reads a complete file of records."""

    file: FileIO
    records: Records
    device: torch.device
    on_broken: OnBroken

    def __call__(self, batches: Iterable[list[Sample]]) -> Iterator[FeatureBatch]:
        for samples in batches:
            read = torch.stack([self._record(sample) for sample in samples])
            rows = [row for row, record in enumerate(read) if not bool(record.isnan().any())]
            for row in set(range(len(samples))).difference(rows):
                self.on_broken(samples[row], "it could not be read")
            yield FeatureBatch(samples, rows, read[rows].to(self.device).float())

    def _record(self, sample: Sample) -> Float16[Tensor, "channels rows columns"]:
        size = self.records.bytes
        self.file.seek(self.records.number(sample) * size)
        data = self.file.read(size)
        if _checked(data[:-CHECK]) != data:
            cure = "without it the same command computes it again"
            raise ResumeError(f"{self.file.name} is damaged; {cure}")
        numbers = torch.frombuffer(bytearray(data[:-CHECK]), dtype=torch.float16)
        return numbers.view(self.records.shape)


def fill_cache(
    folder: Path,
    key: dict[str, Any],
    records: Records,
    source: FeatureSource,
    *,
    on_progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> Path:
    """Compute the records that a folder's file lacks, and return the file.

    Args:
        key: JSON values that the records depend on; a file with another key is replaced.

    Raises OutputError, and Stopped if `stop` says so before all are there.
    """
    path, about = folder / "seen.f16", folder / "seen.json"
    layout = {"views": records.views, "shape": records.shape, "bytes": records.bytes}
    text = json.dumps(key | layout, indent=2)
    try:
        if not about.exists() or about.read_text("utf-8") != text:
            path.unlink(missing_ok=True)
            write_text(about, text)
        with path.open("ab") as file:
            _append_missing(file, records, source, on_progress, stop)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from None
    return path


@contextmanager
def open_cache(
    path: Path, records: Records, device: torch.device, on_broken: OnBroken
) -> Iterator[FeatureCache]:
    with path.open("rb", buffering=0) as file:
        yield FeatureCache(file, records, device, on_broken)


def _append_missing(
    file: BinaryIO,
    records: Records,
    source: FeatureSource,
    on_progress: Callable[[int, int], None],
    stop: Callable[[], bool],
) -> None:
    done = min(records.count, os.fstat(file.fileno()).st_size // records.bytes)
    file.truncate(done * records.bytes)
    _check_disk_space(Path(file.name).parent, (records.count - done) * records.bytes)
    missing = range(done, records.count)
    for batch in source(chunks(map(records.sample, missing), AT_A_TIME)):
        packed = torch.full((len(batch.samples), *records.shape), float("nan"), dtype=torch.float16)
        packed[batch.rows] = batch.activations.half().cpu()
        file.writelines(_checked(record.tobytes()) for record in packed.numpy())
        file.flush()
        os.fsync(file.fileno())
        done += len(batch.samples)
        on_progress(done, records.count)
        if stop() and done < records.count:
            text = f"stopped; {done} of {records.count} views are done"
            raise Stopped(f"{text}, and the same command goes on from there")


def _checked(record: bytes) -> bytes:
    """Append the CRC to a record."""
    return record + zlib.crc32(record).to_bytes(CHECK, "little")


def _check_disk_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OutputError(
            f"--cache: {needed / 1e9:.1f} GB are needed in {folder}, {free / 1e9:.1f} GB are free; "
            "a smaller --cache, or 0, needs less"
        )
