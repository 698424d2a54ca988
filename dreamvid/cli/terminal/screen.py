"""Lines at the end of a terminal that are drawn anew in their place."""

from collections.abc import Callable, Sequence

# Terminals that know it show what lies between at once (mode 2026); others do nothing.
TOGETHER, SHOW = "\x1b[?2026h", "\x1b[?2026l"


class Screen:
    """The cursor rests at the beginning of the line below, so that others may write there.

    Args:
        write: takes what is for the terminal.
        size: tells (columns, rows) of the terminal.
    """

    def __init__(self, write: Callable[[str], None], size: Callable[[], tuple[int, int]]) -> None:
        self._write = write
        self._size = size
        self._widths: list[int] = []  # of the lines that are drawn, in cells

    def draw(self, lines: Sequence[str], widths: Sequence[int]) -> None:
        """Put lines where the last ones were; those must still be on the screen.

        Args:
            widths: cells that each line takes; none more than the terminal has.
        """
        text = "".join(f"{line}\r\n" for line in lines)
        self._write(f"{TOGETHER}{self._back()}{text}{SHOW}")
        self._widths = list(widths)

    def skip(self, text: str) -> None:
        """Take account of a line that was written below by others."""
        self._widths.append(len(text))

    def clear(self) -> None:
        if self._widths:
            self._write(self._back())
            self._widths = []

    def _back(self) -> str:
        """Up to the first line that was drawn, and all from there on deleted.

        A terminal that was made narrower since has broken long lines into several.
        """
        columns, rows = self._size()
        taken = sum(max(1, -(-width // max(1, columns))) for width in self._widths)
        up = min(taken, rows - 1)
        return f"\x1b[{up}F\x1b[J" if up > 0 else "\r\x1b[J"
