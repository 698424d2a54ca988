"""Dream on an image file, in memory or on disk where memory is too small."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from dreamvid.dream.objectives.score import Score
from dreamvid.dream.settings import Ascent
from dreamvid.dream.tiling.bands import bands, rows
from dreamvid.dream.tiling.disk_image import DiskImage
from dreamvid.dream.tiling.out_of_core import bytes_needed, check, dream_on_disk, shrunk_copy
from dreamvid.dream.tiling.out_of_core_step import TILE, Scratch
from dreamvid.dream.tiling.tile_size import fitting_side
from dreamvid.dream.tiling.tiled_score import TiledScore
from dreamvid.errors import OutputError, PresetError
from dreamvid.film.engine import frame_rng
from dreamvid.film.guides import SIDE
from dreamvid.film.job import load_features, still
from dreamvid.film.resolve import with_layers
from dreamvid.film.score import make_scores
from dreamvid.film.settings_at import ascent_at
from dreamvid.film.timeline import still_timeline
from dreamvid.image import fit
from dreamvid.media.images.formats import check_size, depth_of
from dreamvid.media.images.reading import STILL_PIXELS, Decoded, decode
from dreamvid.media.images.scaling import fitted
from dreamvid.media.images.writing import Rows, save, write
from dreamvid.models.features import FeatureModel
from dreamvid.preset.schema import Preset
from dreamvid.schedule.moment import Moment
from dreamvid.system.files import check_writable
from dreamvid.system.memory import free_memory, ran_out

IN_MEMORY = 150  # bytes a pixel: bases, dream, gradient and intermediates, in float32
UNKNOWN = 8_000_000_000  # bytes assumed to be free where the system does not say
Progress = Callable[[float], None]


@dataclass(frozen=True)
class StillOptions:
    """Output file of a still, and how it is computed."""

    out: Path
    size: tuple[int, int] | None = None  # (height, width) to scale to first
    depth: int | None = None  # bits a channel; None: the default of the file's format
    on_disk: bool | None = None  # None: only where memory is too small


def dream_still(
    image: Path,
    preset: Preset,
    options: StillOptions,
    device: torch.device,
    on_progress: Progress = lambda share: None,
) -> None:
    """Dream on an image file and write the result.

    Calls `on_progress` with the share done, 0 to 1, while a dream runs on disk.
    Raises PresetError, ModelError, OutputError; DreamvidError where the dream fails.
    """
    out, depth = options.out, depth_of(options.out, options.depth)
    if out.exists() and image.exists() and out.samefile(image):
        raise PresetError("--out", f"{out} is the picture itself", "choose another name")
    background = preset.start.background
    opened = decode(image, option="IMAGE", most=STILL_PIXELS, background=background)
    size = options.size or (opened.height, opened.width)
    check_size(out, *size)
    check_writable(out)
    if not (options.on_disk or (options.on_disk is None and not fits(size, device))):
        save(still(fit(opened.whole(), size), preset, device), out, depth)
        return
    dream = _prepare(preset, size, device)
    pixels = size[0] * size[1]
    _check_space(out, bytes_needed(size, dream.ascent) + pixels * 3 * depth // 8)
    with _folder(out) as folder:
        scratch = Scratch(folder, device)
        image_on_disk = _copy(fitted(opened, size) if options.size else opened, scratch)
        del opened  # the decoded file, which is large too
        write(out, size, _dream(image_on_disk, dream, scratch, on_progress), depth)


def fits(size: tuple[int, int], device: torch.device) -> bool:
    """Check whether an image of (height, width) can be dreamed on in half of the free memory."""
    free = free_memory(device)
    return size[0] * size[1] * IN_MEMORY < (UNKNOWN if free is None else free) / 2


@dataclass(frozen=True)
class _Dream:
    """Settings and network of a dream on disk."""

    preset: Preset
    features: FeatureModel
    moment: Moment
    ascent: Ascent


def _prepare(preset: Preset, size: tuple[int, int], device: torch.device) -> _Dream:
    """Load the network and resolve the settings; raises PresetError or ModelError."""
    features = load_features(preset, device)
    preset = preset.model_copy(update={"dream": with_layers(preset.dream, features)})
    moment = still_timeline(preset).moment(0)
    ascent = ascent_at(preset.dream, moment)
    check(ascent, size)
    _check_whole(preset)
    return _Dream(preset, features, moment, ascent)


def _copy(opened: Decoded, scratch: Scratch) -> DiskImage:
    image = scratch.new((opened.height, opened.width))
    for top, end in bands(image.size):
        image.write(top, 0, opened.rows(top, end))
    return image


def _dream(image: DiskImage, dream: _Dream, scratch: Scratch, on_progress: Progress) -> Rows:
    options, device = dream.preset.dream, scratch.device
    small = shrunk_copy(image, SIDE).to(device)
    score = make_scores(options, dream.features, device, first=small)(dream.moment, small)
    if score is None or not dream.ascent.steps or not dream.ascent.step_size:
        return partial(rows, image)
    whole = score.score if isinstance(score, TiledScore) else score
    assert isinstance(whole, Score)
    scratch.tile = _tile(options.tile, whole, image.size, device)
    rng = frame_rng(dream.preset.seed, 0)
    return dream_on_disk(image, whole, dream.ascent, scratch, rng=rng, on_progress=on_progress)


def _check_whole(preset: Preset) -> None:
    """Raise PresetError for settings that need the whole image in memory."""
    cure = "none, a smaller --size, or --in-memory"
    if preset.dream.mask:
        raise PresetError("dream.mask", "a picture dreamed on disk cannot have one", cure)
    if preset.dream.tile == "off":
        raise PresetError("dream.tile", "a picture on disk is dreamed in tiles", "auto, or a side")
    if preset.colour.keep != "none":
        problem = f"a picture dreamed on disk cannot keep its {preset.colour.keep}"
        raise PresetError("colour.keep", problem, cure)


def _tile(setting: str | int, score: Score, size: tuple[int, int], device: torch.device) -> int:
    if isinstance(setting, int):
        return setting
    whole = torch.zeros(1, 3, 1, 1, device=device).expand(1, 3, *size)  # takes no memory
    return min(TILE, fitting_side(score, whole) or TILE)


def _check_space(out: Path, needed: int) -> None:
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise OutputError(
            f"{out.parent}: {needed / 1e6:.0f} MB are needed while a picture of this size is "
            f"dreamed on, {free / 1e6:.0f} MB are free; choose an --out on another disk"
        )


@contextmanager
def _folder(out: Path) -> Iterator[Path]:
    """Make a temporary folder beside the output file, on the disk whose space was checked."""
    try:
        with TemporaryDirectory(
            prefix=f".{out.name}.", dir=out.parent, ignore_cleanup_errors=True
        ) as folder:
            yield Path(folder)
    except OSError as error:
        if ran_out(error):
            raise MemoryError from error
        reason = error.strerror or error
        raise OutputError(f"{out}: cannot be dreamed on disk: {reason}") from None
