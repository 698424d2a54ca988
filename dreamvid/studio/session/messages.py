"""Orders to the worker process, and its reports."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Film:
    """Dream this preset from the next frame on."""

    table: dict[str, Any]  # JSON, for `preset.load.check`
    revision: int
    width: int | None  # of the preview; None: as large as is fast
    draft: bool = False
    restart: bool = False  # begin at the start picture, whatever changed


@dataclass(frozen=True)
class Go:
    """Play, pause, dream one frame, or begin again."""

    to: Literal["play", "pause", "step", "restart"]


@dataclass(frozen=True)
class SeekTo:
    """Continue from this frame of the ring."""

    frame: int


Order = Film | Go | SeekTo


@dataclass(frozen=True)
class Picture:
    """Picture of a frame, or of the motion between two."""

    kind: int  # as in `protocol`
    frame: int
    revision: int
    jpeg: bytes


@dataclass(frozen=True)
class Position:
    """Progress of the worker."""

    playing: bool
    frame: int
    first: int  # frames of the ring
    last: int
    dreamed: float = 0.0  # a second
    shown: float = 0.0


@dataclass(frozen=True)
class Built:
    """A film was built; the preview is of this size, by these `--set` settings."""

    revision: int
    width: int
    height: int
    frames: int
    fps: float
    auto: bool
    draft: bool
    settings: tuple[str, ...]


@dataclass(frozen=True)
class NotBuilt:
    """The film cannot be dreamed; the one before goes on."""

    revision: int
    option: str | None
    message: str


Report = Picture | Position | Built | NotBuilt
