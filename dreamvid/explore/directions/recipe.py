"""Sums of a direction with others: the terms of `--add`, `--subtract` and `--without`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import shorten

import torch

from dreamvid.errors import PresetError, quote
from dreamvid.film.directions import direction_for
from dreamvid.film.model_checks import check_lengths
from dreamvid.models.directions.arithmetic import (
    LayerWeights,
    on_one_scale,
    shares_of,
    summed,
    without,
)
from dreamvid.models.directions.direction import Direction
from dreamvid.models.features import FeatureModel
from dreamvid.preset.objectives import is_name
from dreamvid.preset.values import read_file

MOST = 100  # terms
LONGEST = 400  # characters of what a term says of its own making
NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"


@dataclass(frozen=True)
class Term:
    """Direction of the library or of a file, and its number in a sum."""

    name: str
    direction: Direction
    number: float = 1.0

    def __str__(self) -> str:
        made = shorten(self.direction.made, LONGEST) or "a file that does not say"
        times = "" if self.number == 1 else f"{self.number:g} "
        return f"{times}{self.name} ({made})"


@dataclass(frozen=True)
class Recipe:
    """Directions to add, to take away, and whose channels are to have no positive weight."""

    added: Sequence[Term] = ()
    subtracted: Sequence[Term] = ()
    without: Sequence[Term] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.added or self.subtracted or self.without)

    def __str__(self) -> str:
        signs = [(" + ", self.added), (" - ", self.subtracted), (", without ", self.without)]
        return "".join(f"{sign}{term}" for sign, terms in signs for term in terms)

    @property
    def credits(self) -> list[str]:
        """Credits of all directions that the sum depends on."""
        terms = [*self.added, *self.subtracted, *self.without]
        return [term.direction.credits for term in terms]


def read_recipe(
    add: Sequence[str],
    subtract: Sequence[str],
    leave_out: Sequence[str],
    features: FeatureModel,
    device: torch.device,
) -> Recipe:
    """Load the directions of `--add`, `--subtract` and `--without`; raises PresetError."""
    terms = {
        option: [_term(text, option, features, device) for text in texts]
        for option, texts in (("--add", add), ("--subtract", subtract), ("--without", leave_out))
    }
    return Recipe(*terms.values())


def _term(text: str, option: str, features: FeatureModel, device: torch.device) -> Term:
    number, name = _parsed(text, option)
    try:
        place = name if is_name(name) else read_file(name)
    except ValueError as error:
        raise PresetError(option, f"{quote(name)} {error}") from None
    direction = direction_for(place, features, option=option)  # type: ignore[arg-type]
    check_lengths(direction.weights, features, device, option=option)
    return Term(name if is_name(name) else name.rpartition("/")[2], direction, number)


def _parsed(text: str, option: str) -> tuple[float, str]:
    """Parse NAME or WEIGHT*NAME."""
    match = re.fullmatch(rf"\s*(?:({NUMBER})\s*\*)?\s*(.*?)\s*", text, re.DOTALL)
    assert match
    number = 1.0 if match[1] is None else float(match[1])
    usage = "NAME or a file" if option == "--without" else "NAME or WEIGHT*NAME"
    if (
        not 1e-6 <= number <= 1e6
        or "*" in match[2]
        or not match[2]
        or (option == "--without" and match[1])
    ):
        such = "creatures" if option == "--without" else "0.2*city"
        raise PresetError(option, f"{quote(text)} is not {usage}", f"such as {option} {such}")
    return number, match[2]


def combined(base: Direction | None, recipe: Recipe, only: Mapping[str, float]) -> Direction:
    """Add and take away directions; the layers and shares are those of `only`, where it has some.

    First the sum of the base and the added ones, whose channels that speak for those of
    `--without` then lose their positive weights, and what is subtracted last: a creature's
    channels may be below 0. The weights are not normalised.
    """
    whole = [] if base is None else [(1.0, on_one_scale(base))]
    added = [*whole, *_scaled(recipe.added)]
    rest = without(summed(added), [term.direction.weights for term in recipe.without])
    subtracted = [(-number, weights) for number, weights in _scaled(recipe.subtracted)]
    total = summed([(1.0, rest), *subtracted])
    first = base or recipe.added[0].direction
    size = sum(first.share(layer) for layer in first.weights)
    shares = {layer: round(share * size, 6) for layer, share in shares_of(added).items()}
    if only:
        for layer in only:
            if layer not in shares:
                problem = f"no direction that is added has {layer}"
                raise PresetError("--layers", problem, f"they have {', '.join(shares)}")
        shares = dict(only)
    _check_shared("--subtract", recipe.subtracted, shares)
    _check_shared("--without", recipe.without, shares)
    _check_left("--without" if recipe.without else "--add", rest, shares)
    _check_left("--subtract", total, shares)
    return Direction({layer: total[layer] for layer in shares}, shares=shares)


def _scaled(terms: Sequence[Term]) -> list[tuple[float, LayerWeights]]:
    return [(term.number, on_one_scale(term.direction)) for term in terms]


def _check_left(option: str, weights: LayerWeights, layers: Iterable[str]) -> None:
    for layer in layers:
        if not bool((weights[layer] > 0).any()):
            cure = "less of it, as 0.2*NAME" if option == "--subtract" else "other directions"
            raise PresetError(option, f"no channel of {layer} is left with a weight above 0", cure)


def _check_shared(option: str, terms: Sequence[Term], shares: Mapping[str, float]) -> None:
    for term in terms:
        if not term.direction.weights.keys() & shares.keys():
            layers = ", ".join(term.direction.weights)
            problem = f"{term.name} has none of the layers {', '.join(shares)}"
            raise PresetError(option, problem, f"it is for {layers}")
