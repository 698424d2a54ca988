"""Export a render's films for its preset's targets, and choose the size to dream at for one."""

from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from pathlib import Path

from dreamvid.export.export import export
from dreamvid.film.start import start_size
from dreamvid.media.clip import pictures_of
from dreamvid.media.metadata import copy_record
from dreamvid.preset.film import OutputOptions
from dreamvid.preset.load import sets
from dreamvid.preset.schema import Preset
from dreamvid.preset.sites import Target, find
from dreamvid.preset.values import VIDEOS

BLOCK = 16  # pixels: sides of whole blocks suit encoders and networks alike
NEAR = 0.01  # a shape that differs by less than this is cropped by a line or two


def target_files(outputs: OutputOptions) -> list[str]:
    """List the names of the targets' files, in order."""
    return [f"{stem}{target.suffix}" for target, stem, _ in _outputs(outputs)]


def write_targets(
    outputs: OutputOptions, films: Sequence[Path], out: Path, on_message: Callable[[str], None]
) -> Iterator[Path]:
    """Write and yield each target's file: out/TARGET.mp4, and out/TARGET-reverse.mp4.

    `films` are the render's finished files. Animated images are made from the forward film alone.
    Calls `on_message` with each difference from the film. Raises VideoError, OutputError.
    """
    by_name = {path.stem: path for path in films if path.suffix in VIDEOS}
    for target, stem, source in _outputs(outputs):
        film, path = by_name[source], out / f"{stem}{target.suffix}"
        command = f"dreamvid export --for {target.name}"
        result = export(
            pictures_of(film),
            path,
            target=target,
            finish=lambda file, film=film, command=command: copy_record(film, file, command),
        )
        for change in result.changes:
            on_message(f"{path.name}: {change}")
        yield path


def dream_size(preset: Preset, target: Target) -> tuple[int, int] | None:
    """Choose (width, height) in a target's shape with as many pixels as the preset's film.

    None where the target takes any shape.
    """
    width, height = start_size(preset.start)
    shape = target.size_for((width, height))
    if shape is None:
        return None
    scale = sqrt(width * height / (shape[0] * shape[1]))
    return _rounded(shape, scale, BLOCK) or _rounded(shape, scale, 2)


def shape_settings(preset: Preset, settings: Sequence[str]) -> list[str]:
    """Make the setting of a size in the first target's shape, unless `settings` have set one."""
    targets = preset.outputs.targets
    if not targets or sets(settings, "start.size") or preset.of_footage:
        return []
    size = dream_size(preset, find(targets[0]))
    return [f'start.size="{size[0]}x{size[1]}"'] if size else []


def _rounded(shape: tuple[int, int], scale: float, block: int) -> tuple[int, int] | None:
    """Round the sides to whole blocks; None where that changes the shape too much."""
    width, height = (max(16, block * round(side * scale / block)) for side in shape)
    ratio = width * shape[1] / (height * shape[0])
    return (width, height) if block == 2 or abs(ratio - 1) < NEAR else None


def _outputs(outputs: OutputOptions) -> Iterator[tuple[Target, str, str]]:
    """Yield each target, the stem of its file, and the stem of the film it is made from."""
    for name in dict.fromkeys(outputs.targets):
        target = find(name)
        yield target, name, "forward"
        if outputs.reverse and target.codec:
            yield target, f"{name}-reverse", "reverse"
