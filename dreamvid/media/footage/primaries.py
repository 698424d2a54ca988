"""Colour primaries of ITU-T H.273 and their conversion to those of BT.709."""

from functools import cache

import numpy as np
from jaxtyping import Float64

Matrix = Float64[np.ndarray, "3 3"]
Point = tuple[float, float]
"""Chromaticity x, y."""

BT709, BT2020 = 1, 9
D65, C, DCI = (0.3127, 0.3290), (0.310, 0.316), (0.314, 0.351)
_SMPTE_C = (0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65
CHROMATICITIES: dict[int, tuple[Point, Point, Point, Point]] = {
    BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), C),  # BT.470 M
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),  # BT.601, 625 lines
    6: _SMPTE_C,  # BT.601, 525 lines
    7: _SMPTE_C,  # SMPTE 240M
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), C),  # film
    BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), DCI),  # P3 of cinemas
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65),  # P3 of displays
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),  # EBU 3213
}
"""Red, green, blue and white of each value of ColourPrimaries (H.273, table 2)."""

# Cone responses of XYZ, in which one white is adapted to another (Bradford; ICC.1, annex E).
_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@cache
def to_xyz(primaries: int) -> Matrix:
    """Compute the matrix from linear RGB to XYZ, where white has Y = 1 (SMPTE RP 177)."""
    red, green, blue, white = (_xyz(point) for point in CHROMATICITIES[primaries])
    columns = np.stack([red, green, blue], axis=1)
    return columns * np.linalg.solve(columns, white)


@cache
def to_bt709(primaries: int) -> Matrix:
    """Compute the matrix from linear RGB to that of BT.709; white stays white."""
    white, d65 = (_CONES @ _xyz(CHROMATICITIES[one][3]) for one in (primaries, BT709))
    adapted = np.linalg.solve(_CONES, np.diag(d65 / white) @ _CONES)
    return np.linalg.solve(to_xyz(BT709), adapted @ to_xyz(primaries))


def _xyz(point: Point) -> Float64[np.ndarray, "3"]:
    x, y = point
    return np.array([x / y, 1, (1 - x - y) / y])
