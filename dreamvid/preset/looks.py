"""Looks: options of [dream] that belong together, under one name.

Found by looking at stills and films of GoogLeNet and EfficientNet-Lite0. None of them says
what is dreamed, or in how many octaves: those depend on the model and on the picture's size.
"""

from typing import Any

LOOKS: dict[str, dict[str, Any]] = {
    "classic": {},
    # A mild light, forms that rise out of haze: slow waves first, the finest detail held back.
    "soft": {
        "frequency": 1.0,
        "decorrelate": 0.5,
        "high_frequency": 0.1,
        "total_variation": 0.15,
        "saturation_limit": 45,
        "last_step": 0.2,
    },
    # Fur and feathers to the last hair: most of the step in light, what it adds sharpened.
    "crisp": {
        "pyramid": 2,
        "luminance": 0.5,
        "decorrelate": 0.3,
        "total_variation": 0.05,
        "sharpen": 0.8,
        "saturation_limit": 70,
    },
    # Brushwork: bold forms and colours, surfaces as even as wet paint, edges between them.
    "painterly": {
        "step_size": 2.5,
        "last_step": 0.3,
        "pyramid": 4,
        "smooth": 0.5,
        "decorrelate": 0.4,
        "total_variation": 0.6,
        "sharpen": 0.5,
        "saturation_limit": 60,
    },
}

# What a look decides, whichever of them it is.
SHAPING = frozenset({"look", *(option for look in LOOKS.values() for option in look)})
