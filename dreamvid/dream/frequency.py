"""Scale a gradient's waves by their length: slow ones first, as in photos."""

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.image import Image


def by_frequency(gradient: Image, power: float) -> Image:
    """Divide each wave by its frequency to the `power`.

    At 1 a step changes the image as if it were parametrised by the waves of photos, whose
    strength falls by 1/f (the Fourier parametrisation of Olah et al., "Feature
    visualization", 2017, as a preconditioner). The gradient is mirrored first, so that
    opposite sides are no neighbours. Waves longer than the image count as one that just
    fits into it, and its mean as the finest: else a dream turns all dark or all bright.
    """
    height, width = gradient.shape[-2:]
    mirrored = torch.cat([gradient, gradient.flip(-1)], dim=-1)
    mirrored = torch.cat([mirrored, mirrored.flip(-2)], dim=-2)
    waves = torch.fft.rfft2(mirrored)
    weights = _frequencies(height, width, gradient).pow(-power)
    weighed = torch.fft.irfft2(waves * weights, s=(2 * height, 2 * width))
    return weighed[..., :height, :width]


def _frequencies(height: int, width: int, like: Tensor) -> Float[Tensor, "rows columns"]:
    """Frequencies of the mirrored image's waves, in waves a longer side of it; at least 1."""
    down = torch.fft.fftfreq(2 * height, device=like.device, dtype=like.dtype)
    across = torch.fft.rfftfreq(2 * width, device=like.device, dtype=like.dtype)
    both = torch.hypot(down[:, None], across[None])
    waves = (both * max(height, width)).clamp_min(1.0)
    waves[0, 0] = waves.amax()
    return waves
