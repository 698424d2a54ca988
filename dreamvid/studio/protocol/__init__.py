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

from typing import Annotated

from pydantic import Field, TypeAdapter

from dreamvid.studio.protocol.base import BETWEEN, FRAME, HEADER, LARGEST, PAST, Message
from dreamvid.studio.protocol.changing import (
    DeleteKeyframe,
    FixSetting,
    MoveKeyframe,
    Open,
    Pin,
    Record,
    Redo,
    Reset,
    Save,
    Set,
    SetAll,
    SetKeyframe,
    Swap,
    ThinKeyframes,
    Undo,
    Unpin,
)
from dreamvid.studio.protocol.controls import Control, ControlGroup
from dreamvid.studio.protocol.playing import (
    Pause,
    Play,
    Ready,
    Restart,
    Seek,
    SetEndless,
    SetPreview,
    Step,
)
from dreamvid.studio.protocol.rendering import (
    ExtendFilm,
    OpenFilm,
    PauseRenders,
    RemoveRender,
    Render,
    ResumeRenders,
    RetryRender,
    VaryFilm,
)
from dreamvid.studio.protocol.shown import (
    Keyframe,
    Lane,
    Notice,
    Preview,
    Refused,
    RenderJob,
    Renders,
    State,
    Status,
    ToPage,
    Variant,
)

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
    | SetEndless
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

__all__ = [
    "BETWEEN",
    "FRAME",
    "HEADER",
    "LARGEST",
    "PAST",
    "Control",
    "ControlGroup",
    "DeleteKeyframe",
    "ExtendFilm",
    "FixSetting",
    "Keyframe",
    "Lane",
    "Message",
    "MoveKeyframe",
    "Notice",
    "Open",
    "OpenFilm",
    "Pause",
    "PauseRenders",
    "Pin",
    "Play",
    "Preview",
    "Ready",
    "Record",
    "Redo",
    "Refused",
    "RemoveRender",
    "Render",
    "RenderJob",
    "Renders",
    "Reset",
    "Restart",
    "ResumeRenders",
    "RetryRender",
    "Save",
    "Seek",
    "Set",
    "SetAll",
    "SetEndless",
    "SetKeyframe",
    "SetPreview",
    "State",
    "Status",
    "Step",
    "Swap",
    "ThinKeyframes",
    "ToPage",
    "ToServer",
    "Undo",
    "Unpin",
    "Variant",
    "VaryFilm",
    "to_server",
]
