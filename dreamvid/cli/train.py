"""`dreamvid train`: train a network on photos and captions of a place."""

import shlex
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamvid.cli import train_options as option
from dreamvid.cli.arguments import Captions, Device, Fresh, Json
from dreamvid.cli.extra import check_extra
from dreamvid.cli.terminal.console import note, say, say_json, share_progress, table
from dreamvid.cli.terminal.train_progress import run_training
from dreamvid.errors import ModelError, PresetError
from dreamvid.training.data.folders import check_out

if TYPE_CHECKING:
    import torch

    from dreamvid.training.data.pairs import Corpus, Rules
    from dreamvid.training.run import Outcome
    from dreamvid.training.session import Request


def train(
    name: option.Name,
    images: option.Images,
    captions: Captions = None,
    text: option.Text = "words",
    vectors: option.Vectors = None,
    dimensions: option.Dimensions = None,
    base: option.Base = None,
    loss: option.Loss = "contrastive",
    epochs: option.Epochs = 20,
    batch: option.Batch = None,
    rate: option.Rate = None,
    patience: option.Patience = 5,
    seed: option.Seed = 0,
    cache: option.Cache = 4.0,
    workers: option.Workers = None,
    without: option.Without = None,
    most_per_user: option.MostPerUser = 50,
    fewest_words: option.FewestWords = 3,
    stop_words: option.StopWords = "en,es,ca",
    keep_duplicates: option.KeepDuplicates = False,
    credits: option.Credits = "",
    whole: option.Whole = False,
    out: option.Out = None,
    device: Device = "auto",
    fresh: Fresh = False,
    check: option.Check = False,
    no_dreams: option.NoDreams = False,
    as_json: Json = False,
) -> None:
    """Train a network on photos and captions of a place, to dream its words."""
    photos = _Photos(images, captions, whole)
    target = out or Path("out") / f"{name}-city"
    check_out(out, target, images)
    _check_options(text, vectors, dimensions, rate, cache)
    check_extra("train")

    from dreamvid.system.device import pick
    from dreamvid.training.session import Hyperparameters, Request

    picked = pick(device)
    rules = _rules(text, fewest_words, most_per_user, without, stop_words, keep_duplicates)
    request = Request(
        name=name,
        base=_checked_base(name, base),
        rules=rules,
        text=text,
        vectors=vectors,
        dimensions=dimensions or 300,
        hyper=Hyperparameters(loss, epochs, batch, rate, patience, seed),
        cache=cache,
        workers=workers,
        credits=credits,
        dreams=not no_dreams,
    )
    _train(request, photos, target, picked, fresh=fresh, check=check, as_json=as_json)


@dataclass(frozen=True)
class _Photos:
    images: Path
    captions: Path | None
    whole: bool  # no photo is kept apart for `evaluate`


