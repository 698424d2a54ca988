"""Kinds of motion, as warps from the pixels of a new frame to positions in the one before.

A frame's motion is the composition of all of them. To add a kind, write a function
(motion, seconds, height, width) -> Warp and name it in MOVES; its numbers are fields of
`Motion` and options of the same names in `[motion]`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from kornia.geometry.transform import get_affine_matrix2d
from torch import Tensor

Matrix = Float64[Tensor, "3 3"]
"""Homography from pixels of the new frame to positions in the old one: (x, y, 1), in pixels."""
Positions = Float[Tensor, "rows columns 2"]
"""Positions (x, y) in pixels; float64 where the device has it."""
Warp = Callable[[Positions], Positions]
"""Positions in the new frame -> in the old one."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Camera motion at one moment. Units as in `MotionOptions`."""

    zoom: float = 1.0
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    centre: tuple[float, float] = (0.5, 0.5)
    classic_zoom: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    dolly: float = 0.0
    field_of_view: float = 60.0
    vortex: float = 0.0
    vortex_radius: float = 0.5
    wave: float = 0.0
    wave_length: float = 0.3
    wave_phase: float = 0.0  # in waves that have passed
    kaleidoscope: int = 0
    droste: float = 1.0
    droste_turn: float = 0.0

    def middle(self, height: int, width: int) -> tuple[float, float]:
        """Compute the centre in pixels, (x, y)."""
        return self.centre[0] * width - 0.5, self.centre[1] * height - 0.5


def plane(motion: Motion, seconds: float, height: int, width: int) -> Warp | None:
    """Make the homography of zoom, turn, shift and the camera in front of the picture."""
    matrix = plane_matrix(motion, seconds=seconds, height=height, width=width)
    if torch.equal(matrix, torch.eye(3, dtype=torch.float64)):
        return None
    return lambda positions: project(positions, matrix)


def vortex(motion: Motion, seconds: float, height: int, width: int) -> Warp | None:
    """Make a rotation that falls off from the centre like a Gaussian."""
    if not motion.vortex:
        return None
    x0, y0 = motion.middle(height, width)
    most = math.radians(motion.vortex * seconds)
    radius = motion.vortex_radius * height

    def warp(positions: Positions) -> Positions:
        x, y = positions[..., 0] - x0, positions[..., 1] - y0
        angle = most * torch.exp(-(x * x + y * y) / radius**2)
        cos, sin = angle.cos(), angle.sin()
        # y points down: what turns anticlockwise as seen came from clockwise.
        return torch.stack([x0 + cos * x - sin * y, y0 + sin * x + cos * y], -1)

    return warp


def wave(motion: Motion, seconds: float, height: int, width: int) -> Warp | None:
    """Make two sinusoidal shears: rows left and right, then columns up and down."""
    if not motion.wave:
        return None
    reach = motion.wave * height * seconds
    turns = 2 * math.pi / (motion.wave_length * height)
    phase = 2 * math.pi * motion.wave_phase

    def warp(positions: Positions) -> Positions:
        x, y = positions.unbind(-1)
        y = y - reach * torch.sin(turns * x + phase)
        return torch.stack([x - reach * torch.sin(turns * y + phase), y], -1)

    return warp


def kaleidoscope(motion: Motion, seconds: float, height: int, width: int) -> Warp | None:
    """Map every sector to the first one, which begins to the right, or its mirror image."""
    if not motion.kaleidoscope:
        return None
    x0, y0 = motion.middle(height, width)
    sector = 2 * math.pi / motion.kaleidoscope

    def warp(positions: Positions) -> Positions:
        x, y = positions[..., 0] - x0, positions[..., 1] - y0
        radius, angle = torch.hypot(x, y), torch.atan2(y, x).remainder(sector)
        angle = torch.minimum(angle, sector - angle)
        return torch.stack([x0 + radius * angle.cos(), y0 + radius * angle.sin()], -1)

    return warp


