"""Preview: the size, and the settings, at which a preset is dreamed live."""

from collections.abc import Hashable

from dreamvid.dream.octaves import octave_sizes
from dreamvid.errors import DreamvidError
from dreamvid.film.masking import ANY
from dreamvid.film.settings_at import ascent_at
from dreamvid.preset.schema import Preset
from dreamvid.render.preview import rougher, shrink

WIDTHS = (384, 320, 256, 192, 160, 128)  # pixels
LEAST = 100  # pixels of the shorter side; with fewer, an octave or two are left of a film
FIRST = 192  # pixels, of a model whose speed is not known yet
GOAL = 0.2  # seconds a dream
STEP = 20_000  # pixels that take as long as what each gradient step costs regardless of the size
RECENT = 0.4  # weight of the latest dream in the mean

SHRUNK = ("octaves", "steps", "step_size")


def preview_of(preset: Preset, width: int, *, draft: bool) -> tuple[Preset, tuple[str, ...]]:
    """Scale a preset to a preview; returns it, and the `--set` settings that make a render equal.

    Raises PresetError or VideoError for a start that cannot be read.
    """
    small = shrink(preset, width)
    if draft:
        small = small.model_copy(update={"dream": rougher(small.dream)})
    assert small.start.size
    settings = ["start.size={}x{}".format(*small.start.size)]
    settings += [
        f"dream.{name}={getattr(small.dream, name)!r}"
        for name in SHRUNK
        if getattr(small.dream, name) != getattr(preset.dream, name)
    ]
    return small, tuple(settings)


class Speed:
    """Time that dreams take on this machine, learnt from those that were dreamed."""

    def __init__(self) -> None:
        self._seconds: dict[Hashable, float] = {}  # a pixel and step

    def known(self, preset: Preset) -> bool:
        """Test whether a dream of such a preset was timed."""
        return _kind(preset) in self._seconds

    def learn(self, preset: Preset, seconds: float) -> None:
        """Add the time of a dream of a preset at its size."""
        rate = seconds / max(1.0, _work(preset))
        for key in (_kind(preset), preset.model):
            self._seconds[key] = rate + (1 - RECENT) * (self._seconds.get(key, rate) - rate)

    def width_for(self, preset: Preset, *, draft: bool) -> int:
        """Choose the largest width at which dreams take at most GOAL, or else the smallest.

        None has a side of less than LEAST pixels.
        """
        rate = self._seconds.get(_kind(preset), self._seconds.get(preset.model))
        if rate is None:
            return FIRST
        chosen = WIDTHS[0]
        for width in WIDTHS:
            small, _ = preview_of(preset, width, draft=draft)
            if min(_size(small)) < LEAST:
                break
            chosen = width
            if rate * _work(small) <= GOAL:
                break
        return chosen


def _kind(preset: Preset) -> Hashable:
    """Name what a dream's speed depends on, besides its size and steps."""
    dream = preset.dream
    return preset.model, str((dream.layers, dream.direction, dream.classes, dream.words))


def _size(preset: Preset) -> tuple[int, int]:
    assert preset.start.size
    return preset.start.size


def _work(preset: Preset) -> float:
    """Compute the work of a dream, in pixels of all octaves times steps."""
    width, height = _size(preset)
    try:
        ascent = ascent_at(preset.dream, ANY)
        sizes = octave_sizes(height, width, octaves=ascent.octaves, scale=ascent.octave_scale)
    except (ValueError, DreamvidError):  # a schedule without a value there
        return float(width * height)
    return max(1, ascent.steps) * sum(STEP + rows * columns for rows, columns in sizes)
