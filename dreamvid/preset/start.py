"""[start]: the image a film begins with, or the footage it is dreamed on."""

from typing import Any, Literal

from pydantic import Field, create_model, model_validator

from dreamvid.preset.base import Options
from dreamvid.preset.values import ClipTime, Colour, File, Size

Scene = Literal["sky", "dawn", "golden", "dusk", "night", "sea", "forest"]
"""Generated pictures, whose colours a film can keep."""


class _Source(Options):
    """Start picture or footage."""

    kind: Literal["noise", Scene, "image", "video"] = Field(
        default="sky",
        description="image and video are files, the others are generated from the seed",
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
    def _a_file_has_a_path(self) -> "_Source":
        filed = self.kind in ("image", "video")
        if self.path is not None and not filed:
            raise ValueError(f'path has no effect with kind = "{self.kind}"; use kind = "image"')
        if self.path is None and self.kind == "image":  # footage: only the preset's user has it
            raise ValueError('kind = "image" needs a path')
        return self


# A class cannot name a field by a keyword.
_FROM: dict[str, Any] = {
    "from": (
        ClipTime | None,  # type: ignore[operator]
        Field(
            default=None,
            description='footage: where the film begins in it: seconds, "60f" of its own frames, '
            'or "00:01:02.5"; its sound begins there too',
        ),
    )
}
_Begun: Any = create_model("_Begun", __base__=_Source, **_FROM)


class StartOptions(_Begun):
    """Start picture that the film grows from, or footage that is dreamed on."""

    to: ClipTime | None = Field(
        default=None, description="footage: where the film ends in it, likewise; this is not shown"
    )
    every: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="footage: take one frame in N: at the same frames a second it is N times as "
        "fast, without the footage's sound",
    )

    @model_validator(mode="after")
    def _footage_alone_is_cut(self) -> "StartOptions":
        cut = sorted(self.changed() & {"from", "to", "every"})
        if cut and self.kind != "video":
            raise ValueError(f'{cut[0]} has no effect with kind = "{self.kind}"; it cuts footage')
        return self

    @property
    def begin(self) -> str | None:
        """The option `from`, whose name is a keyword."""
        return getattr(self, "from")
