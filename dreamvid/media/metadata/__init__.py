"""The record that a finished file carries: what it was made from, to make it again.

Written and read byte for byte; no picture or sound is ever encoded anew. What is read is a
stranger's: bounded, checked for its kind and nothing more, and never believed.

MP4, MOV, MKV and WebM go without PyAV's `container.metadata["comment"]`. A record is put into, or
replaced in, files that are finished, and libav only writes metadata while it muxes. For MP4 it
would give the same bytes; in MOV it holds 65,535, and in WebM it lies elsewhere. To read it, libav
takes as much memory as the comment claims to have: 2 GB for a hostile MP4 that is 1 GB of zeros.
"""

import json
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from dreamvid.errors import OutputError, VideoError
from dreamvid.media.metadata import avif, gif, matroska, mp4, png, webp
from dreamvid.media.metadata.pieces import LARGEST, Damaged, Unfit
from dreamvid.system.files import whole_file

__all__ = [
    "FORMAT",
    "LARGEST",
    "CannotCarryError",
    "carriers",
    "carry",
    "embed",
    "parse",
    "read_record",
]

FORMAT = "dreamvid record 1"
MOST_STEPS = 50  # that were done to a file one after another, of which the record tells


class CannotCarryError(OutputError):
    """A sound file that the record cannot be put into; it stays as it is."""


@runtime_checkable
class Kind(Protocol):
    """What a module of this folder offers; both may raise Damaged, and `write` also Unfit."""

    @staticmethod
    def read(file: BufferedIOBase) -> bytes | None: ...

    @staticmethod
    def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None: ...


def embed(path: Path, record: dict[str, Any]) -> None:
    """Put a record into a finished file, in place of an older one, and read it back.

    The file changes whole or not at all, and is as it was but for the record. The same file
    and record give the same bytes.

    Raises CannotCarryError for a file of no kind that can carry a record, or not so large a
    one, VideoError for one that is damaged, OutputError where it cannot be written.
    """
    data = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    if len(data) > LARGEST:
        raise CannotCarryError(f"{path}: its record has {len(data)} bytes, {LARGEST} is the most")
    try:
        with path.open("rb") as source, whole_file(path) as partial:
            kind = _kind(source)
            if kind is None:
                raise CannotCarryError(f"{path}: is of no kind that can carry a record")
            with partial.open("w+b") as out:
                kind.write(source, out, data)
                if kind.read(out) != data:
                    raise VideoError(f"{path}: its record cannot be read back")
    except Damaged as error:
        raise VideoError(f"{path}: is damaged: {error}") from None
    except Unfit as error:
        raise CannotCarryError(f"{path}: cannot carry a record: {error}") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_record(path: Path) -> dict[str, Any] | None:
    """A file's record, or None if it has none that is whole.

    Only its kind and size are checked: what is in it is a stranger's. Raises VideoError for
    a file that cannot be opened.
    """
    try:
        with path.open("rb") as file:
            kind = _kind(file)
            data = kind.read(file) if kind else None
    except Damaged:
        return None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"{path}: cannot be read: {reason}") from None
    return None if data is None else parse(data)


def parse(data: bytes, *, named: bool = True) -> dict[str, Any] | None:
    """A record's JSON, or None if it is none.

    Args:
        named: whether it must say that it is a record; the run.json of older versions does not.
    """
    try:
        record = json.loads(data, parse_constant=_refuse)
        # What cannot be written again is none: half a letter, "\\ud800", and 1e999, infinity.
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    known = isinstance(record, dict) and (record.get("format") == FORMAT or not named)
    return record if known else None


def carry(source: Path, out: Path, how: str) -> None:
    """Give a file made from `source` its record, if it has one.

    Args:
        out: a file, or a folder of pictures, of which each carries it.
        how: what was done, such as "dreamvid reverse"; added to the record's made_by.

    What cannot carry it is left without. Raises VideoError or OutputError as `embed` and
    `read_record` do.
    """
    record = read_record(source)
    if record is None:
        return
    steps = record.get("made_by")
    before = [step for step in steps if isinstance(step, str)] if isinstance(steps, list) else []
    record["made_by"] = [*before[: MOST_STEPS - 1], how]
    for path in carriers(out):
        with suppress(CannotCarryError):
            embed(path, record)


def carriers(path: Path) -> list[Path]:
    """Which files carry the record of a file, or of a folder of pictures."""
    return sorted(path.glob("*.png")) if path.is_dir() else [path]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _kind(file: BufferedIOBase) -> Kind | None:
    """By the first bytes, whatever the file is called."""
    file.seek(0)
    head = file.read(12)
    if head.startswith(png.SIGNATURE):
        return png
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return gif
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return webp
    if head[:4] == b"\x1aE\xdf\xa3":
        return matroska
    if head[4:8] == b"ftyp":
        return avif if head[8:] in (b"avif", b"avis") else mp4
    return None
