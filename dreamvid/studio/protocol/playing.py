"""Messages of the page that move the film and change nothing."""

from typing import Annotated, Literal

from pydantic import Field

from dreamvid.studio.protocol.base import FrameNumber, Message


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


class SetEndless(Message):
    """Choose whether a film that plays is made longer before it ends."""

    type: Literal["set_endless"]
    on: bool


class SetPreview(Message):
    """Choose the preview: its width in pixels, or as large as five dreams a second allow."""

    type: Literal["set_preview"]
    width: Annotated[int, Field(ge=64, le=1920)] | None = None
    draft: bool = False  # fewer gradient steps than the film's
