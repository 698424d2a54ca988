"""Requests to the process that lists and draws, and its reports."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["layer", "channel", "direction", "label", "words"]
What = Literal["layers", "channels", "directions", "words"]


@dataclass(frozen=True)
class Cell:
    """Thing to dream, drawn as a small picture."""

    model: str
    kind: Kind
    name: str  # of a layer, a direction ...
    channel: int = 0  # of the layer, where that is the kind
    stamp: int = 0  # time of a direction's file, which may be made again under its name

    @property
    def picture(self) -> str:
        """File name of its picture."""
        text = repr((self.model, self.kind, self.name, self.channel, self.stamp))
        return hashlib.sha256(text.encode()).hexdigest()[:24] + ".jpg"

    @property
    def setting(self) -> tuple[str, Any]:
        """The preset's key and value that dream it."""
        match self.kind:
            case "layer":
                return "dream.layers", [self.name]
            case "channel":
                channels = [self.channel]
                layer = {"name": self.name, "objective": "channel", "channels": channels}
                return "dream.layers", [layer]
            case "direction":
                return "dream.direction", self.name
            case "label":
                return "dream.classes", [self.name]
            case "words":
                return "dream.words", [self.name]


@dataclass(frozen=True)
class Ask:
    """Make a list: `lists.LISTS` has their names."""

    number: int
    what: What
    model: str
    text: str = ""


@dataclass(frozen=True)
class Draw:
    """Draw these next, in this order, before those that still wait."""

    cells: tuple[Cell, ...]
    folder: Path


@dataclass(frozen=True)
class Stop:
    """Draw none of those that wait."""


@dataclass(frozen=True)
class Listed:
    number: int
    answer: Any  # as JSON
    trouble: str | None = None


@dataclass(frozen=True)
class Drawn:
    picture: str
    trouble: str | None = None
