"""Resumable download of a weight file.

A partial download lies beside the file as NAME.part, through Ctrl-C and lost connections. The
file itself appears only when its size and digest are right.
"""

import hashlib
import os
import re
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dreamvid.errors import ModelError, OutputError
from dreamvid.system.version import __version__

TIMEOUT = 30  # seconds without a byte
CHUNK = 1 << 16  # bytes
LARGEST = 2 * 2**30  # bytes of a file
SCHEMES = ("http", "https")

Progress = Callable[[int, int | None], None]  # bytes there, bytes in all if known


class Refused(Exception):
    """Failure of a server; the partial download is kept for another mirror or try."""


class WrongFile(Refused):
    """Failure after which the partial download is useless: it is of another file."""


def fetch(
    url: str, path: Path, *, digest: str | None, progress: Progress = lambda done, total: None
) -> None:
    """Download to `path`, at most 2 GiB.

    Args:
        digest: "sha256:HEX" or "sha1:HEX", HEX whole or its first 8 digits or more.
        progress: called with the bytes so far and in all; the first falls only when a
            download starts over.

    Raises ModelError, saying why it failed and what to do by hand; OutputError if the file
    cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _complete(url, part, digest=digest, progress=progress)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except Refused as refusal:
        raise ModelError(
            f"{path.name} could not be downloaded ({_host(url)}: {refusal}); by hand: download "
            f"{url} as {path.name}, then run `dreamvid models import {path.name}`"
        ) from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None


def check_digest(path: Path, digest: str) -> None:
    """Raise ModelError if a file's digest is not `digest` ("sha256:HEX")."""
    try:
        problem = _other_digest(path, digest)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    if problem:
        raise ModelError(f"{path} is damaged or another file: {problem}")


def _other_digest(path: Path, digest: str) -> str:
    """Describe how a file's digest differs from `digest`; "" if it does not."""
    if not re.fullmatch(r"sha256:[0-9a-fA-F]{8,64}|sha1:[0-9a-fA-F]{8,40}", digest):
        raise ValueError(f"{digest!r} is not sha256:HEX or sha1:HEX")
    algorithm, _, expected = digest.lower().partition(":")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found.startswith(expected):
        return ""
    return f"{algorithm} {found[:12]}..., expected {expected[:12]}..."


def _complete(url: str, part: Path, *, digest: str | None, progress: Progress) -> None:
    resumed = part.exists()
    try:
        _download(url, part, progress)
        if not part.stat().st_size:
            raise WrongFile("sent 0 bytes, expected some")
        if digest and (problem := _other_digest(part, digest)):
            raise WrongFile(f"sent another file, {problem}")
    except WrongFile:
        part.unlink(missing_ok=True)
        if not resumed:
            raise
        # The partial download may have been another file's, and this mirror not at fault.
        _complete(url, part, digest=digest, progress=progress)


def _download(url: str, part: Path, progress: Progress) -> None:
    done = part.stat().st_size if part.exists() else 0
    try:
        response = _open(url, done)
    except HTTPError as error:
        with error:
            if error.code == 416:
                return _check_whole(error.headers.get("Content-Range", ""), done)
            raise Refused(_one_line(f"{error.code} {error.reason}")) from None
    with response:
        total = _announced(response, done)
        _check_size(total)
        if response.status != 206:
            done = 0
        with part.open("ab" if done else "wb") as file:
            _receive(response, file, done, total, progress)


def _check_whole(content_range: str, done: int) -> None:
    """Return if a server has nothing past `done` because that is the whole file."""
    stated = re.fullmatch(r"bytes \*/(\d{1,15})", content_range)
    if stated and int(stated[1]) == done:
        return
    _check_size(int(stated[1]) if stated else None)
    raise WrongFile(f"has nothing after byte {done}")


def _receive(
    response: HTTPResponse, file: IO[bytes], done: int, total: int | None, progress: Progress
) -> None:
    progress(done, total)
    while chunk := _read(response):
        if done + len(chunk) > LARGEST:
            raise WrongFile(f"sends more than {LARGEST} bytes")
        file.write(chunk)
        done += len(chunk)
        progress(done, total)
    if total is not None and done < total:
        raise Refused(f"connection lost after {done} of {total} bytes")


def _announced(response: HTTPResponse, offset: int) -> int | None:
    """Total bytes that the server states; checks that it sends the requested part."""
    if response.status != 206:
        return response.length
    span = re.fullmatch(
        r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)", response.headers.get("Content-Range", "")
    )
    if not span or int(span[1]) != offset:
        raise WrongFile("sends another part than was asked for")
    return None if span[2] == "*" else int(span[2])


def _check_size(total: int | None) -> None:
    if total is not None and total > LARGEST:
        raise Refused(f"has {total} bytes, more than {LARGEST}")


class _WebRedirects(HTTPRedirectHandler):
    """Redirects to http and https only; urllib would follow ftp too."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        if urlsplit(newurl).scheme not in SCHEMES:
            raise HTTPError(newurl, code, "redirected to no web address", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _open(url: str, offset: int) -> HTTPResponse:
    """Open a URL; raises HTTPError for an error status, Refused without an answer."""
    headers = {"User-Agent": f"dreamvid/{__version__}"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        if urlsplit(url).scheme not in SCHEMES:
            raise Refused("only http and https addresses are fetched")
        request = Request(url, headers=headers)
        return build_opener(_WebRedirects).open(request, timeout=TIMEOUT)
    except HTTPError:
        raise
    except (OSError, HTTPException, ValueError) as error:
        raise Refused(_reason(error)) from None


def _read(response: HTTPResponse) -> bytes:
    """Read what has arrived, at most one chunk; b"" at the end."""
    try:
        return response.read1(CHUNK)
    except (OSError, HTTPException, ValueError) as error:
        raise Refused(_reason(error)) from None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or _one_line(url)
    except ValueError:
        return _one_line(url)


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, TimeoutError):
        return f"no answer in {TIMEOUT} s"
    if isinstance(cause, OSError) and cause.strerror:
        return _one_line(cause.strerror)
    return _one_line(str(cause)) or type(error).__name__


def _one_line(text: str) -> str:
    """Make text from a server fit for a terminal: one printable line."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:100]