def _train(
    request: "Request",
    photos: _Photos,
    target: Path,
    device: "torch.device",
    *,
    fresh: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Read the photos and report on them; then write the check, or train."""
    from dreamvid.models.weights import store
    from dreamvid.training.data.check import lines, report, write_check
    from dreamvid.training.data.pairs import check_enough
    from dreamvid.training.data.split import split

    name, seed = request.name, request.hyper.seed
    corpus = _read(photos, request.rules)
    if not check:
        check_enough(corpus)
    parts = split(corpus.pairs, seed)
    parts = parts.without_test if photos.whole else parts
    data = report(corpus, parts)
    if not as_json:
        table(("what", "how much"), lines(data))
    if check:
        files = [str(path) for path in write_check(corpus, parts, target, seed)]
        if as_json:
            say_json({"data": asdict(data), "files": files})
        else:
            say("\n".join(files))
        check_enough(corpus)
        return
    before = store.find(name) if name in store.known() else None
    outcome = run_training(request, corpus, parts, target, device, fresh)
    if as_json:
        result = {"model": name, "base": request.base, "data": asdict(data)}
        say_json(result | _as_json(outcome))
    else:
        _say_next_steps(name, outcome, photos)
    if before and before != store.find(name):
        note(f"{name} replaced the model of that name")


def _read(photos: _Photos, rules: "Rules") -> "Corpus":
    from dreamvid.training.data.pairs import read_corpus

    with share_progress("photos") as show:
        return read_corpus(
            photos.images, photos.captions, rules, lambda done, count: show(done / count)
        )


def _check_options(
    text: str, vectors: Path | None, dimensions: int | None, rate: float | None, cache: float
) -> None:
    """Raise PresetError for mistakes that would else be noticed only after reading the photos."""
    from dreamvid.system.files import check_file

    if rate is not None and not 0 < rate <= 1:
        raise PresetError("--rate", f"{rate:g} is not above 0 and at most 1", "such as 0.001")
    if not isfinite(cache):
        raise PresetError("--cache", f"{cache:g} is not a size", "in GB, such as 4")
    if vectors:
        try:
            check_file(vectors)
        except OSError as error:
            problem = f"{vectors} cannot be read: {error.strerror}"
            raise PresetError("--vectors", problem, "a file of word vectors") from None
    if vectors and text == "labels":
        raise PresetError("--vectors", "labels have vectors of their own", "--text words")
    if dimensions and (vectors or text == "labels"):
        reason = "the file decides them" if vectors else "labels have one each"
        raise PresetError("--dimensions", f"{dimensions} has no effect: {reason}", "leave it out")


def _checked_base(name: str, base: str | None) -> str:
    """Return the base network's name; raises ModelError if it or the model's name won't do."""
    from dreamvid.models.weights import store
    from dreamvid.models.weights.install import check_city_name
    from dreamvid.training.base import default_base

    chosen = base or default_base()
    if name == base:
        raise ModelError(f"NAME {name}: --base is that model; give another name")
    check_city_name(name, "NAME")
    store.load_base(chosen)  # raises before the photos are read
    return chosen


def _rules(
    text: str,
    fewest_words: int,
    most_per_user: int,
    without: list[str] | None,
    stop_words: str,
    keep_duplicates: bool,
) -> "Rules":
    from dreamvid.training.data.pairs import Rules

    return Rules(
        fewest_words=fewest_words,
        most_per_user=most_per_user,
        without=tuple(without or ()),
        duplicates=not keep_duplicates,
        stop_words=tuple(part.strip() for part in stop_words.split(",") if part.strip()),
        labels=text == "labels",
    )


def _as_json(outcome: "Outcome") -> dict[str, Any]:
    return {
        "epochs": outcome.epochs,
        "best_epoch": outcome.best_epoch,
        "broken": outcome.broken,
        "unknown": outcome.unknown,
        "files": [str(path) for path in outcome.files],
        "words": list(outcome.words),
    }


def _say_next_steps(name: str, outcome: "Outcome", photos: _Photos) -> None:
    epochs = f"{outcome.epochs} epoch{'s' if outcome.epochs > 1 else ''}"
    say(f"{epochs}; kept: the weights after epoch {outcome.best_epoch}")
    if outcome.broken:
        say(f"photos that could not be read any more: {outcome.broken}, see dropped.csv")
    if outcome.unknown:
        say(f"captions without a known word: {outcome.unknown}; see dropped.csv")
    say("\n".join(map(str, outcome.files)))
    captions = f" --captions {shlex.quote(str(photos.captions))}" if photos.captions else ""
    whole = " --all" if photos.whole else ""
    say(f"{name} is installed; now:")
    setting = shlex.quote(f'dream.words="{outcome.words[0]}"')
    say(f"  dreamvid dream PICTURE --out dreamed.png --model {name} --set {setting}")
    images = shlex.quote(str(photos.images))
    say(f"  dreamvid evaluate {name} --images {images}{captions}{whole}")
