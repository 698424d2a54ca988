"""Layers of a direction, and their shares."""

from collections.abc import Sequence

from dreamvid.errors import PresetError, quote
from dreamvid.explore.layers import picked
from dreamvid.models.features import FeatureModel

# Late middle layers give buildings, the last one alone does not; found by comparing films.
BUILDING: tuple[dict[str, float], ...] = (
    # lite2, of labels in photos; lite0's layers, those above, and labels in dreams are fur in it.
    {"block_16/expand": 1.0, "block_15/expand": 0.5},
    {"block_13/expand": 1.0, "block_11/expand": 0.5, "head": 0.3},
    {"inception_4e/output": 0.5, "inception_5a/output": 1.0, "inception_5b/output": 0.5},
)


def usual_shares(features: FeatureModel) -> dict[str, float]:
    """Look up the shares of known networks; for others, the usual layers in equal shares."""
    for shares in BUILDING:
        if set(shares) <= set(features.layers):
            return shares
    return dict.fromkeys(features.usual_layers, 1.0)


def read_shares(features: FeatureModel, texts: Sequence[str]) -> dict[str, float]:
    """Parse --layers, each LAYER or LAYER=SHARE; raises PresetError or ModelError. Empty: none."""
    shares: dict[str, float] = {}
    for text in texts:
        layer, equals, share = text.partition("=")
        for name in picked(features, [layer]):
            shares[name] = _share(text, share) if equals else 1.0
    return shares


def _share(text: str, share: str) -> float:
    try:
        number = float(share)
    except ValueError:
        number = 0.0
    if not 1e-6 <= number <= 1e6:
        problem = f"{quote(text)} gives no share above 0"
        raise PresetError("--layers", problem, "such as --layers LAYER=0.5")
    return number
