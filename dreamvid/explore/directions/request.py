"""A user's request for a direction: its checks, and its making."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from dreamvid.errors import PresetError
from dreamvid.explore.directions.goals import Goal, towards_labels, towards_words
from dreamvid.explore.directions.layers import usual_shares
from dreamvid.explore.directions.make import LayerWeights, Maker, Track, normalised, strongest
from dreamvid.explore.directions.photo_checks import beastly, few
from dreamvid.explore.directions.photo_folder import PhotoFolder
from dreamvid.explore.directions.recipe import MOST, combined, read_recipe
from dreamvid.models.directions.direction import Direction
from dreamvid.models.directions.library import HAVE_LABELS
from dreamvid.models.features import FeatureModel
from dreamvid.models.labels import classes_of
from dreamvid.models.weights import store
from dreamvid.system.text import fold

KEEP = 0.4  # found by comparing dreams: more blurs, less leaves a few shapes only


@dataclass(frozen=True)
class Request:
    """Options of `dreamvid direction`."""

    labels: str | None = None
    photos: Path | None = None
    against: Path | None = None
    words: str | None = None
    against_words: str | None = None
    credits: str = ""
    seed: int | None = None  # None for 0
    keep: float | None = None  # None: KEEP of what is measured, all of a sum of other directions
    add: tuple[str, ...] = ()
    subtract: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """True where labels, photos or words are measured, besides other directions."""
        return not (self.words is self.labels is self.photos is None)

    @property
    def kept(self) -> float:
        """Share of the weight that is left to the strongest channels."""
        return self.keep if self.keep is not None else KEEP if self.measured else 1.0


def check(request: Request) -> None:
    """Raise PresetError for options that contradict each other or are incomplete."""
    if request.words is not None and (request.labels is not None or request.photos is not None):
        cure = "leave one out"
        raise PresetError("--words", "goes together with neither --labels nor --photos", cure)
    if not request.measured and not request.add:
        cure = "--labels city, --photos DIR, --words WORD or --add NAME"
        raise PresetError("NAME", "nothing says what the direction is made of", cure)
    if request.against is not None and (request.photos is None or request.labels is not None):
        raise PresetError("--against", "is for --photos without --labels", "leave it out")
    if request.against_words is not None and request.words is None:
        raise PresetError("--against-words", "is for --words", "give --words too")
    if request.photos and request.against and request.photos.resolve() == request.against.resolve():
        raise PresetError("--against", f"{request.against} is --photos too", "other photos")
    if request.words is not None and _sorted(request.words) == _sorted(request.against_words):
        raise PresetError("--against-words", "are those of --words", "other words")
    given = request.photos and (request.against or request.labels is not None)
    if request.seed is not None and (given or not request.measured):
        raise PresetError("--seed", "has no effect: no picture is generated", "leave it out")
    if not 0 < request.kept <= 1:
        cure = "above 0, at most 1: all channels"
        raise PresetError("--keep", f"{request.kept:g} is no share", cure)
    for option in ("add", "subtract", "without"):
        if len(getattr(request, option)) > MOST:
            raise PresetError(f"--{option}", f"given more than {MOST} times", "fewer directions")
    if request.credits and request.photos is None:
        raise PresetError("--credits", "are for --photos", "leave them out")


def _sorted(words: str | None) -> list[str] | None:
    return None if words is None else sorted(fold(words).split())


@dataclass(frozen=True)
class Making:
    """A direction, and the photos that could not be read for it."""

    direction: Direction
    skipped: list[str]


def make_direction(
    request: Request,
    features: FeatureModel,
    layers: Mapping[str, float],
    device: torch.device,
    track: Track,
    warn: Callable[[str], None] = lambda line: None,
) -> Making:
    """Make the requested direction, of layers with shares; none: those that are usual.

    Calls `warn` with a line for each sign that photos will make a poor one. Raises PresetError for
    labels and words that the model does not know, for too few photos, and for other directions that
    are not there or of another model.
    """
    recipe = read_recipe(request.add, request.subtract, request.without, features, device)
    shares = layers or usual_shares(features)
    maker = Maker(features, shares, device, request.seed or 0, request.kept, track, warn)
    photos = PhotoFolder(request.photos, "--photos") if request.photos else None
    others = PhotoFolder(request.against, "--against") if request.against else None
    folders = [folder for folder in (photos, others) if folder is not None]
    for folder in folders:
        folder.check()
        for line in few(folder.option, len(folder)) if request.labels is None else ():
            warn(line)
    base, origin = None, ""
    if request.measured:
        weights, origin = _weights(request, maker, photos, others)
        base = Direction({layer: one.cpu() for layer, one in weights.items()}, shares=shares)
    total = combined(base, recipe, layers) if recipe else base
    assert total is not None
    kept = {layer: strongest(one, request.kept) for layer, one in total.weights.items()}
    installed = store.find(features.name)
    direction = Direction(
        normalised(kept),
        shares=total.shares,
        model=features.name,
        digest=installed.digest if installed else "",
        made=f"{origin}{recipe}, keep {request.kept:g}".removeprefix(" + "),
        credits="\n".join(dict.fromkeys(filter(None, [request.credits, *recipe.credits]))),
    )
    if request.photos is not None and request.labels is None:
        for line in beastly(direction, features.name):
            warn(line)
    return Making(direction, [line for folder in folders for line in folder.skipped])


def _weights(
    request: Request, maker: Maker, photos: PhotoFolder | None, others: PhotoFolder | None
) -> tuple[LayerWeights, str]:
    """Compute the weights of all channels, and describe their origin."""
    goal, origin = _goal(request, maker.features)
    seed = f"seed {maker.seed}"
    if goal is None:
        assert photos is not None
        weights = maker.from_photos(photos, others)
        return weights, f"{photos} against {others or f'generated pictures, {seed}'}"
    if photos is not None:
        weights = maker.from_goal_in_photos(goal, photos)
        return weights, f"{origin}, in {photos}"
    return maker.from_dreams(goal), f"{origin}, {seed}"


def _goal(request: Request, features: FeatureModel) -> tuple[Goal | None, str]:
    if request.labels is not None:
        return _labels(request.labels, features), f"labels {request.labels}"
    if request.words is not None:
        away = f" against {request.against_words}" if request.against_words is not None else ""
        goal = _words(request.words, request.against_words, features)
        return goal, f"words {request.words}{away}"
    return None, ""


def _labels(label: str, features: FeatureModel) -> Goal:
    head = features.head
    if head is None:
        problem = f"{features.name} has no classes that can be dreamed at every place"
        raise PresetError("--labels", problem, HAVE_LABELS)
    try:
        return towards_labels(head, classes_of(label, head.labels, len(head.bias)))
    except ValueError as error:
        raise PresetError("--labels", f"{features.name}: {error}") from None


def _words(text: str, against: str | None, features: FeatureModel) -> Goal:
    if features.words is None:
        problem = f"{features.name} knows no words"
        raise PresetError("--words", problem, "--labels takes those of its classes")
    for option, one in (("--words", text), ("--against-words", against)):
        try:
            if one is not None:
                features.words.vector(one)
        except ValueError as error:
            raise PresetError(option, f"{features.name}: {error}") from None
    return towards_words(features.words, text, against)
