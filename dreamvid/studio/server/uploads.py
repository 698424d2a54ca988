"""Uploads: files that are dropped on the page, kept in the studio's folder once they are checked.

A file is bounded while it comes in, gets a name of ours, and is read by a process of its own
before anything else is done with it; what is refused leaves nothing behind.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from dreamvid.errors import DreamvidError
from dreamvid.preset.values import VIDEOS
from dreamvid.system.files import make_folder, refused
from dreamvid.system.partial import new_partial, remove_abandoned

Kind = Literal["start", "guide", "mask", "sound", "film"]
KINDS: tuple[str, ...] = get_args(Kind)

PICTURE, LONG = 64_000_000, 1_000_000_000  # bytes of a picture, of a sound or a clip
TOTAL = 20_000_000_000  # bytes of all uploads
CHUNK = 1 << 20  # bytes written at once


@dataclass(frozen=True)
class Upload:
    """File to come: `kind` is its use, `name` the name that the browser gives it."""

    kind: str
    name: str

    @property
    def most(self) -> int:
        """Bytes that it may have."""
        clip = self.kind in ("sound", "film") or Path(self.name).suffix.lower() in VIDEOS
        return LONG if clip and self.kind != "guide" else PICTURE


def read_upload(request: Request) -> Upload:
    """Read the kind and name of an upload, and the length it announces; raises HTTPException."""
    kind, name = (request.query_params.get(key, "") for key in ("kind", "name"))
    if kind not in KINDS:
        raise HTTPException(400, f"kind: give one of {', '.join(KINDS)}")
    if not 0 < len(name) <= 1000:
        raise HTTPException(400, "name: give the file's name, of at most 1000 letters")
    upload = Upload(kind, name)
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > upload.most:
        raise _too_large(upload)
    return upload


def clean_name(name: str) -> str:
    """Reduce a name to letters, digits, `.`, `-` and `_`, at most 60 and 12 in the suffix."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    stem, suffix = os.path.splitext(plain)
    stem = re.sub(r"[^\w-]+", "-", stem).strip("-_")[:60]
    suffix = re.sub(r"[^a-z0-9.]", "", suffix.lower())[:12]
    return (stem or "file") + (suffix if len(suffix) > 1 else "")


async def receive(request: Request, upload: Upload, folder: Path) -> tuple[Path, bool]:
    """Write an upload into a folder, under the start of its digest and its name.

    Returns its path, and True if it is new: the very same file may be in use already.

    Raises HTTPException where it is too large or empty, OutputError where it cannot be written.
    """
    try:
        make_folder(folder)
        remove_abandoned(folder)
        room = TOTAL - sum(entry.stat().st_size for entry in os.scandir(folder))
        partial = new_partial(folder / "upload")
        try:
            digest = await _write(request.stream(), partial, upload, room)
            path = folder / f"{digest[:12]}-{clean_name(upload.name)}"
            new = not path.exists()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except ClientDisconnect:
        raise HTTPException(400, "the upload was broken off") from None
    except OSError as error:
        raise refused(folder / clean_name(upload.name), error) from None
    return path, new


async def _write(parts: AsyncIterator[bytes], path: Path, upload: Upload, room: int) -> str:
    """Write a body to a file; returns its digest."""
    digest, length, waiting = hashlib.sha256(), 0, bytearray()
    with path.open("xb") as file:
        async for part in parts:
            length += len(part)
            if length > upload.most:
                raise _too_large(upload)
            if length > room:
                raise HTTPException(413, f"the studio's uploads have {TOTAL / 1e9:.0f} GB: full")
            digest.update(part)
            waiting += part
            if len(waiting) >= CHUNK:
                await run_sync(file.write, bytes(waiting))
                waiting.clear()
        file.write(waiting)
    if not length:
        raise HTTPException(400, f"{clean_name(upload.name)}: is empty")
    return digest.hexdigest()


def _too_large(upload: Upload) -> HTTPException:
    problem = f"too large: at most {upload.most / 1e6:.0f} MB"
    return HTTPException(413, f"{clean_name(upload.name)}: {problem}")


async def check(path: Path, upload: Upload, do: Callable[..., Any], *, new: bool) -> Any:
    """Have a file read for its use by `do`, a process' tasks; a new one that is refused is removed.

    Of a film only the settings are wanted: it is removed too. Raises DreamvidError with the
    file's name instead of its path.
    """
    film, keep = upload.kind == "film", not new
    task = ("read_settings", str(path)) if film else ("check_upload", upload.kind, str(path))
    try:
        result = await run_sync(lambda: do(*task))
        keep = keep or not film
    except DreamvidError as error:
        text = str(error).replace(str(path), clean_name(upload.name))
        raise DreamvidError(text) from None
    finally:
        if not keep:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return result
