"""Photos to test a city model on, found again by the record of its training."""

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
    """Photos of a city model, split as for its training."""

    held_out: tuple[Pair, ...]  # test photos; all photos, if all are requested
    train: tuple[Pair, ...]  # none, if all are requested
    unchanged: bool  # the test photos are the same as when the model was trained


def find_city(model: str) -> City:
    """Read an installed city model's file; raises ModelError for a model without words."""
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
    """Read photos and captions by the rules, and split them by the seed, of the model's training.

    Args:
        whole: return all photos as test photos, also those learned from.

    Raises PresetError as `read_corpus` does, and ModelError if the model has no such record.
    """
    rules, seed = _rules(city, model), seed_of(city, model)
    tested = city.about.get("counts", {}).get("test")
    if tested == 0 and not whole:
        raise ModelError(f"model {model}: it learned from all its photos (--all asks about them)")
    corpus = read_corpus(images, captions, rules, progress)
    parts = split(corpus.pairs, seed)
    hashed = corpus.pairs if tested == 0 else parts.test
    unchanged = city.about.get("names_sha256") == names_digest(hashed)
    if whole:
        return Photos(corpus.pairs, (), unchanged)
    if not parts.test:
        problem = "too few photos: none is kept apart"
        raise PresetError("--images", problem, "--all asks about all")
    return Photos(parts.test, parts.train, unchanged)


def seed_of(city: City, model: str) -> int:
    """Read the seed of a model's training; raises ModelError."""
    seed = city.about.get("seed")
    if not isinstance(seed, int):
        raise _no_record(model)
    return seed


def _rules(city: City, model: str) -> Rules:
    record = city.about.get("rules")
    if not isinstance(record, dict) or record.keys() != asdict(Rules()).keys():
        raise _no_record(model)
    rules: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in record.items()}
    return Rules(**rules)


def _no_record(model: str) -> ModelError:
    return ModelError(f"model {model}: it does not say how its photos were chosen")
