"""The photos that a city model is tested on, found again by what it says of its training."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dreamvid.errors import ModelError, PresetError
from dreamvid.models.networks.city import City, read_city
from dreamvid.models.weights import store
from dreamvid.training.data.pairs import Pair, Rules, read_corpus
from dreamvid.training.data.split import names_digest, split


@dataclass(frozen=True)
class Photos:
    held_out: tuple[Pair, ...]
    """Those to ask about; all, where all are wanted."""
    learned: tuple[Pair, ...]
    """Those that the model learned from; none, where all are wanted."""
    known: bool
    """Whether those to be asked about are the ones that were when the model was trained."""


def find_city(model: str) -> City:
    """An installed city model's file; raises ModelError for a model that knows no words."""
    installed = store.find(model)
    if installed is None:
        raise ModelError(store.missing(model))
    if installed.architecture != store.CITY:
        cure = "`dreamvid train` makes a model that does"
        raise ModelError(f"model {model}: it knows no words to be asked for ({cure})")
    return read_city(installed.path)


def read_photos(
    city: City,
    model: str,
    images: Path,
    captions: Path | None,
    *,
    whole: bool,
    progress: Callable[[int, int], None],
) -> Photos:
    """Photos and captions by the rules, and parted by the seed, that the model was trained by.

    Args:
        whole: all photos are asked about, also those learned from.

    Raises PresetError as `read_corpus` does, and ModelError where the model does not say.
    """
    rules, seed = _rules(city, model), seed_of(city, model)
    tested = city.about.get("counts", {}).get("test")
    if tested == 0 and not whole:
        raise ModelError(f"model {model}: it learned from all its photos (--all asks about them)")
    corpus = read_corpus(images, captions, rules, progress)
    parts = split(corpus.pairs, seed)
    told = corpus.pairs if tested == 0 else parts.test
    known = city.about.get("names_sha256") == names_digest(told)
    if whole:
        return Photos(corpus.pairs, (), known)
    if not parts.test:
        problem = "too few photos: none is kept apart"
        raise PresetError("--images", problem, "--all asks about all")
    return Photos(parts.test, parts.train, known)


def seed_of(city: City, model: str) -> int:
    seed = city.about.get("seed")
    if not isinstance(seed, int):
        raise _silent(model)
    return seed


def _rules(city: City, model: str) -> Rules:
    told = city.about.get("rules")
    if not isinstance(told, dict) or told.keys() != asdict(Rules()).keys():
        raise _silent(model)
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return Rules(**plain)


def _silent(model: str) -> ModelError:
    return ModelError(f"model {model}: it does not say how its photos were chosen")
