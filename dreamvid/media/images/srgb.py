"""Between sRGB's numbers, which pictures are kept in, and linear light (IEC 61966-2-1)."""

import numpy as np
from jaxtyping import Float

Values = Float[np.ndarray, "..."]


def to_linear(values: Values) -> Values:
    """sRGB 0 to 1 -> light 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def from_linear(light: Values) -> Values:
    """Light -> sRGB 0 to 1; what is brighter than white becomes white."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
