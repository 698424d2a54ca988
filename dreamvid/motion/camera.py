"""The camera: rates per second of video -> where each pixel of the next frame comes from."""

from collections.abc import Callable

import torch
from jaxtyping import Float64
from kornia.geometry.transform import get_affine_matrix2d
from torch import Tensor

from dreamvid.image import Image
from dreamvid.motion.resample import Map, sample_bilinear, sample_cubic
from dreamvid.options import MotionOptions

Matrix = Float64[Tensor, "3 3"]
"""From a pixel of the new frame to its place in the old one: (x, y, 1), in pixels."""


def frame_matrix(options: MotionOptions, *, seconds: float, height: int, width: int) -> Matrix:
    """The movement of one frame that lasts `seconds`, composed.

    The picture is zoomed and turned about the centre, then shifted; zoom multiplies over
    time, the others add. Turning is anticlockwise as seen.
    """
    if options.classic_zoom:
        return _classic(options, seconds=seconds, height=height, width=width)
    centre = [options.centre[0] * width - 0.5, options.centre[1] * height - 0.5]
    shift = [options.shift[0] * width * seconds, options.shift[1] * height * seconds]
    return _inverse_affine(centre, shift, options.zoom**seconds, options.turn * seconds)


def _classic(options: MotionOptions, *, seconds: float, height: int, width: int) -> Matrix:
    """The zoom of dream.ipynb, 2015: source = (1 - s) * i + length * s / 2, each frame.

    Its fixed point is length / 2, half a pixel past the middle: the picture drifts.
    """
    shift = [options.shift[0] * width * seconds, options.shift[1] * height * seconds]
    zoom = 1 / (1 - options.classic_zoom)
    return _inverse_affine([width / 2, height / 2], shift, zoom, options.turn * seconds)


def _inverse_affine(centre: list[float], shift: list[float], zoom: float, degrees: float) -> Matrix:
    def row(values: list[float]) -> Tensor:
        return torch.tensor([values], dtype=torch.float64)

    # kornia turns clockwise as seen for a positive angle here.
    clockwise = torch.tensor([-degrees], dtype=torch.float64)
    forward = get_affine_matrix2d(row(shift), row(centre), row([zoom, zoom]), clockwise)
    return torch.linalg.inv(forward[0])


def source_map(matrix: Matrix, *, height: int, width: int) -> Map:
    """Where each pixel comes from, computed in float64: float32 loses 1e-4 px at 4K."""
    y, x = torch.meshgrid(
        torch.arange(height, dtype=torch.float64),
        torch.arange(width, dtype=torch.float64),
        indexing="ij",
    )
    places = torch.stack([x, y, torch.ones_like(x)], -1) @ matrix.T
    return (places[..., :2] / places[..., 2:]).float()


def make_camera(
    options: MotionOptions, *, seconds: float, height: int, width: int, device: torch.device
) -> Callable[[Image], Image]:
    """A function that moves an image by one frame: one resample, or none if nothing moves."""
    matrix = frame_matrix(options, seconds=seconds, height=height, width=width)
    if torch.equal(matrix, torch.eye(3, dtype=torch.float64)):
        return lambda image: image
    places = source_map(matrix, height=height, width=width).to(device)
    if options.sampling == "bilinear":
        return lambda image: sample_bilinear(image, places)
    return lambda image: sample_cubic(image, places, sharpness=options.sharpness)
