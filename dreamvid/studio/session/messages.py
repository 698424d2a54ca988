"""Orders to the worker process, and its reports."""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Film:
    """Dream this preset from a frame on.

    A schedule that a film gets while it runs has to have its keyframe in the very frame in which
    it begins to act. That is `at`: `Position.next` of the latest report. A worker that has begun
    the frame by then drops it and dreams it again.
    """

    table: dict[str, Any]  # JSON, for `preset.load.check`
    revision: int
    width: int | None  # of the preview; None: as large as is fast
    draft: bool = False
    restart: bool = False  # begin at the start picture, whatever changed
    at: int | None = None  # first frame; None: the next one, whichever it is


@dataclass(frozen=True)
class Go:
    """Play, pause, dream one frame, or begin again. Play at the film's end begins again."""

    to: Literal["play", "pause", "step", "restart"]


@dataclass(frozen=True)
class SeekTo:
    """Continue from this frame of the ring."""

    frame: int


@dataclass(frozen=True)
class GiveWay:
    """Rest as long as each frame took, while a render needs the machine; or no longer."""

    on: bool


Order = Film | Go | SeekTo | GiveWay


@dataclass(frozen=True)
class Picture:
    """Picture of a frame, or of the motion between two."""

    kind: int  # as in `protocol`
    frame: int  # -1: before the film, its start picture or a loop's lead-in
    revision: int
    jpeg: bytes


@dataclass(frozen=True)
class Position:
    """Progress of the worker, reported as each frame begins, is shown, and after each order."""

    playing: bool
    frame: int  # that is shown
    first: int  # frames of the ring
    last: int
    dreamed: float = 0.0  # frames a second
    shown: float = 0.0  # pictures a second, those between frames included
    next: int = 0  # first frame that is not begun: a change sent now reaches it


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
    since: int = 0  # first frame dreamed with it
    again: bool = False  # it begins at its start picture: frames of another size are void


@dataclass(frozen=True)
class NotBuilt:
    """The film cannot be dreamed; the one before goes on."""

    revision: int
    option: str | None
    message: str


@dataclass(frozen=True)
class Trouble:
    """A frame could not be dreamed, or is not kept any more; the film is paused."""

    message: str


@dataclass(frozen=True)
class Condition:
    """State of the process. Stopped: it died too often; the next order starts it again."""

    worker: Literal["starting", "ready", "stopped"]
    trouble: str | None = None  # reason of a start, or of the stop


Report = Picture | Position | Built | NotBuilt | Trouble | Condition
