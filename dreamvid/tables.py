"""TOML that may be a stranger's: read in a time that its size bounds."""

import re
import tomllib
from typing import Any

# tomllib takes time by the square of a key's parts, "a.a.a.a = 1": 500,000 take an hour.
DOTS = 30_000_000  # squares of the dots of each line, in all; about half a second
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*+"|' r"'[^'\n]*+'")


def read_toml(text: str) -> dict[str, Any]:
    """Raises ValueError, of one line, for what is no TOML or would take too long."""
    lines = text.split("\n")
    if sum(line.count(".") ** 2 for line in lines) > DOTS:  # mostly in texts, which cost nothing
        dots = sum(_TEXT.sub('""', line).count(".") ** 2 for line in lines)
        if dots > DOTS:
            raise ValueError("its keys have too many parts")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("its lists or tables are nested too deep") from None
