"""Looks: named sets of [dream] options.

Chosen by looking at stills and films of GoogLeNet and EfficientNet-Lite0. None of them sets
layers or octaves: those depend on the model and on the image's size.
"""

from typing import Any

LOOKS: dict[str, dict[str, Any]] = {
    "classic": {},
    # Mild light, forms in haze: low frequencies first, the finest detail held back.
    "soft": {
        "frequency": 1.0,
        "decorrelate": 0.5,
        "high_frequency": 0.1,
        "total_variation": 0.15,
        "saturation_limit": 45,
        "last_step": 0.2,
    },
    # Fur and feathers: most of the step in luminance, the dream sharpened.
    "crisp": {
        "pyramid": 2,
        "luminance": 0.5,
        "decorrelate": 0.3,
        "total_variation": 0.05,
        "sharpen": 0.8,
        "saturation_limit": 70,
    },
    # Brushwork: bold forms and colours, even surfaces with edges between them.
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

SHAPING = frozenset({"look", *(option for look in LOOKS.values() for option in look)})
"""Options that looks set."""
