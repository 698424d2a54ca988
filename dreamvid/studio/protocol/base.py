"""Base of all messages, and the types of their fields."""

import struct
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

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
