"""Controls of the settings: items of GET /api/controls."""

from typing import Literal

from pydantic import Field, JsonValue

from dreamvid.studio.protocol.base import Message


class Control(Message):
    """Setting of a preset, for people: an item of GET /api/controls."""

    key: str
    title: str
    help: str = ""
    kind: Literal["number", "choice", "bool", "colour", "text", "size", "list"]
    default: JsonValue = None  # null among the values: not set
    simple: bool = False  # shown at first, the others behind "All settings"
    scheduled: bool = False  # takes an expression or keyframes too
    items: int = 0  # of a number that is a list of so many: 2 for right and down
    unit: str = ""
    whole: bool = False
    least: float | None = None  # limits of a number
    most: float | None = None
    low: float = 0.0  # ends of its slider, within the limits; a typed number may pass them
    high: float = 1.0
    choices: list[str] = Field(default_factory=list)


class ControlGroup(Message):
    """Settings that belong together, as a table of the preset's file does."""

    name: str
    title: str
    controls: list[Control]
