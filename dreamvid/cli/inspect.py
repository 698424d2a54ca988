"""`dreamvid inspect`: measure films over time, and name what is out of its band."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import say, say_json, share_progress
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    from dreamvid.inspect.bands import Finding
    from dreamvid.inspect.film import Inspection


def inspect(
    films: Annotated[
        list[Path], Argument(metavar="FILM...", help="any films, or the folders of renders")
    ],
    as_json: Json = False,
    plot: Annotated[
        Path | None, Option(help="of one film: a picture of each measure over time")
    ] = None,
    loop: Annotated[
        bool, Option("--loop", help="its end leads to its beginning: measure the seam as well")
    ] = False,
    check: Annotated[
        bool, Option("--check", help="exit with 1 if anything is out of its band")
    ] = False,
) -> None:
    """Measure a film over time: light, colour, clipping, flicker, a cross; name what to set."""
    from dreamvid.cli.export import film_of
    from dreamvid.inspect.summary import HEADINGS, make_rows, verdict_of
    from dreamvid.inspect.summary import as_json as to_json

    if plot and len(films) > 1:
        raise PresetError("--plot", f"is of one film, and these are {len(films)}", "name one")
    if plot:
        _check_plot(plot)
    sources = [film_of(film) for film in films]
    described, bad = [], False
    for source in sources:
        film, findings = _inspected(source, loop)
        bad = bad or bool(findings)
        if plot:
            _draw(film, plot)
        if as_json:
            described.append({"path": str(source)} | to_json(film, findings))
            continue
        height, width = film.size
        counted = "1 frame" if film.frames == 1 else f"{film.frames} frames"
        say(f"{source}: {counted}, {film.seconds:.4g} s, {width}x{height}")
        for line in _aligned([HEADINGS, *make_rows(film)]):
            say(line)
        if film.seam is not None:
            say(f"seam: {film.seam:.2f} times the change between other frames")
        for line in verdict_of(findings):
            say(line)
    if as_json:
        say_json(described)
    elif plot:
        say(str(plot))
    if check and bad:
        raise Exit(1)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align cells to the right, in a pipe too: figures without headings say nothing."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    pairs = (zip(row, widths, strict=True) for row in rows)
    return ["  ".join(cell.rjust(width) for cell, width in row).rstrip() for row in pairs]


def _inspected(source: Path, loop: bool) -> "tuple[Inspection, list[Finding]]":
    from dreamvid.export.loop.choose import is_loop
    from dreamvid.inspect.bands import judge
    from dreamvid.inspect.film import inspect_film
    from dreamvid.media.clip import pictures_of
    from dreamvid.media.metadata import read_record

    pictures = pictures_of(source)
    closed = loop or source.suffix.lower() == ".gif" or is_loop(source)
    with share_progress("inspecting") as show:
        film = inspect_film(pictures, loop=closed, on_progress=show)
    preset = (read_record(source) or {}).get("preset")
    return film, judge(film, preset if isinstance(preset, dict) else None)


def _check_plot(plot: Path) -> None:
    from dreamvid.media.images.formats import format_of
    from dreamvid.system.files import check_writable

    format_of(plot)
    check_writable(plot)


def _draw(film: "Inspection", plot: Path) -> None:
    import numpy as np

    from dreamvid.image import from_bytes
    from dreamvid.inspect.summary import curves_of
    from dreamvid.media.images.writing import save
    from dreamvid.schedule.plot import draw

    save(from_bytes(np.asarray(draw(curves_of(film), film.seconds))), plot)
