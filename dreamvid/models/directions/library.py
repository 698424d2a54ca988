"""Library of directions: those that come with dreamvid, and the user's own.

Each belongs to one model, MODEL/NAME.safetensors; a preset gives its name alone.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import PresetError, quote, suggest
from dreamvid.models.directions.direction import SUFFIX
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CATALOGUE
from dreamvid.models.weights.store import base_of
from dreamvid.system.home import home

SHIPPED = Path(__file__).parent / "shipped"
IMAGENET = ("lite", "resnet50", "inception_v3", "googlenet_bn")  # architectures with its labels
LABELLED = [
    name
    for name, entry in CATALOGUE.items()
    if entry.architecture in IMAGENET
    or name == "googlenet"  # the same architecture was trained on places too
]
HAVE_LABELS = f"{', '.join(LABELLED[:-1])} and {LABELLED[-1]} have"
NAME = r"[a-z0-9][a-z0-9._-]{0,63}"


@dataclass(frozen=True)
class Kept:
    """A direction in the library."""

    name: str
    model: str
    path: Path
    shipped: bool


def folder() -> Path:
    """Folder of the user's own directions."""
    return home() / "directions"


def kept(model: str | None = None) -> list[Kept]:
    """List the directions, shipped ones first, which take precedence.

    Args:
        model: list only its own and its base's. Raises ModelError if there is no such model.
    """
    found: dict[tuple[str, str], Kept] = {}
    for one in [*_in(SHIPPED, shipped=True), *_in(folder(), shipped=False)]:
        found.setdefault((one.model, one.name), one)
    if model is None:
        return list(found.values())
    named: dict[str, Kept] = {}
    for of in _models(model):
        for one in found.values():
            if one.model == of:
                named.setdefault(one.name, one)
    return list(named.values())


def _models(model: str) -> list[str]:
    """Names of the models whose directions a model has: its own, then its base."""
    return [name for name in (model, base_of(model)) if name]


def find(direction: str | Path, model: str, *, option: str = "dream.direction") -> Path:
    """Find a direction's file by name, or return a path; raises PresetError if unknown.

    A city model without one of its own has its base's, from whose channels it learned.
    """
    if isinstance(direction, Path):
        return direction
    if re.fullmatch(NAME, direction):
        for name in _models(model):
            for place in (SHIPPED, folder()):
                path = place / name / f"{direction}{SUFFIX}"
                if path.is_file():
                    return path
    known = [one.name for one in kept(model)]
    near = suggest(direction, known) if known else ""
    cure = near if near.startswith("did") else how(direction, model)
    raise PresetError(option, f"{model} has no direction {quote(direction)}", cure)


def new(name: str, model: str) -> Path:
    """Path of a new direction of the user's; raises PresetError for an invalid name."""
    if not re.fullmatch(NAME, name) or name.endswith(SUFFIX) or name == "none":
        cure = "lower-case letters, digits, '.', '_' and '-', such as town"
        raise PresetError("NAME", f"{quote(name)} cannot be a direction's name", cure)
    if (SHIPPED / model / f"{name}{SUFFIX}").exists():
        problem = f"{name} of {model} comes with dreamvid"
        raise PresetError("NAME", problem, f"another name, such as my-{name}, or --out FILE")
    return folder() / model / f"{name}{SUFFIX}"


def how(direction: str | Path, model: str) -> str:
    """Say how to make a direction for a model."""
    name = direction if isinstance(direction, str) else direction.stem
    of = "--labels city" if _has_labels(model) else "--photos DIR"
    return f"`dreamvid direction {name} {of} --model {model}` makes one"


def _has_labels(model: str) -> bool:
    installed = store.find(model)
    return model in LABELLED or (installed is not None and installed.architecture in IMAGENET)


def _in(place: Path, *, shipped: bool) -> Iterator[Kept]:
    for path in sorted(place.glob(f"*/*{SUFFIX}")):
        if not path.name.startswith("."):  # being written
            yield Kept(path.stem, path.parent.name, path, shipped)
