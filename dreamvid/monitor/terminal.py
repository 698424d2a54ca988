"""Images in a terminal, as text and escape codes.

Half blocks are coloured text: each cell shows two pixels, one above the other. kitty and iTerm2
show real images. A terminal is recognised by its environment variables and never queried.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from jaxtyping import Int, UInt8

from dreamvid.image import Bytes

Kind = Literal["kitty", "iterm", "blocks", "blocks256"]
Wish = Literal["auto", "off", "blocks", "kitty", "iterm"]

KITTY_CHUNK = 4096  # bytes of base64 in an escape code, the protocol's limit
IMAGE_ID = 77  # kitty replaces an image that is sent again with the same id

# A cell is about twice as high as wide.
WIDEST, HIGHEST = 64, 20  # cells


def kind_for(wish: Wish, environment: Mapping[str, str]) -> Kind | None:
    """Choose a way to show images in a terminal; None for none.

    For "auto" the environment decides: blocks inside tmux and screen, which do not pass images
    on, and None where colours are unwanted or few.
    """
    term = environment.get("TERM", "")
    true_colour = environment.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    blocks: Kind = "blocks" if true_colour else "blocks256"
    if wish != "auto":
        return None if wish == "off" else blocks if wish == "blocks" else wish
    if environment.get("NO_COLOR") or term in ("", "dumb"):
        return None
    program = environment.get("TERM_PROGRAM", "")
    if not environment.get("TMUX") and not term.startswith(("screen", "tmux")):
        if "kitty" in term or environment.get("KITTY_WINDOW_ID") or program == "ghostty":
            return "kitty"
        if program in ("iTerm.app", "WezTerm") or environment.get("LC_TERMINAL") == "iTerm2":
            return "iterm"
    return blocks if true_colour or "256color" in term else None


def cells_for(size: tuple[int, int], columns: int, rows: int) -> tuple[int, int] | None:
    """Fit an image of (height, width) into (rows, columns) of cells; None if it gets too small."""
    wide, high = min(columns, WIDEST), min(rows, HIGHEST)
    scale = min(wide / size[1], 2 * high / size[0])
    cells = round(size[0] * scale / 2), round(size[1] * scale)
    return cells if cells[0] >= 3 and cells[1] >= 8 else None


def half_blocks(pixels: UInt8[np.ndarray, "h w 3"], *, true_colour: bool) -> list[str]:
    """Draw an even number of pixel rows as lines of text, in 24-bit colours or 256."""
    tops, bottoms = pixels[0::2], pixels[1::2]
    code = _true_colour if true_colour else _palette_colour
    return [
        "".join(_cells(code(top), code(bottom))) + "\x1b[0m"
        for top, bottom in zip(tops, bottoms, strict=True)
    ]


def _cells(tops: list[str], bottoms: list[str]) -> Iterator[str]:
    """Write each cell, with colour codes only where the colours change."""
    before = None
    for top, bottom in zip(tops, bottoms, strict=True):
        yield "▀" if (top, bottom) == before else f"\x1b[38;{top};48;{bottom}m▀"
        before = top, bottom


def _true_colour(row: UInt8[np.ndarray, "w 3"]) -> list[str]:
    return [f"2;{red};{green};{blue}" for red, green, blue in row.tolist()]


def _palette_colour(row: UInt8[np.ndarray, "w 3"]) -> list[str]:
    return [f"5;{number}" for number in nearest_of_256(row).tolist()]


_LEVELS = np.array([0, 95, 135, 175, 215, 255])  # of xterm's cube, colours 16 to 231
_GREYS = np.arange(24) * 10 + 8  # colours 232 to 255


def nearest_of_256(row: UInt8[np.ndarray, "w 3"]) -> Int[np.ndarray, " w"]:
    """Find the nearest of xterm's 256 colours, in its cube and its greys."""
    colours = row.astype(int)
    steps = np.abs(colours[:, :, None] - _LEVELS).argmin(-1)
    grey = np.abs(colours.mean(-1)[:, None] - _GREYS).argmin(-1)
    far_cube = ((_LEVELS[steps] - colours) ** 2).sum(-1)
    far_grey = ((_GREYS[grey][:, None] - colours) ** 2).sum(-1)
    return np.where(far_grey < far_cube, 232 + grey, 16 + steps @ np.array([36, 6, 1]))


def kitty(png: bytes, cells: tuple[int, int]) -> str:
    """Encode an image over (rows, columns) of cells for kitty; the cursor stays in place.

    sw.kovidgoyal.net/kitty/graphics-protocol: C=1 keeps the cursor, q=2 suppresses the reply.
    """
    data = base64.standard_b64encode(png).decode("ascii")
    parts = [data[n : n + KITTY_CHUNK] for n in range(0, len(data), KITTY_CHUNK)]
    rows, columns = cells
    first = f"a=T,f=100,i={IMAGE_ID},p=1,r={rows},c={columns},C=1,q=2,"
    codes = []
    for number, part in enumerate(parts):
        more = int(number + 1 < len(parts))
        codes.append(f"\x1b_G{'' if number else first}m={more};{part}\x1b\\")
    return "".join(codes)


def iterm(jpeg: bytes, cells: tuple[int, int]) -> str:
    """Encode an image for iTerm2, which moves the cursor to its end.

    iterm2.com/documentation-images.html.
    """
    data = base64.standard_b64encode(jpeg).decode("ascii")
    rows, columns = cells
    size = f"width={columns};height={rows};preserveAspectRatio=0"
    return f"\x1b]1337;File=inline=1;size={len(jpeg)};{size}:{data}\x07"


def image_lines(pixels: Bytes, kind: Kind, cells: tuple[int, int]) -> list[str]:
    """Make the lines that show an image, one for each row of cells.

    Args:
        pixels: (2 * rows, columns) for blocks; any size for the others.
    """
    if kind in ("blocks", "blocks256"):
        return half_blocks(pixels, true_colour=kind == "blocks")
    from dreamvid.monitor.thumbnail import as_jpeg, as_png

    code = kitty(as_png(pixels), cells) if kind == "kitty" else iterm(as_jpeg(pixels), cells)
    # Drawn last, over lines that exist by then: near the end of the screen an image would scroll
    # it, and the cursor would return to another position.
    above = f"\x1b7\x1b[{cells[0] - 1}A\r{code}\x1b8"
    return [""] * (cells[0] - 1) + [above]
