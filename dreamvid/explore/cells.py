"""Cells of a contact sheet: presets that dream on the same start image."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from dreamvid.dream.octaves import octave_sizes
from dreamvid.errors import PresetError, quote
from dreamvid.film.engine import frame_rng
from dreamvid.film.job import still
from dreamvid.film.model_checks import check_octave_size
from dreamvid.film.resolve import with_layers
from dreamvid.film.score import make_scores
from dreamvid.film.settings_at import ascent_at
from dreamvid.film.start import make_start
from dreamvid.film.timeline import still_timeline
from dreamvid.image import Image, OtherSizeImage
from dreamvid.models.weights import store
from dreamvid.preset.schema import Preset

STARTS = ("start", "start.path", "start.kind", "start.size")  # options that a photo decides


@dataclass(frozen=True)
class Cell:
    """A cell of a sheet, which shows the first frame of its preset's film."""

    label: str
    preset: Preset


def as_setting(key: str, value: object) -> str:
    """Format KEY=VALUE as `--set` takes it; JSON's strings, numbers and lists are valid TOML."""
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


def fitted(image: OtherSizeImage, side: int) -> tuple[int, int]:
    """Choose an even (width, height) in the image's shape, the longer about `side` pixels."""
    scale = side / max(image.shape[-2:])
    height, width = (max(16, 2 * round(length * scale / 2)) for length in image.shape[-2:])
    return width, height


def refuse_starts(settings: Sequence[str], photo: str) -> None:
    """Raise PresetError for a setting of the start image, which the argument `photo` decides."""
    for setting in settings:
        if setting.partition("=")[0].strip() in STARTS:
            cure = f"{photo} is what is dreamed on, and --side its size"
            raise PresetError("--set", f"{quote(setting)} is for the photo to decide", cure)


def start_of(preset: Preset, device: torch.device) -> Image:
    """Make the start image of all cells; raises PresetError."""
    return make_start(preset.start, frame_rng(preset.seed, -1)).to(device)


def check_cells(cells: Sequence[Cell], start: Image, device: torch.device) -> None:
    """Raise a cell's PresetError or ModelError before minutes of work."""
    models = {name: store.load(name, device) for name in {cell.preset.model for cell in cells}}
    height, width = start.shape[-2:]
    for preset in (cell.preset for cell in cells):
        features = models[preset.model]
        ascent = ascent_at(preset.dream, still_timeline(preset).moment(0))
        sizes = octave_sizes(height, width, octaves=ascent.octaves, scale=ascent.octave_scale)
        options = with_layers(preset.dream, features)
        make_scores(options, features, start.device, first=start)
        check_octave_size(options, features, sizes[0], start.device)


def dream_cells(cells: Sequence[Cell], start: Image, device: torch.device) -> Iterator[Image]:
    """Dream each cell's image; yields them on the CPU."""
    for cell in cells:
        yield still(start, cell.preset, device).cpu()