def droste(motion: Motion, seconds: float, height: int, width: int) -> Warp | None:
    """Make the Droste effect: a ring about the centre, repeated inwards at a fixed ratio.

    The ring reaches from the farthest corner to 1/ratio of it; each one may be turned
    against the one around it.
    """
    if motion.droste == 1:
        return None
    x0, y0 = motion.middle(height, width)
    outer = math.hypot(max(x0, width - 1 - x0), max(y0, height - 1 - y0)) * 1.0001
    period = math.log(motion.droste)
    turn = math.radians(motion.droste_turn)

    def warp(positions: Positions) -> Positions:
        x, y = positions[..., 0] - x0, positions[..., 1] - y0
        ring = (torch.log(outer / torch.hypot(x, y).clamp_min(1e-6)) / period).floor()
        scale = torch.exp(ring * period)
        cos, sin = scale * torch.cos(ring * turn), scale * torch.sin(ring * turn)
        return torch.stack([x0 + cos * x - sin * y, y0 + sin * x + cos * y], -1)

    return warp


MOVES: dict[str, Callable[[Motion, float, int, int], Warp | None]] = {
    # Warps lead from the new frame to the old one: the first here is applied to the image last.
    "droste": droste,
    "kaleidoscope": kaleidoscope,
    "wave": wave,
    "vortex": vortex,
    "plane": plane,
}


def project(positions: Positions, matrix: Matrix) -> Positions:
    """Apply a homography; points behind the camera go far away, but stay finite."""
    matrix = matrix.to(positions)
    whole = torch.cat([positions, torch.ones_like(positions[..., :1])], -1) @ matrix.T
    return whole[..., :2] / whole[..., 2:].clamp_min(1e-3)


def plane_matrix(motion: Motion, *, seconds: float, height: int, width: int) -> Matrix:
    """Compose the homography of one frame's motion.

    The picture is zoomed and turned about the centre, then shifted; then the camera in front of
    it turns and moves forward. Zoom multiplies over time, the others add. Turning is
    anticlockwise as seen.
    """
    shift = [motion.shift[0] * width * seconds, motion.shift[1] * height * seconds]
    turn = motion.turn * seconds
    if motion.classic_zoom:
        # dream.ipynb, 2015: source = (1 - s) * i + length * s / 2, each frame. Its fixed point
        # is length / 2, half a pixel past the middle: the picture drifts.
        flat = _inverse_affine([width / 2, height / 2], shift, 1 / (1 - motion.classic_zoom), turn)
    else:
        centre = list(motion.middle(height, width))
        flat = _inverse_affine(centre, shift, motion.zoom**seconds, turn)
    if not (motion.yaw or motion.pitch or motion.roll or motion.dolly):
        return flat
    return flat @ torch.linalg.inv(_camera(motion, seconds, height, width))


def _inverse_affine(centre: list[float], shift: list[float], zoom: float, degrees: float) -> Matrix:
    row = lambda values: torch.tensor([values], dtype=torch.float64)
    # kornia turns clockwise as seen for a positive angle here.
    clockwise = torch.tensor([-degrees], dtype=torch.float64)
    forward = get_affine_matrix2d(row(shift), row(centre), row([zoom, zoom]), clockwise)
    return torch.linalg.inv(forward[0])


def _camera(motion: Motion, seconds: float, height: int, width: int) -> Matrix:
    """Compute a pinhole camera in front of the picture, old pixel -> new pixel: K R T K^-1.

    T moves forward to the picture, which lies at distance 1; R turns left or right, up or
    down, and about the line of sight (Hartley and Zisserman, 2004, section 13.1).
    """
    focal = width / 2 / math.tan(math.radians(motion.field_of_view) / 2)
    lens = torch.tensor(
        [[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]], dtype=torch.float64
    )
    forward = torch.diag(torch.tensor([1, 1, (1 - motion.dolly) ** seconds], dtype=torch.float64))
    # Looking right moves the picture left, looking up moves it down; y points down.
    turned = (
        _rotation(2, 0, 1, motion.roll * seconds)
        @ _rotation(0, 1, 2, motion.pitch * seconds)
        @ _rotation(1, 2, 0, motion.yaw * seconds)
    )
    return lens @ turned @ forward @ torch.linalg.inv(lens)


def _rotation(axis: int, first: int, second: int, degrees: float) -> Matrix:
    """Make a rotation of the world about one axis, from `second` towards `first`."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = torch.zeros(3, 3, dtype=torch.float64)
    matrix[axis, axis] = 1
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = sin, -sin
    return matrix
