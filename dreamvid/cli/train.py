import shlex
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dreamvid.cli.arguments import Captions, Device, Json
from dreamvid.cli.extra import check_extra
from dreamvid.cli.terminal.console import note, say, say_json, share_progress, table
from dreamvid.cli.terminal.train_progress import trained
from dreamvid.errors import ModelError, PresetError
from dreamvid.training.data.folders import check_out

if TYPE_CHECKING:
    from dreamvid.training.data.pairs import Corpus, Rules
    from dreamvid.training.run import Outcome


def train(
    name: Annotated[str, typer.Argument(help="what to call the model")],
    images: Annotated[Path, typer.Option(help="the folder of photos")],
    captions: Captions = None,
    text: Annotated[
        Literal["words", "labels"],
        typer.Option(help="words: of captions; labels: a folder for each class, its name"),
    ] = "words",
    vectors: Annotated[
        Path | None, typer.Option(help="word vectors to take, word2vec's or GloVe's")
    ] = None,
    dimensions: Annotated[
        int | None,
        typer.Option(min=2, max=4096, help="of the space of words, at most; default 300"),
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="the network to go on from; default: googlenet, or lite0")
    ] = None,
    loss: Annotated[
        Literal["contrastive", "recipe"], typer.Option(help="recipe: the 2018 model's")
    ] = "contrastive",
    epochs: Annotated[int, typer.Option(min=1, help="times that each photo is seen")] = 20,
    batch: Annotated[
        int | None, typer.Option(min=2, help="photos a step; default 32, of thousands 120")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="of learning, at the beginning; default by the loss")
    ] = None,
    patience: Annotated[
        int, typer.Option(min=1, help="epochs without a better one, after which it ends")
    ] = 5,
    seed: Annotated[int, typer.Option(help="another split, other weights to begin with")] = 0,
    cache: Annotated[
        float, typer.Option(min=0, help="GB of disk for what need not be computed twice")
    ] = 4.0,
    workers: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="processes that read photos; default 2 with a GPU"),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="drop captions with it, such as another city's name"),
    ] = None,
    most_per_user: Annotated[int, typer.Option(min=1, help="photos kept of one user")] = 50,
    fewest_words: Annotated[int, typer.Option(min=1, help="of a caption, once cleaned")] = 3,
    stop_words: Annotated[
        str, typer.Option(help="languages whose common words say nothing of a photo")
    ] = "en,es,ca",
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="also photos that look like another")
    ] = False,
    credits: Annotated[str, typer.Option(help="whose photos these are, kept in the model")] = "",
    whole: Annotated[
        bool,
        typer.Option("--all", help="learn from all photos; none are kept apart for `evaluate`"),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="folder for the model and its log; default out/NAME-city")
    ] = None,
    device: Device = "auto",
    fresh: Annotated[bool, typer.Option("--fresh", help="start over, do not resume")] = False,
    check: Annotated[bool, typer.Option("--check", help="only look at the data")] = False,
    no_dreams: Annotated[
        bool, typer.Option("--no-dreams", help="no sample dreams on the way")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a network on photos and captions of a place, to dream its words."""
    target = out or Path("out") / f"{name}-city"
    check_out(out, target, images)
    _check_options(text, vectors, dimensions, rate, cache)
    check_extra("train")

    from dreamvid.models.weights import store
    from dreamvid.models.weights.install import check_city_name
    from dreamvid.system.device import pick
    from dreamvid.training.base import check_base, usual_base
    from dreamvid.training.data.check import lines, report, write_check
    from dreamvid.training.data.pairs import Rules, check_enough
    from dreamvid.training.data.split import split
    from dreamvid.training.session import Wanted

    picked, chosen = pick(device), base or usual_base()
    if name == base:
        raise ModelError(f"NAME {name}: --base is that model; give another name")
    check_city_name(name, "NAME")
    check_base(chosen)
    wanted = Wanted(
        name=name,
        base=chosen,
        rules=Rules(
            fewest_words=fewest_words,
            most_per_user=most_per_user,
            without=tuple(without or ()),
            duplicates=not keep_duplicates,
            stop_words=tuple(part.strip() for part in stop_words.split(",") if part.strip()),
            labels=text == "labels",
        ),
        text=text,
        vectors=vectors,
        dimensions=dimensions or 300,
        loss=loss,
        epochs=epochs,
        batch=batch,
        rate=rate,
        patience=patience,
        seed=seed,
        cache=cache,
        workers=workers,
        credits=credits,
        dreams=not no_dreams,
    )
    corpus = _read(images, captions, wanted.rules)
    if not check:
        check_enough(corpus)
    parts = split(corpus.pairs, seed)
    parts = parts.without_test if whole else parts
    found = report(corpus, parts)
    if not as_json:
        table(("what", "how much"), lines(found))
    if check:
        files = [str(path) for path in write_check(corpus, parts, target, seed)]
        if as_json:
            say_json({"data": found.plain(), "files": files})
        else:
            say("\n".join(files))
        check_enough(corpus)
        return
    before = store.find(name) if name in store.known() else None
    outcome = trained(wanted, corpus, parts, target, picked, fresh)
    if as_json:
        say_json({"model": name, "base": chosen, "data": found.plain(), **_plain(outcome)})
    else:
        _say_what_next(name, outcome, images, captions, whole=whole)
    if before and before != store.find(name):
        note(f"{name} replaced the model of that name")


def _read(images: Path, captions: Path | None, rules: "Rules") -> "Corpus":
    from dreamvid.training.data.pairs import read_corpus

    with share_progress("photos") as show:
        return read_corpus(images, captions, rules, lambda done, count: show(done / count))


def _check_options(
    text: str,
    vectors: Path | None,
    dimensions: int | None,
    rate: float | None,
    cache: float,
) -> None:
    """Raises PresetError for what would be found wrong only after the photos are read."""
    if rate is not None and not 0 < rate <= 1:
        raise PresetError("--rate", f"{rate:g} is not above 0 and at most 1", "such as 0.001")
    if not isfinite(cache):
        raise PresetError("--cache", f"{cache:g} is no size", "in GB, such as 4")
    if vectors and not vectors.is_file():
        raise PresetError("--vectors", f"{vectors} is no file", "a file of word vectors")
    if vectors and text == "labels":
        raise PresetError("--vectors", "labels have vectors of their own", "--text words")
    if dimensions and (vectors or text == "labels"):
        whose = "the file's are taken" if vectors else "labels have one each"
        raise PresetError("--dimensions", f"{dimensions} has no effect: {whose}", "leave it out")


def _plain(outcome: "Outcome") -> dict[str, Any]:
    return {
        "epochs": outcome.epochs,
        "best_epoch": outcome.best_epoch,
        "broken": outcome.broken,
        "unknown": outcome.unknown,
        "files": [str(path) for path in outcome.files],
        "words": list(outcome.words),
    }


def _say_what_next(
    name: str, outcome: "Outcome", images: Path, captions: Path | None, *, whole: bool
) -> None:
    epochs = f"{outcome.epochs} epoch{'s' if outcome.epochs > 1 else ''}"
    say(f"{epochs}; kept: the weights after epoch {outcome.best_epoch}")
    if outcome.broken:
        say(f"photos that could not be read any more: {outcome.broken}, see dropped.csv")
    if outcome.unknown:
        say(f"captions without a known word: {outcome.unknown}; see dropped.csv")
    say("\n".join(map(str, outcome.files)))
    told = f" --captions {shlex.quote(str(captions))}" if captions else ""
    asked = " --all" if whole else ""
    say(f"{name} is installed; now:")
    setting = shlex.quote(f'dream.words="{outcome.words[0]}"')
    say(f"  dreamvid dream PICTURE --out dreamed.png --model {name} --set {setting}")
    say(f"  dreamvid evaluate {name} --images {shlex.quote(str(images))}{told}{asked}")
