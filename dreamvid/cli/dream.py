"""`dreamvid dream`: dream on one image."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import BasePreset, Device, Model, Seed, Settings, with_options
from dreamvid.cli.terminal.console import say, share_progress
from dreamvid.errors import PresetError, quote


def dream(
    image: Annotated[Path, Argument(help="the picture to dream on, of any size")],
    out: Annotated[Path, Option(help="the picture to write: .png .jpg .webp .tif .bmp .exr")],
    preset: BasePreset = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
    size: Annotated[str | None, Option(metavar="WxH", help="scale the picture first")] = None,
    depth: Annotated[
        int | None,
        Option(help="bits a channel: 8, 16 (.png, .tif, .exr) or 32, float (.tif, .exr)"),
    ] = None,
    on_disk: Annotated[
        bool | None,
        Option(
            "--on-disk/--in-memory", help="where the work is kept; default: by the memory there is"
        ),
    ] = None,
) -> None:
    """Dream on one picture: the 2015 algorithm, unless a preset or settings say otherwise.

    Pictures are in sRGB; .exr is written in linear light, as half floats or, with
    --depth 32, floats.
    """
    from dreamvid.preset.load import load_preset, with_settings

    changes = [*with_options(settings, seed=seed, model=model), "video.frames=1"]
    chosen = load_preset(preset, changes) if preset else with_settings(changes)

    from dreamvid.render.stills import StillOptions, dream_still
    from dreamvid.system.device import pick

    still = StillOptions(out, _size(size), depth, on_disk)
    with share_progress("dreaming") as show:
        dream_still(image, chosen, still, pick(device), on_progress=show)
    say(str(out))


def _size(text: str | None) -> tuple[int, int] | None:
    """Read WxH as (height, width); raises PresetError."""
    from dreamvid.media.images.reading import STILL_PIXELS
    from dreamvid.preset.values import read_size

    if text is None:
        return None
    try:
        size = read_size(text)
    except ValueError as error:
        raise PresetError("--size", f"{quote(text)} {error}") from None
    assert isinstance(size, tuple)
    width, height = size
    if not 1 <= width * height <= STILL_PIXELS:
        most = STILL_PIXELS / 1e6
        raise PresetError("--size", f"{width}x{height} pixels", f"1 to {most:.0f} million")
    return height, width
