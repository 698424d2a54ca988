"""Presets that dream a model's words side by side, all from the same dusk."""

from collections.abc import Sequence

from dreamvid.explore.cells import Cell, as_setting
from dreamvid.media.images.sheet import Layout, columns_for
from dreamvid.preset.load import with_settings

WIDTH, HEIGHT = 256, 160  # pixels
# Chosen by looking at ten words of a GoogLeNet: bold steps on coarse bands give shapes large enough
# to recognise, in colours that leave the dusk's.
SETTINGS = (
    "dream.octaves=4",
    "dream.steps=16",
    "dream.step_size=3.5",
    "dream.jitter=16",
    "dream.pyramid=3",
    "dream.decorrelate=0.7",
    "dream.total_variation=0.3",
)


def word_cells(model: str, texts: Sequence[str]) -> list[Cell]:
    """Make a cell of the sheet for each text that `dream.words` takes."""
    size = as_setting("start.size", f"{WIDTH}x{HEIGHT}")
    base = ["start.kind=dusk", size, "video.frames=1", as_setting("model", model), *SETTINGS]
    return [Cell(text, with_settings([*base, as_setting("dream.words", [text])])) for text in texts]


def layout_of(count: int) -> Layout:
    return Layout(count, columns_for(count), WIDTH, HEIGHT)
