"""`dreamvid describe`: list what a network sees in an image."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from dreamvid.cli.arguments import Device, Json
from dreamvid.cli.terminal.console import say, say_json, table
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    from dreamvid.explore.describe import Description
    from dreamvid.image import OtherSizeImage
    from dreamvid.models.features import FeatureModel


def describe(
    image: Annotated[Path, Argument(help="the picture to look at")],
    model: Annotated[str, Option(help="a name from `dreamvid models list`")] = "lite0",
    top: Annotated[int, Option(min=1, max=1000, help="how many labels, words, channels")] = 8,
    channels: Annotated[
        bool, Option("--channels", help="the strongest channels of its usual layers too")
    ] = False,
    map_path: Annotated[
        Path | None, Option("--map", help="a sheet of where each label or word is seen")
    ] = None,
    of: Annotated[
        list[str] | None,
        Option(metavar="NOUN", help="only how probable this is, such as bird or city; repeatable"),
    ] = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """List what a network sees in a picture: labels and channels that a dream can be given."""
    from dreamvid.explore.describe import describe as look_at
    from dreamvid.explore.describe import heatmaps_of
    from dreamvid.explore.heatmap import draw_map
    from dreamvid.explore.html import check_picture
    from dreamvid.media.images.reading import load
    from dreamvid.media.images.writing import save
    from dreamvid.models.directions.library import HAVE_LABELS
    from dreamvid.models.weights import store
    from dreamvid.system.device import pick

    if of and (channels or map_path):
        raise PresetError("--of", "goes together with neither --channels nor --map")
    picture = load(image, option="IMAGE").to(pick(device))
    features = store.load(model, picture.device)
    if of:
        _show_shares(features, picture, of, as_json)
        return
    if map_path and not (features.head or features.words):
        problem = f"{model} has no labels or words to map"
        raise PresetError("--map", problem, HAVE_LABELS)
    if map_path:
        check_picture("--map", map_path, image)
    description = look_at(features, picture, top, channels=channels)
    if map_path:
        title = f"{image.name}: where {model} sees what"
        save(draw_map(picture, heatmaps_of(features, picture, description), title), map_path)
    if as_json:
        say_json({"image": str(image), "model": model, **_as_json(description)})
        return
    _show(description, image, model)
    if map_path:
        say(str(map_path))


def _show_shares(
    features: "FeatureModel", picture: "OtherSizeImage", names: list[str], as_json: bool
) -> None:
    """Print the summed probability of each noun's, group's or label's classes."""
    from dreamvid.explore.describe import shares_of
    from dreamvid.models.directions.library import HAVE_LABELS

    if features.head is None:
        raise PresetError("--of", f"{features.name} has no labels", HAVE_LABELS)
    try:
        shares = shares_of(features, features.head, picture, names)
    except ValueError as error:
        raise PresetError("--of", f"{features.name}: {error}") from None
    if as_json:
        say_json([asdict(share) for share in shares])
        return
    rows = [(s.name, s.labels, f"{s.middle:.1%}", f"{s.whole:.1%}") for s in shares]
    table(("name", "labels", "in the middle", "in all of it"), rows)


def _as_json(description: "Description") -> dict[str, Any]:
    words = [{"word": word, "cosine": cosine} for word, cosine in description.words]
    return asdict(description) | {"words": words}


def _show(description: "Description", image: Path, model: str) -> None:
    """Print tables, each with the command that dreams its first entry."""
    from dreamvid.explore.html import as_argument

    command = f"dreamvid dream {as_argument(str(image))} --model {model} --out dreamed.png --set "
    if description.classes:
        rows = [(c.title, f"{c.middle:.1%}", f"{c.whole:.1%}") for c in description.classes]
        table(("label", "in the middle", "in all of it"), rows)
        say(command + shlex.quote(f"dream.classes={json.dumps(description.classes[0].name)}"))
    if description.words:
        table(("word", "cosine"), [(word, f"{cosine:.2f}") for word, cosine in description.words])
        say(command + shlex.quote(f"dream.words={json.dumps(description.words[0][0])}"))
    for layer, numbers in description.channels.items():
        setting = f"dream.layers=[{{name={json.dumps(layer)}, channels={numbers}}}]"
        say(f"{layer} {numbers}")
        say(command + shlex.quote(setting))
