"""The frame that becomes poster.png: chosen while frames are rendered, kept in the checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F

from dreamvid.errors import PresetError
from dreamvid.film.engine import Frame
from dreamvid.image import Bytes, Image, OtherSizeImage, to_bytes
from dreamvid.inspect.richness import LONGEST, richness
from dreamvid.preset.schema import Preset
from dreamvid.preset.values import clip_seconds

A_SECOND = 6  # frames of one that are scored


@dataclass(frozen=True)
class Poster:
    """A frame of the film, as its PNG will have it."""

    frame: int
    score: float
    pixels: Bytes


Choose = Callable[[Poster | None, Frame], Poster | None]
"""(the poster so far, the next frame) -> the poster from there on; None: the last frame is it."""


def make_chooser(preset: Preset) -> Choose:
    """Make the choice of `outputs.poster`; raises PresetError for a moment past the film's end."""
    wanted, rate = preset.outputs.poster, preset.video.rate
    every = max(1, round(rate / A_SECOND))
    if wanted == "last":
        return lambda poster, frame: None
    if wanted != "best":
        return _at(moment_of(preset))

    def best(poster: Poster | None, frame: Frame) -> Poster | None:
        if frame.index < 0 or frame.index % every:
            return poster
        score = richness(to_bytes(_shrunk(frame.image)))
        if poster and score <= poster.score:
            return poster
        return Poster(frame.index, score, to_bytes(frame.image))

    return best


def _at(moment: int) -> Choose:
    return lambda poster, frame: (
        Poster(moment, 0.0, to_bytes(frame.image)) if frame.index == moment else poster
    )


def _shrunk(image: Image) -> OtherSizeImage:
    """Shrink an image where it is, since a GPU is slow to send it."""
    scale = LONGEST / max(image.shape[-2:])
    if scale >= 1:
        return image
    size = [max(1, round(side * scale)) for side in image.shape[-2:]]
    return F.interpolate(image.detach(), size, mode="area")


def moment_of(preset: Preset) -> int:
    """Find the frame of a moment in `outputs.poster`; raises PresetError."""
    wanted, video = preset.outputs.poster, preset.video
    frame = int(clip_seconds(wanted, video.rate) * video.rate)
    if frame >= video.count:
        last = f"the last frame is {video.count - 1}f"
        raise PresetError("outputs.poster", f"{wanted} is past the film's end", last)
    return frame
