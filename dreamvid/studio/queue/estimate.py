"""Estimate of a film's time, memory and disk, by the command of that name."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dreamvid.errors import DreamvidError
from dreamvid.preset.load import check
from dreamvid.preset.toml import to_toml
from dreamvid.studio.queue.aside import Aside

PATIENCE = 300.0  # seconds; a frame of a large film may take one minute
KEPT = 16  # estimates


class Superseded(DreamvidError):
    """A newer estimate was asked for."""


class Estimates:
    """One estimate at a time, the newest; earlier ones are kept."""

    def __init__(self, device: str, aside: Aside, *, patience: float = PATIENCE) -> None:
        self._device, self._aside, self._patience = device, aside, patience
        self._lock, self._turn = threading.Lock(), 0
        self._process: subprocess.Popen[str] | None = None
        self._known: dict[str, dict[str, Any]] = {}

    def begin(self) -> int:
        """Take a turn, which supersedes the estimate under way."""
        with self._lock:
            self._turn += 1
            if self._process:
                _kill(self._process)
            return self._turn

    def estimate(
        self,
        turn: int,
        table: dict[str, Any],
        *,
        size: str | None = None,
        frames: int | None = None,
        targets: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Estimate a film, as `dreamvid estimate --json` does; call it in a thread.

        Raises Superseded where another is asked for meanwhile, DreamvidError where the film cannot
        begin or the estimate takes too long.
        """
        whole = self._aside.do("prepare", table, size=size, frames=frames, targets=targets)
        key = json.dumps(whole, sort_keys=True)
        if key not in self._known:
            facts = self._measure(turn, whole)
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = facts
        return self._known[key]

    @property
    def measuring(self) -> bool:
        """True while a film is measured, which a playing preview would slow down."""
        return self._process is not None

    def cancel(self, turn: int | None = None) -> None:
        """End the estimate of a turn, or any, which then raises Superseded."""
        if turn in (None, self._turn):
            self.begin()

    def _measure(self, turn: int, table: dict[str, Any]) -> dict[str, Any]:
        with TemporaryDirectory(prefix="dreamvid-") as folder:
            file = Path(folder) / "film.toml"
            file.write_text(to_toml(check(table), "to estimate"), "utf-8")
            argv = [sys.executable, "-m", "dreamvid", "estimate", str(file), "--json"]
            with self._lock:
                if turn != self._turn:
                    raise Superseded("another estimate was asked for")
                self._process = process = subprocess.Popen(
                    [*argv, "--device", self._device],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            try:
                printed, errors = process.communicate(timeout=self._patience)
            except subprocess.TimeoutExpired:
                raise DreamvidError(f"no estimate within {self._patience:g} seconds") from None
            finally:
                with self._lock, process:  # which closes its pipes, and waits for its end
                    _kill(process)
                    if self._process is process:
                        self._process = None
        if turn != self._turn:
            raise Superseded("another estimate was asked for")
        if process.returncode:
            lines = errors.strip().splitlines() or [f"exit code {process.returncode}"]
            raise DreamvidError(lines[-1].removeprefix("dreamvid: "))
        return json.loads(printed)


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process and those it started."""
    if process.poll() is not None:
        return
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
