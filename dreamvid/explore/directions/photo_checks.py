"""Signs that photos will make a poor direction, told with what would help.

FEW is from films: 14 photos of a town dreamed worse than 42. CHANCE and ALIKE were measured on
508 photos of towns by lite0 and GoogLeNet. Ornate buildings are 1.8 to 1.9 times as far from all
else as chance would have them, Barcelona's photos 1.7 to 2.0; plain facades, whose dreams are fur,
1.4, and 1.0 to 1.1 against other buildings. A photo and its copy have a cosine above 0.99, 99.9 %
of pairs one below 0.96. People, who become faces, cannot be told by ImageNet's labels: those of
clothes were in 2 of the 508.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.explore.directions.photos import Levels, above
from dreamvid.models.directions.arithmetic import on_one_scale
from dreamvid.models.directions.direction import Direction, read_direction
from dreamvid.models.directions.library import find

FEW = 20  # photos
ALIKE = 0.99  # cosine of two photos' levels, of which one teaches nothing new
TOP = 0.05  # share of a layer's channels that set photos apart
SHUFFLES = 10  # of the photos between the two sets, to learn what chance does
CHANCE = 1.5  # times as far apart as shuffled sets, at least; two halves of one set are at 1
BEASTLY = 0.35  # cosine with `creatures`; that of the shipped city is 0.16

BETTER = "photos of what is ornate, and others without buildings, would help"


def few(option: str, count: int) -> list[str]:
    """Note a set of too few photos."""
    if count >= FEW:
        return []
    return [f"{option}: {count} photos are few; {2 * FEW} of the same kind dream more clearly"]


def alike(option: str, levels: Mapping[str, Levels]) -> list[str]:
    """Note near-duplicates among photos."""
    rows = torch.cat([_unit(one) for one in levels.values()], dim=1)
    close = (rows @ rows.T / len(levels)).triu(1) > ALIKE
    copies = int(close.any(0).sum())
    if copies == 0:
        return []
    said = f"{copies} of {len(rows)} photos look like others among them, and add little"
    return [f"{option}: {said}; photos of different things, or from other sides, would help"]


def not_apart(here: Mapping[str, Levels], there: Mapping[str, Levels]) -> list[str]:
    """Note sets that differ little more than the same photos do when they are shuffled."""
    ratio = sum(_apart(here[layer], there[layer]) for layer in here) / len(here)
    if ratio >= CHANCE:
        return []
    said = "the two sets of photos differ hardly more than by chance"
    return [f"--against: {said} ({ratio:.1f} times as much): fur is dreamed then; {BETTER}"]


def _apart(here: Levels, there: Levels) -> float:
    """Compare how far two sets are apart with the same photos shuffled."""
    both, rng = torch.cat([here, there]), torch.Generator().manual_seed(0)
    shuffled = []
    for _ in range(SHUFFLES):
        order = torch.randperm(len(both), generator=rng).to(both.device)
        shuffled.append(_distance(both[order[: len(here)]], both[order[len(here) :]]))
    return _distance(here, there) / max(sum(shuffled) / SHUFFLES, 1e-6)


def _distance(here: Levels, there: Levels) -> float:
    """Average the strongest channels' distance, in standard deviations."""
    distances = above(here, there)
    return float(distances.topk(max(1, round(TOP * len(distances)))).values.mean())


def _unit(levels: Levels) -> Tensor:
    return torch.nn.functional.normalize(levels, dim=1)


def beastly(direction: Direction, model: str) -> list[str]:
    """Note a direction that speaks for animals, where the model has `creatures` to compare with."""
    try:
        creatures = read_direction(find("creatures", model))
    except PresetError:
        return []
    pairs = [on_one_scale(direction), on_one_scale(creatures)]
    both = pairs[0].keys() & pairs[1].keys()
    if not both:
        return []
    cosines = [
        float(torch.cosine_similarity(pairs[0][layer].cpu(), pairs[1][layer], dim=0))
        for layer in both
    ]
    cosine = sum(cosines) / len(cosines)
    if cosine < BEASTLY:
        return []
    said = f"this direction speaks for animals (its cosine with creatures is {cosine:.2f})"
    return [f"{said}: if they are not wanted, --subtract 0.25*creatures --without creatures"]
