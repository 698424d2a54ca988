"""`dreamvid evaluate`: measure how well a city model matches photos and words."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import Captions, Device, Json
from dreamvid.cli.extra import check_extra
from dreamvid.cli.terminal.console import counted, note, say, say_json, share_progress, table
from dreamvid.training.data.folders import check_out

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from dreamvid.models.networks.city import City
    from dreamvid.models.words import WordSpace
    from dreamvid.training.evaluation.evaluate import Evaluation, Retrieval
    from dreamvid.training.evaluation.held_out import Photos

ROWS, DREAMS = 12, 10  # default number of words on a sheet
NEAREST = 5  # neighbours listed for each word


def evaluate(
    model: Annotated[str, Argument(help="a city model, from `dreamvid models list`")],
    images: Annotated[Path, Option(help="the folder of photos that it was trained on")],
    captions: Captions = None,
    whole: Annotated[
        bool, Option("--all", help="ask about all photos, not only those kept apart")
    ] = False,
    words: Annotated[
        str | None,
        Option(help="to show, such as 'gaudi, food -people'; default: by their captions"),
    ] = None,
    dreams: Annotated[bool, Option("--dreams/--no-dreams", help="a sheet of dreams")] = True,
    out: Annotated[
        Path | None, Option(help="folder for the sheets; default out/MODEL-evaluation")
    ] = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Measure how well photos find their words, and words their photos, in a city model."""
    folder = out or Path("out") / f"{model}-evaluation"
    check_out(out, folder, images)
    check_extra("evaluate")

    from dreamvid.models.weights import store
    from dreamvid.system.device import pick
    from dreamvid.system.files import check_writable
    from dreamvid.training.evaluation.evaluate import evaluate as measure
    from dreamvid.training.evaluation.held_out import find_city, seed_of
    from dreamvid.training.evaluation.models import answer
    from dreamvid.training.evaluation.sheets import check_words, frequent_words

    picked = pick(device)
    city = find_city(model)
    features, base = store.load(model, picked), store.load(city.base, picked)
    space = features.words
    assert space is not None  # a city model has one
    texts = [text.strip() for text in (words or "").split(",") if text.strip()]
    check_words(space, texts)
    files = [folder / name for name in ("words.png", "dreams.png")[: 1 + dreams]]
    for path in files:
        check_writable(path)
    photos = _read(city, model, images, captions, whole)
    with share_progress("looking") as show:
        answers = answer(
            features, space, base, photos, seed=seed_of(city, model), device=picked, progress=show
        )
    scores = measure(photos.held_out, space.words, answers.vectors)
    rows = texts or frequent_words(space, photos.held_out, ROWS)
    _draw_words(model, space, answers.outputs, photos, rows, files[0])
    if dreams:
        everything = (*photos.held_out, *photos.train)
        _dream(model, texts or frequent_words(space, everything, DREAMS), files[1], picked)
    nearest = {text: _nearest(space, text) for text in rows}
    if as_json:
        result = {"model": model, "photos": len(photos.held_out), "all": whole, **asdict(scores)}
        say_json({**result, "nearest": nearest, "files": [str(path) for path in files]})
        return
    _say(scores, nearest, files)


def _read(city: "City", model: str, images: Path, captions: Path | None, whole: bool) -> "Photos":
    from dreamvid.training.evaluation.held_out import read_photos

    with share_progress("photos") as show:
        photos = read_photos(
            city, model, images, captions, whole=whole, progress=lambda n, count: show(n / count)
        )
    if not photos.unchanged:
        note(f"{model} was trained on other photos than these, or by other captions")
    return photos


def _nearest(space: "WordSpace", text: str) -> list[tuple[str, float]]:
    """List the words nearest to a text, with their cosines, without its own words."""
    from dreamvid.models.words import signed

    own = {word for _, word in signed(text)}
    near = space.nearest(space.vector(text), NEAREST + len(own))
    return [(word, cosine) for word, cosine in near if word not in own][:NEAREST]


def _draw_words(
    model: str,
    space: "WordSpace",
    outputs: "Tensor",
    photos: "Photos",
    texts: Sequence[str],
    path: Path,
) -> None:
    from dreamvid.media.images.writing import save
    from dreamvid.training.evaluation.sheets import draw_words

    pairs = photos.held_out
    title = f"{model}: the nearest of {len(pairs)} photos; framed: the caption has the word"
    save(draw_words(space, outputs, pairs, texts, title), path)


def _dream(model: str, texts: Sequence[str], path: Path, device: "torch.device") -> None:
    from dreamvid.explore.cells import dream_cells, start_of
    from dreamvid.media.images.sheet import draw_sheet
    from dreamvid.media.images.writing import save
    from dreamvid.training.evaluation.word_dreams import layout_of, word_cells

    cells = word_cells(model, texts)
    start = start_of(cells[0].preset, device)
    images = list(counted("dream", dream_cells(cells, start, device), len(cells)))
    title = f"{model}: its words, dreamed from the same dusk"
    save(draw_sheet(images, texts, layout_of(len(cells)), title), path)


def _say(
    scores: "Evaluation", nearest: dict[str, list[tuple[str, float]]], files: Sequence[Path]
) -> None:
    _say_retrieval(f"{scores.word_to_image.queries} words find their photos", scores.word_to_image)
    _say_retrieval(f"{scores.image_to_word.queries} photos find their words", scores.image_to_word)
    rows = [(text, ", ".join(word for word, _ in near)) for text, near in nearest.items()]
    table(("word", "nearest"), rows)
    say("\n".join(map(str, files)))


def _say_retrieval(title: str, retrieval: "Retrieval") -> None:
    say(f"{title}, among {retrieval.answers}")
    rows = [
        (
            name,
            *(f"{share:.3f}" for share in measures.precision.values()),
            f"{measures.recall:.3f}",
            f"{measures.median_rank:g}",
        )
        for name, measures in retrieval.measures.items()
    ]
    table(("", "precision at 1", "at 5", "at 10", "recall at 10", "median rank"), rows)
