"""Grid over two options: every value of one with every value of the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from dreamvid.errors import PresetError, quote
from dreamvid.explore.cells import Cell, as_setting, fitted, refuse_starts, start_of
from dreamvid.explore.layers import some
from dreamvid.image import Image
from dreamvid.media.images.reading import load
from dreamvid.models.weights import store
from dreamvid.preset.load import load_preset, with_settings
from dreamvid.preset.schema import Preset

MOST = 200  # cells of a grid
VISIBLE = ("dream", "colour", "model", "seed")  # options that a single frame shows
INVISIBLE = ("dream.every", "dream.rate", "dream.same_jitter", "dream.tile")  # exceptions
LAYERS = 5  # across, by default
STEP_SIZES = ("0.75", "1.5", "3")  # down, by default
FILM = ("video.frames=48", "motion.zoom=1.3")  # of a cell's film, without a preset

Make = Callable[[Sequence[str]], Preset]
"""Makes a preset from settings that override its own."""


@dataclass(frozen=True)
class Axis:
    """An option and its values along one side of a grid, as `--set` takes them."""

    option: str  # the command line's, for errors
    key: str
    values: tuple[str, ...]

    @property
    def settings(self) -> list[str]:
        return [f"{self.key}={value}" for value in self.values]


@dataclass(frozen=True)
class Grid:
    """The cells of a grid and their start image."""

    cells: Sequence[Cell]  # row by row
    start: Image
    across: Axis
    down: Axis
    title: str


def read_axis(option: str, text: str) -> Axis:
    """Parse KEY=V1,V2,...; commas in brackets, braces and quotes do not separate values.

    Raises PresetError.
    """
    key, equals, listed = text.partition("=")
    key = key.strip()
    if not equals or not key:
        problem = f"{quote(text)} is not KEY=V1,V2,..."
        raise PresetError(option, problem, "such as dream.step_size=1,2,4")
    if key.partition(".")[0] not in VISIBLE or key in INVISIBLE:
        cure = f"{', '.join(VISIBLE)} do"
        raise PresetError(option, f"{key} changes nothing in one picture", cure)
    values = tuple(value.strip() for value in _split(listed))
    if not all(values):
        raise PresetError(option, f"{quote(text)} has an empty value", f"such as {key}=V1,V2")
    if len({*values}) < len(values):
        raise PresetError(option, f"{quote(text)} has one value twice", "leave one out")
    return Axis(option, key, values)


def _split(text: str) -> list[str]:
    parts, depth, quoted = [""], 0, ""
    for letter in text:
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        else:
            depth += (letter in "[{(") - (letter in "]})")
        if letter == "," and depth == 0 and not quoted:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def grid_cells(make: Make, across: Axis, down: Axis) -> list[Cell]:
    """Make the cells row by row; raises PresetError."""
    if across.key == down.key:
        raise PresetError("--down", f"{down.key} is across already", "choose another option")
    count = len(across.values) * len(down.values)
    if count > MOST:
        problem = f"{len(across.values)} x {len(down.values)} values make {count} pictures"
        raise PresetError(across.option, problem, f"at most {MOST}")
    return [
        _cell(make, (one, other), f"{column}, {row}")
        for row, other in zip(down.values, down.settings, strict=True)
        for column, one in zip(across.values, across.settings, strict=True)
    ]


def _cell(make: Make, settings: Sequence[str], label: str) -> Cell:
    return Cell(label, make([*settings, as_setting("title", label), as_setting("about", "")]))


def plan(
    image: Path,
    device: torch.device,
    *,
    preset: str | None,
    settings: Sequence[str],
    across: str | None,
    down: str | None,
    side: int,
) -> Grid:
    """Plan a grid; raises PresetError or ModelError before anything is dreamed.

    Args:
        preset: name or path of the preset; None for the defaults, as in the program of 2015.
        across, down: KEY=V1,V2,...; None for layers of the model, and step sizes.
        side: pixels of a cell's longer side.
    """
    refuse_starts(settings, "IMAGE")
    width, height = fitted(load(image, option="IMAGE"), side)
    start = [as_setting("start.path", str(image)), as_setting("start.size", f"{width}x{height}")]

    def make(chosen: Sequence[str]) -> Preset:
        given = [*settings, *start, *chosen]
        return load_preset(preset, given) if preset else with_settings([*FILM, *given])

    if preset and load_preset(preset).of_footage:
        raise PresetError("--preset", f"{preset} dreams on footage", "take one that does not")
    first = make([])
    layers = () if across else tuple(some(store.load(first.model, device), LAYERS))
    columns = read_axis("--across", across) if across else Axis("--across", "dream.layers", layers)
    rows = read_axis("--down", down) if down else Axis("--down", "dream.step_size", STEP_SIZES)
    title = f"{image.name}: {columns.key} across, {rows.key} down"
    return Grid(grid_cells(make, columns, rows), start_of(first, device), columns, rows, title)
