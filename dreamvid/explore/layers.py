"""Choose layers of a network to dream at, by their names alone."""

import re
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase

from dreamvid.errors import ModelError, suggest
from dreamvid.models.features import FeatureModel

MOST = 80  # layers; beyond that the deepest levels of names are left out
PART = re.compile(r"[/.]")
# Parts of names of layers that only pass on, or see the whole image at once.
DULL = re.compile(r"(|max|avg|global)pool\d*|.*norm\d*|bn\d*|relu\d*|dropout\d*|fc|class.*")


def worth_dreaming(layers: Sequence[str]) -> list[str]:
    """Select the layers that have features of their own at each position.

    Layers before the first whole block, of three layers or more under one name, see only edges.
    Networks with very many layers keep only the outer ones, whose names have the fewest parts.
    """
    kept = [name for name in layers if not any(DULL.fullmatch(p) for p in PART.split(name))]
    depths = sorted({len(PART.split(name)) for name in kept}, reverse=True)
    for depth in depths[:-1]:
        if len(kept) <= MOST:
            break
        kept = [name for name in kept if len(PART.split(name)) < depth]
    sizes = Counter(block_of(name) for name in kept)
    whole = [n for n, name in enumerate(kept) if block_of(name) and sizes[block_of(name)] >= 3]
    return kept[whole[0] :] if whole else kept


def block_of(layer: str) -> str:
    """Name the block that a layer belongs to: inception_4c for inception_4c/3x3."""
    return re.split(r"[/.](?=[^/.]*$)", layer)[0] if PART.search(layer) else ""


def picked(features: FeatureModel, patterns: Sequence[str]) -> list[str]:
    """List the layers that match names or patterns such as inception_4*/output, each once.

    A pattern may be a comma-separated list. Raises ModelError for one that matches no layer.
    """
    matches: dict[str, None] = {}
    for pattern in ",".join(patterns).split(","):
        matching = [name for name in features.layers if fnmatchcase(name, pattern)]
        if not matching:
            near = suggest(pattern, features.layers)
            see = f"see `dreamvid layers {features.name}`"
            cure = near if near.startswith("did") else see
            raise ModelError(f"--layers: {features.name} has no layer {pattern} ({cure})")
        matches |= dict.fromkeys(matching)
    return list(matches)


def some(features: FeatureModel, count: int) -> list[str]:
    """Select `count` layers from first to last, of the kind of the network's usual ones."""
    worth = worth_dreaming(features.layers)
    kinds = {PART.split(name)[-1] for name in features.usual_layers}
    alike = [name for name in worth if PART.split(name)[-1] in kinds and block_of(name)]
    chosen = alike if len(alike) >= count else worth
    last = max(1, count - 1)
    positions = [round(n * (len(chosen) - 1) / last) for n in range(count)]
    return list(dict.fromkeys(chosen[position] for position in positions))
