"""Messages to the page: all that a window shows."""

from typing import Any, Literal

from dreamvid.studio.protocol.base import Message


class Keyframe(Message):
    frame: float
    value: float | str
    ease: str


class Lane(Message):
    """Setting that changes over the film."""

    key: str
    keyframes: list[Keyframe] | None  # None: an expression
    expression: str | None
    samples: list[float]  # evenly spread from the first to the last frame


class Preview(Message):
    """Size and settings that the frames seen are dreamed at."""

    width: int
    height: int
    auto: bool
    draft: bool
    settings: list[str]  # `--set` of a render that gives the frames that are seen


class Variant(Message):
    """Variant A."""

    name: str
    revision: int
    first: int
    last: int  # of the pictures kept: GET /pictures/a/FRAME


class State(Message):
    """Everything that a window shows, but for pictures and speed. Sent when any of it changes."""

    type: Literal["state"] = "state"
    revision: int
    name: str
    saved: bool  # False: changed since it was opened or saved
    values: dict[str, Any]  # of every setting, by key, defaults included
    changed: list[str]  # keys that differ from the preset that was opened
    lanes: list[Lane]
    undo: str | None  # the change that `undo` takes back, in words
    redo: str | None
    recording: bool
    endless: bool  # made longer before it ends
    frames: int  # length of the film
    fps: float
    seen_from: int | None  # first frame from which the saved preset renders what was seen
    preview: Preview | None
    variant: Variant | None


class Status(Message):
    """Progress of the session, a few times a second."""

    type: Literal["status"] = "status"
    playing: bool
    frame: int
    first: int  # frames of the ring, which can be sought
    last: int
    dreamed: float  # frames dreamed a second
    shown: float  # pictures made a second
    worker: Literal["starting", "ready", "stopped"]
    trouble: str | None = None


class Refused(Message):
    """Reason why something was not done, in the words of the command line."""

    type: Literal["refused"] = "refused"
    key: str | None
    message: str


class Notice(Message):
    """Something to be told that is no fault."""

    type: Literal["notice"] = "notice"
    message: str


class RenderJob(Message):
    job: str
    title: str
    state: Literal["waiting", "rendering", "done", "failed"]
    frames: int  # done
    count: int
    seconds_left: float | None
    reason: str
    picture: str | None  # its address


class Renders(Message):
    """The queue."""

    type: Literal["renders"] = "renders"
    paused: bool
    jobs: list[RenderJob]
    trouble: str = ""  # why the queue was paused by itself


ToPage = State | Status | Refused | Notice | Renders
