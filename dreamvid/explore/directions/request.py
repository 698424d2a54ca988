"""What somebody asks a direction to be made of, checked, and made."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from dreamvid.errors import PresetError
from dreamvid.explore.directions.goals import Goal, towards_labels, towards_words
from dreamvid.explore.directions.make import Made, Maker, Watch
from dreamvid.explore.directions.photo_folder import Album
from dreamvid.models.directions.direction import Direction
from dreamvid.models.directions.library import HAVE_LABELS
from dreamvid.models.features import FeatureModel
from dreamvid.models.labels import classes_of
from dreamvid.models.weights import store
from dreamvid.system.text import fold


@dataclass(frozen=True)
class Asked:
    """As the options of `dreamvid direction` say it."""

    labels: str | None = None
    photos: Path | None = None
    against: Path | None = None
    words: str | None = None
    against_words: str | None = None
    credits: str = ""
    seed: int | None = None  # 0 where it counts
    keep: float = 0.4  # by looking: more blurs what is built, less leaves a few shapes only


def check(asked: Asked) -> None:
    """Raises PresetError for options that leave open what is meant."""
    if asked.words is not None and (asked.labels is not None or asked.photos is not None):
        cure = "leave one out"
        raise PresetError("--words", "goes together with neither --labels nor --photos", cure)
    if asked.words is None and asked.labels is None and asked.photos is None:
        cure = "--labels city, --photos DIR or --words WORD"
        raise PresetError("NAME", "nothing says what the direction is made of", cure)
    if asked.against is not None and (asked.photos is None or asked.labels is not None):
        raise PresetError("--against", "is for --photos without --labels", "leave it out")
    if asked.against_words is not None and asked.words is None:
        raise PresetError("--against-words", "is for --words", "give --words too")
    if asked.photos and asked.against and asked.photos.resolve() == asked.against.resolve():
        raise PresetError("--against", f"{asked.against} is --photos too", "other photos")
    if asked.words is not None and _sorted(asked.words) == _sorted(asked.against_words):
        raise PresetError("--against-words", "are those of --words", "other words")
    if asked.seed is not None and asked.photos and (asked.against or asked.labels is not None):
        problem = "has no effect: no picture is generated"
        raise PresetError("--seed", problem, "leave it out")
    if not 0 < asked.keep <= 1:
        raise PresetError(
            "--keep", f"{asked.keep:g} is no share", "above 0, at most 1: all channels"
        )
    if asked.credits and asked.photos is None:
        raise PresetError("--credits", "are for --photos", "leave them out")


def _sorted(words: str | None) -> list[str] | None:
    return None if words is None else sorted(fold(words).split())


@dataclass(frozen=True)
class Making:
    """A direction, and which photos could not be read for it."""

    direction: Direction
    skipped: list[str]


def made(
    asked: Asked,
    features: FeatureModel,
    shares: Mapping[str, float],
    device: torch.device,
    watch: Watch,
) -> Making:
    """Raises PresetError for what the model does not know, and for too few photos."""
    maker = Maker(features, shares, device, asked.seed or 0, asked.keep, watch)
    albums = [
        Album(folder, option) if folder else None
        for option, folder in (("--photos", asked.photos), ("--against", asked.against))
    ]
    for album in albums:
        if album is not None:
            album.check()
    weights, said = _made(asked, maker, *albums)
    installed = store.find(features.name)
    direction = Direction(
        weights,
        shares=shares,
        model=features.name,
        digest=installed.digest if installed else "",
        made=f"{said}, keep {asked.keep:g}",
        credits=asked.credits,
    )
    return Making(direction, [line for album in albums if album for line in album.skipped])


def _made(
    asked: Asked, maker: Maker, photos: Album | None, others: Album | None
) -> tuple[Made, str]:
    """The weights, and of what they are made in words."""
    goal, said = _goal(asked, maker.features)
    seed = f"seed {maker.seed}"
    if goal is None:
        assert photos is not None
        weights = maker.from_photos(photos, others)
        return weights, f"{photos} against {others or f'generated pictures, {seed}'}"
    if photos is not None:
        weights = maker.from_pictures(goal, photos)
        return weights, f"{said}, in {photos}"
    return maker.from_dreams(goal), f"{said}, {seed}"


def _goal(asked: Asked, features: FeatureModel) -> tuple[Goal | None, str]:
    if asked.labels is not None:
        return _labels(asked.labels, features), f"labels {asked.labels}"
    if asked.words is not None:
        away = f" against {asked.against_words}" if asked.against_words is not None else ""
        return _words(asked.words, asked.against_words, features), f"words {asked.words}{away}"
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
    for option, wanted in (("--words", text), ("--against-words", against)):
        try:
            if wanted is not None:
                features.words.vector(wanted)
        except ValueError as error:
            raise PresetError(option, f"{features.name}: {error}") from None
    return towards_words(features.words, text, against)
