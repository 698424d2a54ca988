"""Messages of the page to the queue of renders."""

from typing import Annotated, Literal

from pydantic import Field

from dreamvid.studio.protocol.base import Job, Message, Name


class Render(Message):
    """Put a film of the preset into the queue."""

    type: Literal["render"]
    name: Name
    size: Annotated[str, Field(max_length=40)] | None = None  # "1280x720"; None: the preset's
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
