"""A user's request for a direction: its checks, and its making."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from dreamvid.errors import PresetError
from dreamvid.explore.directions.goals import Goal, towards_labels, towards_words
from dreamvid.explore.directions.make import LayerWeights, Maker, Track
from dreamvid.explore.directions.photo_folder import PhotoFolder
from dreamvid.models.directions.direction import Direction
from dreamvid.models.directions.library import HAVE_LABELS
from dreamvid.models.features import FeatureModel
from dreamvid.models.labels import classes_of
from dreamvid.models.weights import store
from dreamvid.system.text import fold


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
    keep: float = 0.4  # found by comparing dreams: more blurs, less leaves a few shapes only


def check(request: Request) -> None:
    """Raise PresetError for options that contradict each other or are incomplete."""
    if request.words is not None and (request.labels is not None or request.photos is not None):
        cure = "leave one out"
        raise PresetError("--words", "goes together with neither --labels nor --photos", cure)
    if request.words is None and request.labels is None and request.photos is None:
        cure = "--labels city, --photos DIR or --words WORD"
        raise PresetError("NAME", "nothing says what the direction is made of", cure)
    if request.against is not None and (request.photos is None or request.labels is not None):
        raise PresetError("--against", "is for --photos without --labels", "leave it out")
    if request.against_words is not None and request.words is None:
        raise PresetError("--against-words", "is for --words", "give --words too")
    if request.photos and request.against and request.photos.resolve() == request.against.resolve():
        raise PresetError("--against", f"{request.against} is --photos too", "other photos")
    if request.words is not None and _sorted(request.words) == _sorted(request.against_words):
        raise PresetError("--against-words", "are those of --words", "other words")
    measured = request.photos and (request.against or request.labels is not None)
    if request.seed is not None and measured:
        raise PresetError("--seed", "has no effect: no picture is generated", "leave it out")
    if not 0 < request.keep <= 1:
        cure = "above 0, at most 1: all channels"
        raise PresetError("--keep", f"{request.keep:g} is no share", cure)
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
    shares: Mapping[str, float],
    device: torch.device,
    track: Track,
) -> Making:
    """Make the requested direction.

    Raises PresetError for labels and words that the model does not know, and for too few photos.
    """
    maker = Maker(features, shares, device, request.seed or 0, request.keep, track)
    photos = PhotoFolder(request.photos, "--photos") if request.photos else None
    others = PhotoFolder(request.against, "--against") if request.against else None
    folders = [folder for folder in (photos, others) if folder is not None]
    for folder in folders:
        folder.check()
    weights, origin = _weights(request, maker, photos, others)
    installed = store.find(features.name)
    direction = Direction(
        weights,
        shares=shares,
        model=features.name,
        digest=installed.digest if installed else "",
        made=f"{origin}, keep {request.keep:g}",
        credits=request.credits,
    )
    return Making(direction, [line for folder in folders for line in folder.skipped])


def _weights(
    request: Request, maker: Maker, photos: PhotoFolder | None, others: PhotoFolder | None
) -> tuple[LayerWeights, str]:
    """Compute the weights, and describe their origin."""
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
