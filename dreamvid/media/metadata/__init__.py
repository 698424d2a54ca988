"""The record embedded in a finished file: all that is needed to make the file again.

Read and written byte for byte; no image or sound is encoded anew. What is read is untrusted: it is
bounded and checked for its format and nothing more.

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
from dreamvid.media.images.sequence import find_frames
from dreamvid.media.metadata import avif, gif, matroska, mp4, png, webp
from dreamvid.media.metadata.common import MAX_RECORD, Damaged, Unfit
from dreamvid.system.files import check_file, whole_file

FORMAT = "dreamvid record 1"
MAX_STEPS = 50  # entries of made_by: the commands that made and changed the file


class CannotEmbedError(OutputError):
    """An intact file that a record cannot be embedded in; the file stays unchanged."""


@runtime_checkable
class FileFormat(Protocol):
    """Interface of this folder's format modules; both may raise Damaged, and `write` also Unfit."""

    @staticmethod
    def read(file: BufferedIOBase) -> bytes | None: ...

    @staticmethod
    def write(source: BufferedIOBase, out: BufferedIOBase, record: bytes) -> None: ...


def embed(path: Path, record: dict[str, Any]) -> None:
    """Embed a record in a finished file, replacing an older one, and verify it by reading it back.

    The file changes as a whole or not at all, and nothing but its record changes. The same file
    and record give the same bytes.

    Raises CannotEmbedError for a format without a place for it or a record that is too large,
    VideoError for a damaged file, OutputError where the file cannot be written.
    """
    data = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    if len(data) > MAX_RECORD:
        problem = f"its record has {len(data)} bytes, {MAX_RECORD} is the most"
        raise CannotEmbedError(f"{path}: {problem}")
    try:
        with path.open("rb") as source, whole_file(path) as partial:
            format_ = _format_of(source)
            if format_ is None:
                raise CannotEmbedError(f"{path}: is of no kind that can carry a record")
            with partial.open("w+b") as out:
                format_.write(source, out, data)
                if format_.read(out) != data:
                    raise VideoError(f"{path}: its record cannot be read back")
    except Damaged as error:
        raise VideoError(f"{path}: is damaged: {error}") from None
    except Unfit as error:
        raise CannotEmbedError(f"{path}: cannot carry a record: {error}") from None
    except OSError as error:
        raise VideoError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_record(path: Path) -> dict[str, Any] | None:
    """Read the record of a file; None if it has none, or a damaged one.

    Only format and size are checked: the content is untrusted. A folder or pattern of pictures has
    that of its first. Raises VideoError for a file that cannot be opened.
    """
    try:
        frames = find_frames(path)
        check_file(first := frames[0] if frames else path)
        with first.open("rb") as file:
            format_ = _format_of(file)
            data = format_.read(file) if format_ else None
    except Damaged:
        return None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"{path}: cannot be read: {reason}") from None
    return None if data is None else parse_record(data)


def parse_record(data: bytes, *, named: bool = True) -> dict[str, Any] | None:
    """Parse a record's JSON; None if it is no record.

    Args:
        named: require the key "format", which the run.json of older versions lacks.
    """
    try:
        record = json.loads(data, parse_constant=_refuse)
        # Refused too, since it cannot be written again: a lone surrogate, and 1e999 (infinity).
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    valid = isinstance(record, dict) and (record.get("format") == FORMAT or not named)
    return record if valid else None


def copy_record(source: Path, out: Path, step: str) -> None:
    """Copy the record of `source`, if it has one, into a file made from it.

    A file that cannot hold it is left without. Raises VideoError or OutputError as `embed` and
    `read_record` do.

    Args:
        out: a file, or a folder of images, each of which gets the record.
        step: the command that made `out`, such as "dreamvid reverse"; appended to made_by.
    """
    record = read_record(source)
    if record is None:
        return
    steps = record.get("made_by")
    before = [step for step in steps if isinstance(step, str)] if isinstance(steps, list) else []
    record["made_by"] = [*before[: MAX_STEPS - 1], step]
    for path in record_files(out):
        with suppress(CannotEmbedError):
            embed(path, record)


def record_files(path: Path) -> list[Path]:
    """The files that hold the record of an output: itself, or each image of a folder."""
    return sorted(path.glob("*.png")) if path.is_dir() else [path]


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _format_of(file: BufferedIOBase) -> FileFormat | None:
    """Detect the format from the first bytes, whatever the file is called."""
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
