"""A kind of input that comes from strangers, and how many of it are tried."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

Case = Callable[[], object]
"""Reads one harmed input, as a command would."""
Make = Callable[[Random], Case]
"""Harms one input."""


@dataclass(frozen=True)
class Family:
    count: int
    start: Callable[[Path], Make]
    """Makes sound files in a folder, once."""
