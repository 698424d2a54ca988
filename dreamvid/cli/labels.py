"""`dreamvid labels`: search the names that dreams of classes and words take."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import note, say, say_json, table
from dreamvid.errors import PresetError, quote

if TYPE_CHECKING:
    from dreamvid.models.label_search import Entry
    from dreamvid.models.words import WordSpace

MOST = 24  # rows shown; JSON has all
FIRST, ALL = 6, 60  # labels shown of an entry, and of the one that was asked for


def labels(
    word: Annotated[
        str | None, Argument(help="such as bird or burger; nothing lists some to begin with")
    ] = None,
    model: Annotated[
        str | None, Option(help="a name from `dreamvid models list`; default: ImageNet's labels")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search what a dream can be made of: labels, groups and nouns, or a city model's words.

    dream.classes takes a name as it is listed. A noun is WordNet's, and stands for all labels below
    it; of several meanings the one with most labels is taken, and labels and groups come first.
    """
    from dreamvid.models.label_search import search, useful
    from dreamvid.models.labels import imagenet

    if word is not None and not word.strip():
        raise PresetError("WORD", "is empty", "leave it out, or give one such as bird")
    names: Sequence[str] = imagenet()
    if model is not None:
        names, space = _of_model(model)
        if space is not None:
            _show_words(space, word, model, as_json)
            return
    entries = useful(names) if word is None else search(word, names)
    if as_json:
        say_json([asdict(one) | {"labels": [names[n] for n in one.classes]} for one in entries])
        return
    if not entries:
        raise PresetError("WORD", f"nothing is like {quote(word)}", "`dreamvid labels` lists some")
    table(("name", "what", "labels", "which"), [_row(one, names, word) for one in entries[:MOST]])
    if len(entries) > MOST:
        note(f"and {len(entries) - MOST} more; --json lists all")
    say(f"dreamvid dream PICTURE --out dreamed.png --set {_setting('classes', entries[0].name)}")


def _of_model(model: str) -> tuple[Sequence[str], "WordSpace | None"]:
    """Find a model's labels, or a city model's words; raises PresetError if it has neither."""
    import torch

    from dreamvid.models.directions.library import HAVE_LABELS
    from dreamvid.models.weights import store

    features = store.load(model, torch.device("cpu"))
    names = features.head.labels if features.head else ()
    if not names and features.words is None:
        raise PresetError("--model", f"the names of {model}'s classes are not known", HAVE_LABELS)
    return names, features.words


def _row(entry: "Entry", names: Sequence[str], word: str | None) -> tuple[str, str, int, str]:
    what = {"label": f"label {entry.classes[0]}", "hypernym": entry.of}.get(entry.kind, entry.kind)
    most = ALL if word and word.lower() == entry.name.lower() else FIRST
    which = [names[number] for number in entry.classes]
    shown = ", ".join(which[:most]) + (", ..." if len(which) > most else "")
    if entry.kind == "label":
        shown = f"also {', '.join(entry.also)}" if entry.also else ""
    return entry.name, what, len(which), shown


def _show_words(space: "WordSpace", word: str | None, model: str, as_json: bool) -> None:
    """Print the words that hold another, or all, the most frequent first, with their captions."""
    from dreamvid.system.text import fold, ranked

    words = sorted(space.words, key=lambda one: -space.captions.get(one, 0))
    found = words if word is None else ranked(word, words)
    if as_json:
        say_json([{"name": one, "captions": space.captions.get(one)} for one in found])
        return
    if word is not None and fold(word) not in space.words:
        problem = space.unknown(fold(word))
        if not found:
            raise PresetError("WORD", f"{model}: {problem}", "without WORD, all are listed")
        note(f"{model}: {problem}")
    counts = [(one, space.captions.get(one, "not counted")) for one in found]  # by older versions
    table(("word", "captions"), counts[:MOST])
    if len(counts) > MOST:
        note(f"and {len(counts) - MOST} more; --json lists all")
    setting = _setting("words", found[0])
    say(f"dreamvid dream PICTURE --model {model} --out dreamed.png --set {setting}")


def _setting(option: str, name: str) -> str:
    """Write a setting of [dream] for a shell: carpenter's kit has a quote."""
    return shlex.quote(f"dream.{option}={json.dumps(name, ensure_ascii=False)}")
