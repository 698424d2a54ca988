from pathlib import Path
from typing import Annotated

import typer

from dreamvid.cli.arguments import Device, Model, Seed, Settings, Size, as_settings
from dreamvid.cli.console import say


def preview(
    preset: Annotated[str, typer.Argument(help="a name from `presets list`, or a .toml file")],
    out: Annotated[Path, typer.Option(help="the contact sheet to write")] = Path("preview.png"),
    frames: Annotated[int, typer.Option(min=1, help="how far into the film to go")] = 12,
    tiles: Annotated[int, typer.Option(min=1, max=60, help="pictures on the sheet")] = 6,
    size: Size = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """The first frames of a preset, small, as one contact sheet, in seconds."""
    from dreamvid.preset import load_preset

    options = as_settings(start_size=size, seed=seed, model=model)
    chosen = load_preset(preset, [*(settings or []), *options])

    from dreamvid.device import pick
    from dreamvid.files import check_writable
    from dreamvid.pictures.formats import format_of
    from dreamvid.pictures.writing import save
    from dreamvid.preview import film_sheet, shrink

    format_of(out)
    check_writable(out)
    small = chosen if size else shrink(chosen)
    save(film_sheet(small, pick(device), frames=frames, tiles=tiles), out)
    say(str(out))
