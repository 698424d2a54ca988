"""`dreamvid atlas`: draw a sheet of what a network's layers dream of."""

from pathlib import Path
from typing import Annotated

from typer import Option

from dreamvid.cli.arguments import Device, ModelName, Seed, Settings, with_options
from dreamvid.cli.terminal.console import counted, say


def atlas(
    model: ModelName,
    layers: Annotated[
        list[str] | None, Option(metavar="LAYER", help="names or patterns: 'inception_4*/output'")
    ] = None,
    channels: Annotated[
        int | None,
        Option(min=1, max=200, help="so many of one layer's strongest channels, each alone"),
    ] = None,
    image: Annotated[Path | None, Option(help="a photo to begin with, not noise")] = None,
    out: Annotated[Path, Option(help="the sheet; a page and presets are written beside it")] = Path(
        "atlas.png"
    ),
    side: Annotated[int, Option(min=32, max=1024, help="of a picture, in pixels")] = 160,
    seed: Seed = None,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """Draw what a network's layers dream of, with a preset for each to go on from."""
    from dreamvid.explore.atlas import plan
    from dreamvid.explore.cells import check_cells, dream_cells
    from dreamvid.explore.html import check_photo, check_targets, write_page
    from dreamvid.media.images.sheet import Layout, draw_sheet
    from dreamvid.media.images.writing import save
    from dreamvid.models.weights import store
    from dreamvid.system.device import pick

    if image:
        check_photo("--image", image)
    picked = pick(device)
    sheet = plan(
        store.load(model, picked),
        picked,
        layers=layers or (),
        channels=channels,
        photo=image,
        side=side,
        settings=with_options(settings, seed=seed),
    )
    check_cells(sheet.cells, sheet.start, picked)
    height, width = sheet.start.shape[-2:]
    layout = Layout(len(sheet.cells), sheet.columns, width, height)
    check_targets(out, image, sheet.cells, layout)
    work = dream_cells(sheet.cells, sheet.start, picked)
    images = list(counted("picture", work, len(sheet.cells)))
    save(draw_sheet(images, [cell.label for cell in sheet.cells], layout, sheet.title), out)
    page = write_page(out, sheet.cells, layout, sheet.title)
    say(f"{out}\n{page}")
