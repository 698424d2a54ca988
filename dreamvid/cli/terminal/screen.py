"""Lines at the end of a terminal, redrawn in place."""

from collections.abc import Callable, Sequence

# Synchronised output (mode 2026): terminals that know it show everything in between at once.
TOGETHER, SHOW = "\x1b[?2026h", "\x1b[?2026l"


class Screen:
    """Redrawn lines; the cursor rests below them, so that others may write there."""

    def __init__(self, write: Callable[[str], None], size: Callable[[], tuple[int, int]]) -> None:
        self._write = write  # to the terminal
        self._size = size  # returns its (columns, rows)
        self._widths: list[int] = []  # of the drawn lines, in cells

    def draw(self, lines: Sequence[str], widths: Sequence[int]) -> None:
        """Draw lines, each so many cells wide, in place of the last, still on the screen."""
        text = "".join(f"{line}\r\n" for line in lines)
        self._write(f"{TOGETHER}{self._back()}{text}{SHOW}")
        self._widths = list(widths)

    def skip(self, text: str) -> None:
        """Count a line that others wrote below."""
        self._widths.append(len(text))

    def clear(self) -> None:
        if self._widths:
            self._write(self._back())
            self._widths = []

    def _back(self) -> str:
        """Return the codes to go to the first drawn line and delete everything from there on.

        A terminal that became narrower since has wrapped long lines into several.
        """
        columns, rows = self._size()
        lines = sum(max(1, -(-width // max(1, columns))) for width in self._widths)
        up = min(lines, rows - 1)
        return f"\x1b[{up}F\x1b[J" if up > 0 else "\r\x1b[J"
