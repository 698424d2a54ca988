"""Messages between page and server, over one WebSocket a window.

A text message is a JSON object with a `type`. The page sends `ToServer`, the server `ToPage`.
Commands have no replies of their own: what they change comes back to every window as a new
`state`, and what cannot be done as `refused`, to the window that asked.

Pictures are binary messages: 12 bytes, then a JPEG. Little-endian: uint8 kind (0 a frame of the
film, 1 a picture between two frames, 2 a frame of the past, after `seek`), 3 bytes unused, uint32
revision, int32 frame. They are sent on credit: a window says `ready` and gets the newest picture
that it has not had, once there is one. A window that is slow, asleep or gone costs nothing.

A setting is named by its key, "motion.zoom", or "motion.centre[0]" for an item of a list. Times
are frames of the film. A `revision` counts the changes of the preset.
"""

import struct
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

HEADER = struct.Struct("<B3xIi")
"""Header of a picture: kind, revision, frame."""

FRAME, BETWEEN, PAST = 0, 1, 2
"""Kinds of pictures."""

LARGEST = 1_000_000  # bytes of a message from the page: a list of 1,000 keyframes has 60,000

FrameNumber = Annotated[int, Field(ge=-1, lt=2**31)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Key = Annotated[str, Field(min_length=1, max_length=120)]
Job = Annotated[str, Field(min_length=1, max_length=200)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ready(Message):
    """Ask for the next picture."""

    type: Literal["ready"]


class Play(Message):
    """Go on from the frame that is shown; frames after it are dreamed anew."""

    type: Literal["play"]


class Pause(Message):
    type: Literal["pause"]


class Step(Message):
    """Dream one frame, then pause."""

    type: Literal["step"]


class Restart(Message):
    """Begin again at the start picture."""

    type: Literal["restart"]


class Seek(Message):
    """Show a frame that was dreamed; `play` branches from there."""

    type: Literal["seek"]
    frame: FrameNumber


class Set(Message):
    """Set a setting, from the next frame on; while recording, as a keyframe there."""

    type: Literal["set"]
    key: Key
    value: JsonValue


class SetAll(Message):
    """Set several settings for the whole film, in this order, all or none, as one change."""

    type: Literal["set_all"]
    values: Annotated[dict[Key, JsonValue], Field(min_length=1, max_length=20)]


class Reset(Message):
    """Give a setting back what it had when the preset was opened, or else its default."""

    type: Literal["reset"]
    key: Key


class Undo(Message):
    type: Literal["undo"]


class Redo(Message):
    type: Literal["redo"]


class Record(Message):
    """Begin or end to write changes as keyframes at the frame that is shown."""

    type: Literal["record"]
    on: bool


class SetKeyframe(Message):
    """Add or change a keyframe of a setting; a constant becomes a lane of its own."""

    type: Literal["set_keyframe"]
    key: Key
    frame: FrameNumber
    value: float | str
    ease: str = "linear"


class MoveKeyframe(Message):
    type: Literal["move_keyframe"]
    key: Key
    frame: FrameNumber
    to: FrameNumber


class DeleteKeyframe(Message):
    """Remove a keyframe; with its last one a setting is constant again."""

    type: Literal["delete_keyframe"]
    key: Key
    frame: FrameNumber


class ThinKeyframes(Message):
    """Replace recorded keyframes by fewer, with straight lines between, near them."""

    type: Literal["thin_keyframes"]
    key: Key


class FixSetting(Message):
    """Make a scheduled setting constant, at its value in the frame that is shown."""

    type: Literal["fix_setting"]
    key: Key


class Open(Message):
    """Open a preset, shipped or saved, by name."""

    type: Literal["open"]
    name: Name


class Save(Message):
    """Save the preset under a name of its own; refused where there is one, unless told."""

    type: Literal["save"]
    name: Name
    overwrite: bool = False


class Pin(Message):
    """Keep the preset and the pictures seen as variant A, to compare with."""

    type: Literal["pin"]


class Swap(Message):
    """Exchange variant A and the preset that is being changed."""

    type: Literal["swap"]


class Unpin(Message):
    type: Literal["unpin"]


class SetPreview(Message):
    """Choose the preview: its width in pixels, or as large as five dreams a second allow."""

    type: Literal["set_preview"]
    width: Annotated[int, Field(ge=64, le=1920)] | None = None
    draft: bool = False  # fewer gradient steps than the film's


class Render(Message):
    """Put a film of the preset into the queue."""

    type: Literal["render"]
    name: Name
    size: str | None = None  # "1280x720"; None: the preset's
    frames: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    targets: list[Annotated[str, Field(max_length=40)]] = Field(default=[], max_length=20)


class PauseRenders(Message):
    type: Literal["pause_renders"]


class ResumeRenders(Message):
    type: Literal["resume_renders"]


class RemoveRender(Message):
    """Take a film out of the queue; what was rendered of it stays in its folder."""

    type: Literal["remove_render"]
    job: Job


class RetryRender(Message):
    """Put a failed film back into the queue."""

    type: Literal["retry_render"]
    job: Job


class ExtendFilm(Message):
    """Make a finished film longer, by the queue."""

    type: Literal["extend_film"]
    job: Job
    frames: Annotated[int, Field(ge=1, le=10_000_000)]


class VaryFilm(Message):
    """Put films like a finished one, of other seeds, into the queue."""

    type: Literal["vary_film"]
    job: Job
    count: Annotated[int, Field(ge=1, le=12)] = 1


class OpenFilm(Message):
    """Open the preset that a finished film was made from; `seed` set: a variation of it."""

    type: Literal["open_film"]
    job: Job
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None


ToServer = Annotated[
    Ready
    | Play
    | Pause
    | Step
    | Restart
    | Seek
    | Set
    | SetAll
    | Reset
    | Undo
    | Redo
    | Record
    | SetKeyframe
    | MoveKeyframe
    | DeleteKeyframe
    | ThinKeyframes
    | FixSetting
    | Open
    | Save
    | Pin
    | Swap
    | Unpin
    | SetPreview
    | Render
    | PauseRenders
    | ResumeRenders
    | RemoveRender
    | RetryRender
    | ExtendFilm
    | VaryFilm
    | OpenFilm,
    Field(discriminator="type"),
]

to_server: TypeAdapter[ToServer] = TypeAdapter(ToServer)


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
    choices: list[str] = []


class ControlGroup(Message):
    """Settings that belong together, as a table of the preset's file does."""

    name: str
    title: str
    controls: list[Control]
