"""Messages of the page that change the preset, keep it, and compare it."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from dreamvid.studio.protocol.base import FrameNumber, Key, Message, Name


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
    ease: Annotated[str, Field(max_length=40)] = "linear"


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
    values: dict[Key, JsonValue] = Field(default={}, max_length=20)  # such as its clip


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
