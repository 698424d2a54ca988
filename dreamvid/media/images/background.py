"""Compositing of transparent pictures on an opaque colour."""

import numpy as np
from PIL import Image as PilImage

from dreamvid.image import Bytes

WHITE = "#ffffff"


def lay_on(clear: PilImage.Image, background: str = WHITE) -> Bytes:
    """Composite an RGBA picture, alpha not premultiplied, on "#rrggbb", to (h, w, 3)."""
    ground = PilImage.new("RGBA", clear.size, background)
    return np.asarray(PilImage.alpha_composite(ground, clear).convert("RGB"))
