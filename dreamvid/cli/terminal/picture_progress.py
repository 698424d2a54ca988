"""Progress with a picture of the newest frame, on terminals that can show one."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dreamvid.cli.terminal.screen import Screen
from dreamvid.cli.terminal.stopping import NOTICE

if TYPE_CHECKING:
    from dreamvid.monitor.terminal import Kind
    from dreamvid.render.render import Progress

SECONDS = 0.5  # at least, between two pictures
LONGEST = 480  # pixels of a picture that is not made of blocks
BELOW = 4  # terminal lines left free, the bar's included

Bar = Callable[["Progress", int], str]
"""Renders the line below the picture, at most so many cells wide."""


class PictureProgress:
    """The newest frame with a line below it, redrawn in place."""

    def __init__(self, kind: "Kind", bar: Bar, stopped: Callable[[], bool]) -> None:
        self._kind: Kind = kind
        self._bar, self._stopped = bar, stopped  # whether `NOTICE` was written, which takes a line
        self._screen = Screen(_write, _terminal_size)
        self._noticed = False
        self._drawn = 0.0

    def show(self, progress: "Progress") -> None:
        bar = self._bar(progress, _terminal_size()[0] - 1)  # also where it is not drawn: it counts
        now, last = time.monotonic(), progress.done == progress.count
        if now - self._drawn < SECONDS and not last and not self._stopped():
            return
        self._drawn = now
        if self._stopped() and not self._noticed:
            self._noticed = True
            self._screen.skip(f"^C{NOTICE.strip()}")
        lines, width = self._picture(progress)
        columns = _terminal_size()[0]
        below = [NOTICE.strip()[: columns - 1]] if self._noticed else []
        widths = [*[width] * len(lines), columns - 1, *map(len, below)]
        self._screen.draw([*lines, bar, *below], widths)

    def clear(self) -> None:
        """Clear the picture before others print; the next frame is drawn below that."""
        self._screen.clear()

    def _picture(self, progress: "Progress") -> tuple[list[str], int]:
        from dreamvid.image import to_bytes
        from dreamvid.monitor.terminal import cells_for, image_lines
        from dreamvid.monitor.thumbnail import shrink_image, small_size

        image = progress.frame.image
        columns, rows = _terminal_size()
        size = image.shape[-2], image.shape[-1]
        cells = cells_for(size, columns - 1, rows - BELOW)
        if cells is None:
            return [], 0
        blocks = self._kind in ("blocks", "blocks256")
        pixels = (2 * cells[0], cells[1]) if blocks else small_size(size, LONGEST)
        lines = image_lines(to_bytes(shrink_image(image, pixels)), self._kind, cells)
        return lines, cells[1]


def _write(text: str) -> None:
    with suppress(OSError):  # nobody is watching: go on
        sys.stderr.write(text)
        sys.stderr.flush()


def _terminal_size() -> tuple[int, int]:
    """Return (columns, rows) of the terminal behind stderr, or what the shell says."""
    try:
        size = os.get_terminal_size(sys.stderr.fileno())
    except (OSError, ValueError):
        size = shutil.get_terminal_size()
    return (size.columns, size.lines) if size.columns and size.lines else (80, 24)
