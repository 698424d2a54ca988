from pathlib import Path
from typing import Annotated

import typer

from dreamvid.cli.arguments import Device, Model, OutPicture, Seed, Settings, as_settings
from dreamvid.cli.console import say


def dream(
    image: Annotated[Path, typer.Argument(help="the picture to dream on, of any size")],
    out: OutPicture,
    preset: Annotated[str | None, typer.Option(help="take model and settings from it")] = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """Dream on one picture: the 2015 algorithm, unless a preset or settings say otherwise."""
    from dreamvid.preset import load_preset, with_settings

    options = [*(settings or []), *as_settings(seed=seed, model=model)]
    one = ["video.frames=1"]
    chosen = load_preset(preset, [*options, *one]) if preset else with_settings([*options, *one])

    from dreamvid.device import pick
    from dreamvid.files import check_writable
    from dreamvid.image import format_of, load, save
    from dreamvid.job import still

    format_of(out)
    picture = load(image, option="IMAGE")
    check_writable(out)
    save(still(picture, chosen, pick(device)), out)
    say(str(out))
