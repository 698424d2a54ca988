"""Pictures in a terminal: what is written, and what a terminal makes of it."""

import base64
import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.cli.terminal.screen import Screen
from dreamvid.monitor.terminal import (
    cells_for,
    half_blocks,
    iterm,
    kind_for,
    kitty,
    nearest_of_256,
)

CSI = re.compile(
    r"\x1b\[([?\d;]*)([A-Za-z])|\x1b([78])|\x1b(?:_G|\]1337;)[^\x07\x1b]*(?:\x07|\x1b\\)"
)


class Terminal:
    """The few codes that we write: each line's text, and where the cursor is."""

    def __init__(self, columns, rows):
        self.columns, self.rows, self.x, self.y = columns, rows, 0, 0
        self.lines = [[]]

    def feed(self, text):
        place = 0
        while place < len(text):
            code = CSI.match(text, place)
            if code:
                self._code(code[1], code[2])
                place = code.end()
                continue
            self._letter(text[place])
            place += 1

    def _code(self, number, letter):
        if letter == "F":
            top = max(0, len(self.lines) - self.rows)
            self.x, self.y = 0, max(top, self.y - int(number))
        elif letter == "J":
            self.lines[self.y][self.x :] = []
            del self.lines[self.y + 1 :]
        else:
            assert letter in ("m", "h", "l", None), letter

    def _letter(self, letter):
        assert letter != "\x1b"
        if letter == "\r":
            self.x = 0
        elif letter == "\n" or self.x >= self.columns:
            self.x, self.y = (self.x if letter == "\n" else 0), self.y + 1
            if self.y == len(self.lines):
                self.lines.append([])
        if letter not in "\r\n":
            line = self.lines[self.y]
            line[self.x :] = [*line[self.x : self.x], *letter]
            self.x += 1

    @property
    def text(self):
        return ["".join(line) for line in self.lines]


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "blocks"),
        ({"TERM": "xterm-256color"}, "blocks256"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1", "TMUX": "x"}, "blocks256"),
        ({"TERM": "linux"}, None),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, None),
        ({"TERM": "xterm-kitty", "NO_COLOR": "1"}, None),
        ({}, None),
    ],
)
def test_terminal_kind_by_environment(environment, kind):
    assert kind_for("auto", environment) == kind
    assert kind_for("off", environment) is None
    assert kind_for("kitty", environment) == "kitty"


def test_half_blocks_have_the_pixels_colours(texture):
    pixels = texture(6, 9)
    for row, line in enumerate(half_blocks(pixels, true_colour=True)):
        cells = re.findall(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m▀", line)
        found = np.array(cells, int).reshape(-1, 2, 3)
        assert np.array_equal(found[:, 0], pixels[2 * row])
        assert np.array_equal(found[:, 1], pixels[2 * row + 1])
        assert line.endswith("\x1b[0m")


def test_palette_colours_are_the_nearest(texture):
    levels = [0, 95, 135, 175, 215, 255]
    palette = [(r, g, b) for r in levels for g in levels for b in levels]
    palette = np.array([*palette, *[(8 + 10 * n,) * 3 for n in range(24)]])
    row = texture(8, 8).reshape(-1, 3)
    far = ((palette[nearest_of_256(row) - 16] - row.astype(int)) ** 2).sum(-1)
    least = ((palette[None] - row[:, None].astype(int)) ** 2).sum(-1).min(-1)
    assert np.array_equal(far, least)


def test_kitty_and_iterm_contain_the_image(texture):
    file = io.BytesIO()
    PilImage.fromarray(texture(60, 80)).save(file, "PNG")
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", kitty(file.getvalue(), (5, 12)))
    assert len(parts) > 1 and max(len(data) for _, data in parts) <= 4096
    assert "r=5,c=12" in parts[0][0] and "q=2" in parts[0][0]
    assert [head[-3:] for head, _ in parts] == ["m=1"] * (len(parts) - 1) + ["m=0"]
    assert base64.b64decode("".join(data for _, data in parts)) == file.getvalue()
    code = re.fullmatch(r"\x1b\]1337;File=([^:]*):(.*)\x07", iterm(b"abc", (5, 12)))
    assert code and base64.b64decode(code[2]) == b"abc" and "width=12;height=5" in code[1]


def test_image_fits_the_terminal_or_is_left_out():
    assert cells_for((90, 160), 200, 60) == (18, 64)
    assert cells_for((160, 90), 80, 20) == (20, 22)  # upright: the height decides
    assert cells_for((90, 160), 12, 20) == (3, 12)
    assert cells_for((90, 160), 80, 2) is None and cells_for((90, 160), 6, 20) is None


def test_lines_are_drawn_in_position():
    stream, terminal = io.StringIO(), Terminal(20, 6)
    screen = Screen(lambda text: print(text, end="", file=stream), lambda: (20, 6))
    terminal.feed("before\r\n")
    for number in range(5):
        screen.draw(["a" * 12, f"line {number}"], [12, 6])
    terminal.feed(stream.getvalue())
    assert terminal.text == ["before", "a" * 12, "line 4", ""]
    stream.seek(0)
    stream.truncate()
    screen.clear()
    terminal.feed(stream.getvalue() + "said\r\n")
    assert terminal.text == ["before", "said", ""]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 30])
def test_render_in_a_terminal_leaves_a_clean_screen(tmp_path, columns):
    words = [sys.executable, "-m", "dreamvid", "render", "quickstart", "--out", str(tmp_path)]
    words += ["--frames", "6", "--size", "64x36", "--set", "dream.octaves=1"]
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("TERM_PROGRAM", "KITTY_WINDOW_ID", "LC_TERMINAL", "NO_COLOR", "TMUX"):
        shown.pop(name, None)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=shown) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # as Linux says that the other side is closed
                break
            if not data:
                break
            written += data
        assert process.stdout and b"\x1b" not in process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    terminal = Terminal(columns, 24)
    terminal.feed(written.decode())
    assert terminal.text[-1] == "" and len(terminal.text) < 24
    blocks = [line for line in terminal.text if "▀" in line]
    # 16:9 over the whole width, or over what 20 lines and 64 cells leave.
    assert blocks == ["▀" * (64 if columns == 80 else 29)] * (18 if columns == 80 else 8)
    assert "6/6" in terminal.text[len(blocks)]
