"""Conversion between sRGB and linear light (IEC 61966-2-1)."""

import numpy as np
from jaxtyping import Float

Values = Float[np.ndarray, "..."]


def to_linear(values: Values) -> Values:
    """Convert sRGB to linear light, both in [0, 1]."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def from_linear(light: Values) -> Values:
    """Convert linear light, clipped to [0, 1], to sRGB."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
