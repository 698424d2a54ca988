"""Text files of unknown encoding."""

import codecs
import lzma
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.system.files import check_file

LARGEST = 512_000_000  # bytes of text
HEAD = 4096  # bytes to look for zeros in, which text has none of


def read_text(path: Path) -> tuple[str, int]:
    """Read a file's text, and count the lines that had to be read as Windows-1252.

    The others are UTF-8, or all are UTF-16, with a byte-order mark or without. Unpacks .xz.
    Raises PresetError naming --captions for a file that cannot be read or is not text.
    """
    try:
        check_file(path)
        with lzma.open(path) if path.suffix == ".xz" else path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:  # a .xz can hold a thousand times its size
            raise OSError(f"more than {LARGEST / 1e6:.0f} MB of text")
    except (OSError, lzma.LZMAError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PresetError("--captions", f"{path} cannot be read: {reason}") from None
    if wide := _utf16(content):
        return content.decode(wide, errors="replace").removeprefix("\ufeff"), 0
    if b"\0" in content[:HEAD]:
        raise PresetError("--captions", f"{path} is not text", "give a CSV or JSON file")
    lines = content.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
    decoded = [_line(line) for line in lines]
    return "".join(text for text, _ in decoded), sum(is_odd for _, is_odd in decoded)


def _utf16(content: bytes) -> str | None:
    """Detect UTF-16: its ASCII letters have a zero byte, and UTF-8 text has none."""
    if content.startswith(codecs.BOM_UTF16_LE) or content[1:2] == b"\0":
        return "utf-16-le"
    if content.startswith(codecs.BOM_UTF16_BE) or content[:1] == b"\0":
        return "utf-16-be"
    return None


def _line(line: bytes) -> tuple[str, bool]:
    """Decode a line, and tell if it is not UTF-8."""
    try:
        return line.decode(), False
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace"), True
