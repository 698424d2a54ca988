"""Window without a browser: a studio of its own process, its socket, its newest messages."""

import json
import mmap
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

from websockets.sync.client import ClientConnection, connect

from dreamvid.errors import DreamvidError
from dreamvid.studio.protocol import HEADER

PATIENCE = 120.0  # seconds for any answer


class Client:
    """A window that takes each picture as soon as it has had the one before."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.state: dict[str, Any] = {}
        self.status: dict[str, Any] = {}
        self.pictures: list[tuple[float, int, int, int]] = []  # time, kind, revision, frame
        self.send("ready")

    def send(self, kind: str, **fields: Any) -> None:
        self._socket.send(json.dumps({"type": kind, **fields}))

    def listen(self, seconds: float) -> None:
        """Take messages for a while."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._take(left)

    def until(self, true: Callable[[], object], what: str) -> float:
        """Take messages until something is true; returns the time. Raises DreamvidError."""
        end = time.perf_counter() + PATIENCE
        while not true():
            if time.perf_counter() > end:
                raise DreamvidError(f"the studio did not answer: {what}")
            self._take(1.0)
        return time.perf_counter()

    def _take(self, seconds: float) -> None:
        try:
            message = self._socket.recv(seconds)
        except TimeoutError:
            return
        if isinstance(message, bytes):
            self.pictures.append((time.perf_counter(), *HEADER.unpack(message[: HEADER.size])))
            self.send("ready")
            return
        body = json.loads(message)
        if body["type"] in ("state", "status"):
            setattr(self, body["type"], body)


@contextmanager
def studio(preset: str, device: str) -> Iterator[tuple[Client, subprocess.Popen[str]]]:
    """Start a studio in a folder that is removed, and open a window; raises DreamvidError."""
    with TemporaryDirectory() as folder:
        command = ["studio", preset, "--no-open", "--device", device, "--folder", folder]
        process = subprocess.Popen(
            [sys.executable, "-m", "dreamvid", *command], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            if not address:
                raise DreamvidError("the studio did not start")
            with _enter(address) as socket:
                yield Client(socket), process
        finally:
            process.terminate()
            process.wait()
            if process.stdout:
                process.stdout.close()


def _enter(address: str) -> ClientConnection:
    cookies = CookieJar()
    build_opener(HTTPCookieProcessor(cookies)).open(address, timeout=PATIENCE).close()
    found = re.match(r"(http://[^/]+)/", address)
    assert found
    headers = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in cookies)}
    url = found[1].replace("http", "ws", 1) + "/socket"
    return connect(url, additional_headers=headers, origin=found[1], max_size=None)  # type: ignore


def memory_of(process: int) -> int | None:
    """Resident bytes of a process and of those it has started; None where /proc is not there."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            parents[int(entry.name)] = int(parent)
            pages[int(entry.name)] = int((entry / "statm").read_text().split()[1])
        except (OSError, IndexError):  # it ends
            continue
    if process not in pages:
        return None
    family = {process}
    while more := {one for one, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(pages.get(one, 0) for one in family) * mmap.PAGESIZE
