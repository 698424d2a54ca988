"""[start]: the image a film begins with, or the footage it is dreamed on."""

from typing import Literal

from pydantic import Field, model_validator

from dreamvid.preset.base import Options
from dreamvid.preset.values import Colour, File, Size


class StartOptions(Options):
    """Start picture that the film grows from, or footage that is dreamed on."""

    kind: Literal["noise", "sky", "dusk", "image", "video"] = Field(
        default="sky",
        description="noise, sky and dusk are generated from the seed; image and video are files",
    )
    path: File | None = Field(
        default=None,
        description="the file, for kind = image or video; of video also a folder of pictures, or "
        "a pattern such as img_%04d.png or *.png, at video.fps, else 24 a second",
    )
    size: Size | None = Field(
        default=None, description="film size; default 480x270, or the file's own"
    )
    background: Colour = Field(
        default="#ffffff",
        description='under transparent parts of the file: "#rrggbb", or a name such as "black"',
    )

    @model_validator(mode="after")
    def _a_file_has_a_path(self) -> "StartOptions":
        filed = self.kind in ("image", "video")
        if self.path is not None and not filed:
            raise ValueError(f'path has no effect with kind = "{self.kind}"; use kind = "image"')
        if self.path is None and self.kind == "image":  # footage: only the preset's user has it
            raise ValueError('kind = "image" needs a path')
        return self
