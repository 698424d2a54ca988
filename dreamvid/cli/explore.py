"""`dreamvid explore`: draw a grid of dreams over two settings."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import BasePreset, Device, Model, Seed, Settings, with_options
from dreamvid.cli.terminal.console import counted, say


def explore(
    image: Annotated[Path, Argument(help="the picture to dream on")],
    out: Annotated[Path, Option(help="the picture to write, .png or .jpg")],
    across: Annotated[
        str | None,
        Option(metavar="KEY=V1,V2,...", help="a setting and its values; default: layers"),
    ] = None,
    down: Annotated[
        str | None, Option(metavar="KEY=V1,V2,...", help="another one; default: dream.step_size")
    ] = None,
    preset: BasePreset = None,
    side: Annotated[int, Option(min=32, max=1024, help="of a picture, in pixels")] = 240,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """Draw a grid of dreams over two settings, with a preset for each to go on from."""
    from dreamvid.explore.cells import check_cells, dream_cells
    from dreamvid.explore.grid import plan
    from dreamvid.explore.html import check_photo, check_targets, write_page
    from dreamvid.media.images.sheet import draw_table, table_layout
    from dreamvid.media.images.writing import save
    from dreamvid.system.device import pick

    check_photo("IMAGE", image)
    picked = pick(device)
    grid = plan(
        image,
        picked,
        preset=preset,
        settings=with_options(settings, seed=seed, model=model),
        across=across,
        down=down,
        side=side,
    )
    check_cells(grid.cells, grid.start, picked)
    height, width = grid.start.shape[-2:]
    columns, rows = grid.across.values, grid.down.values
    layout = table_layout(columns, rows, width, height)
    check_targets(out, image, grid.cells, layout)
    work = dream_cells(grid.cells, grid.start, picked)
    images = list(counted("picture", work, len(grid.cells)))
    save(draw_table(images, columns, rows, layout, grid.title), out)
    page = write_page(out, grid.cells, layout, grid.title)
    say(f"{out}\n{page}")
