"""The studio as a user starts it, in a process of its own, and its page in a browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PATIENCE = 90.0  # seconds for anything: others may use the processors

# The dream changes little, so that the camera's motion is what is seen.
PRESET = """
title = "A small dusk"
model = "lite0"
[start]
kind = "dusk"
size = "128x72"
[dream]
octaves = 1
steps = 1
step_size = 0.2
layers = ["block_3/expand"]
[motion]
zoom = 1.0
[colour]
keep = "none"
[video]
fps = 8
frames = 96
[outputs]
loop = false
"""


class Studio:
    """A studio's process; it may be ended and started again."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self._environment = os.environ | {"DREAMVID_HOME": str(home), "OMP_NUM_THREADS": "1"}
        self.address, self._port = "", ""
        (folder / "presets").mkdir(parents=True)
        (folder / "presets" / "small.toml").write_text(PRESET)
        self.start()

    def start(self) -> None:
        words = ["studio", "--no-open", "--device", "cpu", "--folder", str(self.folder)]
        port = ["--port", self._port] if self._port else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dreamvid", *words, *port],
            stdout=subprocess.PIPE,
            env=self._environment,
            text=True,
        )
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        self._port = re.findall(r":(\d+)/", self.address)[0]

    def stop(self, number: int = signal.SIGINT) -> int:
        """End it by a signal; returns the exit code."""
        self.process.send_signal(number)
        assert self.process.stdout
        self.process.stdout.close()
        return self.process.wait(PATIENCE)

    @property
    def dreamers(self) -> list[int]:
        """Numbers of the processes that it has spawned."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                words = (entry / "cmdline").read_text()
            except OSError:  # it ends
                continue
            if parent == str(self.process.pid) and "spawn_main" in words:
                found.append(int(entry.name))
        return found


@contextmanager
def started(folder: Path) -> Iterator[Studio]:
    studio = Studio(folder / "studio", folder / "home")
    try:
        yield studio
    finally:
        if studio.process.poll() is None:
            studio.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("DREAMVID_REQUIRE_CHROMIUM"):
            pytest.fail("DREAMVID_REQUIRE_CHROMIUM is set, but there is no chromium")
        pytest.skip("needs chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def look(page: Page, words: str) -> Any:
    """Evaluate an expression on the page's `studio`: its state, status and renders."""
    return page.evaluate(f"async () => {{ const {{studio}} = await import('./studio.js');"
                         f" return {words} }}")  # fmt: skip


def wait(page: Page, words: str) -> Any:
    """Wait until such an expression is true; returns its value."""
    return wait_for(lambda: look(page, words), page, words)


def wait_for(found: Callable[[], Any], page: Page, what: str = "") -> Any:
    end = time.monotonic() + PATIENCE
    while not (value := found()):
        if time.monotonic() > end:
            pytest.fail(f"never: {what}; {look(page, '[studio.status, studio.state]')}"[:1000])
        page.wait_for_timeout(50)
    return value
