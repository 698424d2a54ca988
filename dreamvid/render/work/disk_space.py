"""Check the disk space for a film before the work, from its size and length alone.

The result is a lower bound, as the dream's texture decides: a film that is refused does not fit.
`estimate` dreams a few frames, and is more precise.
"""

import math
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import OutputError
from dreamvid.film.closing_loops import lead_frames
from dreamvid.preset.schema import Preset
from dreamvid.render.work.encoding import encoding_of
from dreamvid.render.work.folder import RenderFolder
from dreamvid.render.work.frame_files import FOLDER

# Bytes a pixel, measured on quickstart's films and others, at crf 16 where there is one.
TYPICAL = {
    "h264": 0.14,
    "hevc": 0.12,
    "vp9": 0.1,
    "av1": 0.07,
    "prores": 0.84,
    "prores-4444": 1.2,
    "ffv1": 4.8,
    "hap": 0.5,
    "hap-q": 0.9,
    "hap-alpha": 0.6,
}
USUAL_CRF, HALF = 16, 6  # a crf higher by HALF halves the bytes
LEAST = 0.25  # share of TYPICAL; no dream has taken less
PNG = 5.0  # bytes a pixel of 16 bits a channel
CHECKPOINT = 12  # bytes a pixel, at least: three float32
LEAD = 6  # bytes a pixel of a lead-in frame


@dataclass(frozen=True)
class _Part:
    """Disk space of one kind of files, in bytes."""

    typical: float  # when the film is finished
    least: float
    written: float  # so far


def check_space(preset: Preset, folder: RenderFolder, on_message: Callable[[str], None]) -> None:
    """Raise OutputError where the disk is certainly too small for the film of a resolved preset.

    Calls `on_message` with a warning where it may be.
    """
    parts = _parts(preset, folder)
    least = sum(max(0.0, part.least - part.written) for part in parts)
    typical = sum(max(0.0, part.typical - part.written) for part in parts)
    free = shutil.disk_usage(folder.work).free
    if least > free:
        raise OutputError(
            f"needs at least {_size(least)} in {folder.out}, {_size(free)} is free: "
            f"{_cure(preset, folder)}"
        )
    if typical > free:
        problem = f"may need about {_size(typical)} in {folder.out}, {_size(free)} is free"
        on_message(f"{problem}: should the disk fill, make room, and the same command goes on")


def _parts(preset: Preset, folder: RenderFolder) -> list[_Part]:
    assert preset.start.size
    frames, pixels = preset.video.count, math.prod(preset.start.size)
    encoding, outputs = encoding_of(preset), preset.outputs
    factor = 1.0 if encoding.kind.crf is None else 2 ** ((USUAL_CRF - encoding.crf) / HALF)
    film = frames * pixels * factor * TYPICAL[encoding.codec]
    ways = 1 if encoding.kind.intra else 2
    written = 1 + outputs.reverse
    images = frames * pixels * PNG if outputs.frames == "png" else 0.0
    exact = (2 * CHECKPOINT + lead_frames(preset.loop, preset.video.rate)[0] * LEAD) * pixels
    suffix = encoding.kind.suffix
    return [
        _Part(ways * film, ways * LEAST * film, _bytes(folder.work, "[fr]??????*.m*")),
        _Part(written * film, written * LEAST * film, _bytes(folder.out, f"*{suffix}")),
        _Part(images, LEAST * images, _bytes(folder.out / FOLDER, "*.png")),
        _Part(exact, exact, _bytes(folder.work, "*checkpoint*") + _bytes(folder.work, "lead*")),
    ]


def _bytes(folder: Path, pattern: str) -> float:
    total = 0
    with suppress(OSError):
        for path in folder.glob(pattern):
            total += path.stat().st_size
    return float(total)


def _cure(preset: Preset, folder: RenderFolder) -> str:
    if folder.checkpoint.exists():
        return "make room, and the same command goes on"
    if preset.outputs.frames == "png":
        return "--out elsewhere, or --set outputs.frames=none"
    if preset.video.kind.crf is None:
        return "--out elsewhere, or --set video.codec=hevc"
    return f"--out elsewhere, or --set video.crf={min(40, preset.video.crf + 7)}"


def _size(count: float) -> str:
    for unit, digits in (("GB", 1e9), ("MB", 1e6)):
        if count >= digits:
            return f"{count / digits:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"
