"""`dreamvid direction`: make a direction for presets to dream, or list all there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from dreamvid.cli.arguments import Device, Json
from dreamvid.cli.terminal.console import counted, note, say, say_json, table
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    from dreamvid.explore.directions.request import Request
    from dreamvid.models.directions.direction import Direction
    from dreamvid.models.directions.library import Kept


def direction(
    name: Annotated[
        str | None, Argument(help="what presets are to call it; nothing lists all there are")
    ] = None,
    labels: Annotated[
        str | None,
        Option(metavar="GROUP", help="towards a label, a noun or a group, such as bird or city"),
    ] = None,
    photos: Annotated[
        Path | None, Option(metavar="DIR", help="towards what these photos have")
    ] = None,
    against: Annotated[
        Path | None, Option(metavar="DIR", help="and these have not; else: generated pictures")
    ] = None,
    words: Annotated[
        str | None, Option(help='towards words of a city model, such as "gothic -people"')
    ] = None,
    against_words: Annotated[str | None, Option(help="and away from these")] = None,
    add: Annotated[
        list[str] | None,
        Option(metavar="[WEIGHT*]NAME", help="add a direction, or a file, such as 0.2*city"),
    ] = None,
    subtract: Annotated[
        list[str] | None, Option(metavar="[WEIGHT*]NAME", help="and take away another")
    ] = None,
    without: Annotated[
        list[str] | None,
        Option(metavar="NAME", help="and leave out the channels that speak for another"),
    ] = None,
    model: Annotated[
        str | None, Option(help="a name from `dreamvid models list`; default: lite0")
    ] = None,
    layers: Annotated[
        list[str] | None,
        Option(metavar="LAYER[=SHARE]", help="made of these; default: those that build best"),
    ] = None,
    out: Annotated[Path | None, Option(help="a .safetensors file to write instead")] = None,
    credits: Annotated[str, Option(help="whose photos they are: kept in the file")] = "",
    keep: Annotated[
        float | None,
        Option(help="share of weight left to the strongest channels; default: 0.4, for sums 1"),
    ] = None,
    seed: Annotated[
        int | None, Option(help="another of the same kind, where dreams make it; default: 0")
    ] = None,
    as_json: Json = False,
    device: Device = "auto",
) -> None:
    """Make a direction, a weight for each channel, for presets to dream; or list all there are."""
    from dreamvid.explore.directions.request import Request

    sums = (tuple(names or ()) for names in (add, subtract, without))
    request = Request(labels, photos, against, words, against_words, credits, seed, keep, *sums)
    if name is not None:
        _make(name, request, model or "lite0", layers or (), out, device, as_json)
    elif request != Request() or layers or out or device != "auto":
        raise PresetError("NAME", "is missing", "such as `dreamvid direction town --labels city`")
    else:
        _list(model, as_json)


def _make(
    name: str,
    request: "Request",
    model: str,
    layers: Sequence[str],
    out: Path | None,
    device: Device,
    as_json: bool,
) -> None:
    from dreamvid.explore.directions.layers import read_shares
    from dreamvid.explore.directions.request import check, make_direction
    from dreamvid.explore.html import as_argument
    from dreamvid.models.directions import library as shelf
    from dreamvid.models.directions.direction import checked_out, write_direction
    from dreamvid.models.weights import store
    from dreamvid.system.device import pick

    check(request)
    store.find(model)  # raises for a name that cannot be a folder's
    path = shelf.new(name, model) if out is None else out
    with checked_out(path):
        replaced = path.exists()
        picked = pick(device)
        features = store.load(model, picked)
        making = make_direction(
            request, features, read_shares(features, layers), picked, counted, note
        )
        for line in making.skipped:
            note(f"left out: {line}")
        write_direction(path, making.direction)
    if as_json:
        result = {"file": str(path), "replaced": replaced, "skipped": making.skipped}
        say_json(result | _as_json(making.direction))
        return
    value = name if out is None else as_argument(str(out))
    say(f"{path}\ndreamvid render quickstart --model {model} --set dream.direction={value}")
    if replaced:
        say("replaced the one that was there")


def _list(model: str | None, as_json: bool) -> None:
    from dreamvid.models.directions import library as shelf
    from dreamvid.models.directions.direction import read_direction

    directions = []
    for entry in shelf.kept(model):
        try:
            directions.append((entry, read_direction(entry.path, option=entry.name)))
        except PresetError as error:
            note(f"left out: {error}")
    if as_json:
        say_json([_entry(entry) | _as_json(direction) for entry, direction in directions])
        return
    rows = [(entry.name, entry.model, _layers(one), one.made) for entry, one in directions]
    table(("name", "model", "layers and shares", "made from"), rows)


def _entry(entry: "Kept") -> dict[str, Any]:
    return {"name": entry.name, "shipped": entry.shipped, "file": str(entry.path)}


def _as_json(direction: "Direction") -> dict[str, Any]:
    channels = {layer: int(weights.count_nonzero()) for layer, weights in direction.weights.items()}
    return {
        "model": direction.model,
        "shares": {layer: direction.share(layer) for layer in direction.weights},
        "channels": channels,
        "made": direction.made,
        "credits": direction.credits,
    }


def _layers(direction: "Direction") -> str:
    return " ".join(f"{layer}={direction.share(layer):g}" for layer in direction.weights)
