"""Masks from files: an image, a folder of images, or a film with one frame for each frame."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.objectives.grid import Mask
from dreamvid.errors import PresetError
from dreamvid.film.clip import Clip
from dreamvid.film.timeline import Timeline
from dreamvid.image import Image, fit, from_bytes
from dreamvid.media.footage.footage import probe_footage
from dreamvid.media.images.reading import check_image, load, open_image, upright
from dreamvid.media.images.sequence import images_in
from dreamvid.media.video.colour import BLUE, RED
from dreamvid.preset.mask import SHAPES
from dreamvid.preset.values import VIDEOS
from dreamvid.schedule.moment import Moment

KINDS = f"a picture, a folder of pictures, a film, or one of {', '.join(SHAPES)}"


@dataclass(frozen=True)
class MaskSource:
    """Masks of one size, by moment."""

    at: Callable[[Moment], Mask]
    still: bool = False  # the same in all frames
    close: Callable[[], None] = lambda: None


def open_masks(
    path: Path, size: tuple[int, int], timeline: Timeline | None, option: str
) -> MaskSource:
    """Open masks of (height, width), cropped like start pictures, on the CPU.

    Without a timeline the file must be one image. Raises PresetError, naming `option`, or
    VideoError for a file that is no mask, or has too few images.
    """
    if not path.exists():
        raise PresetError(option, f"{path} does not exist", KINDS)
    if path.is_dir() or path.suffix.lower() in VIDEOS:
        if timeline is None:
            cure = "a guide or direction has one mask"
            raise PresetError(option, f"{path} is not one picture", cure)
        return (_folder if path.is_dir() else _film)(path, size, timeline, option)
    mask = _fitted(_lightness_in(path, option), size)
    return MaskSource(lambda moment: mask, still=True)


def _folder(path: Path, size: tuple[int, int], timeline: Timeline, option: str) -> MaskSource:
    files = images_in(path)
    if len(files) < timeline.frames:
        problem = f"{path} holds {len(files)} pictures, the film has {timeline.frames} frames"
        raise PresetError(option, problem, "a picture for each frame; video.frames makes it short")
    for file in files[: timeline.frames]:
        check_image(file, option=option)
    return MaskSource(lambda moment: _fitted(_lightness_in(files[moment.frame], option), size))


def _film(path: Path, size: tuple[int, int], timeline: Timeline, option: str) -> MaskSource:
    frames = probe_footage(path, fps=timeline.fps).frames
    if frames < timeline.frames:
        problem = f"{path} has {frames} frames at {timeline.fps} a second, the film"
        raise PresetError(option, f"{problem} {timeline.frames}", "video.frames makes it short")
    clip = Clip(path, fps=timeline.fps, size=size, background="#000000")
    return MaskSource(
        lambda moment: lightness(from_bytes(clip.frame(moment.frame))), close=clip.close
    )


def lightness(image: Image) -> Mask:
    """Compute BT.709 luma: white is 1, black 0."""
    red, green, blue = image.split(1, dim=1)
    return green + RED * (red - green) + BLUE * (blue - green)  # exact for greys


def _lightness_in(path: Path, option: str) -> Mask:
    """Read an image's lightness times opacity; raises PresetError."""
    on_white = lightness(load(path, option=option))
    alpha = _alpha(path)
    # Over white a colour c of alpha a is ac + 1 - a; ac is the mask.
    return on_white if alpha is None else (on_white + alpha - 1).clamp(0, 1)


def _alpha(path: Path) -> Mask | None:
    # Files that Pillow does not know are opaque.
    with suppress(OSError), open_image(path) as file:
        if file.has_transparency_data:
            alpha = upright(file).convert("RGBA").getchannel("A")
            return torch.from_numpy(np.array(alpha))[None, None].float() / 255
    return None


def _fitted(mask: Float[Tensor, "1 1 _ _"], size: tuple[int, int]) -> Mask:
    fitted = fit(mask.expand(1, 3, -1, -1), size)[:, :1]
    return (fitted * 65535).round() / 65535  # resampling may turn 1 into 0.9999
