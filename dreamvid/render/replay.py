"""Replay a film: render it again from its record, and compare the frames.

record of a file or folder -> preset, its input files found -> render -> comparison
"""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch

from dreamvid.errors import ModelError, PresetError, ResumeError, VideoError
from dreamvid.film.inputs import digests
from dreamvid.media.footage.reader import read_frames
from dreamvid.media.metadata import read_record
from dreamvid.models.weights import store
from dreamvid.preset.load import check, sets
from dreamvid.preset.schema import Preset
from dreamvid.preset.toml import changed_toml
from dreamvid.render.record.find_inputs import locate
from dreamvid.render.record.finished_render import FORWARD, RUN, forward_film, read_run
from dreamvid.render.record.provenance import Record, check_record, paths_in
from dreamvid.render.record.run_record import processor, versions
from dreamvid.render.work.folder import RenderFolder
from dreamvid.system import device as devices
from dreamvid.system.digests import unsealed

COMPARED = ("forward", "reverse", "loop", "poster", "stills/")
IGNORED = ("python",)  # versions that no pixel depends on


@dataclass(frozen=True)
class Source:
    """A file or render folder to replay."""

    path: Path  # as the user gave it
    record: Record
    film: Path | None  # to compare with; None: the file was converted since
    folder: Path  # in which input files are searched
    whole: bool  # a render's folder, not one of its files
    places: Mapping[str, str] = field(default_factory=dict)  # of input files, by option


def open_source(path: Path) -> Source:
    """Read the record of a film or image file, a render folder or its run.json.

    Raises PresetError where there is none, VideoError or ResumeError where it cannot be read.
    """
    if path.is_dir() or path.name == RUN:  # written once a render is finished
        folder = path if path.is_dir() else path.parent
        table = read_run(folder / RUN)
        record = check_record(table, str(folder / RUN))
        film, places = forward_film(folder, table.get("outputs")), paths_in(record.preset)
        places |= _places(folder)
        return Source(path, record, film, folder, whole=True, places=places)
    table = read_record(path)
    if table is None:
        problem = "carries no record of a render; many sites take it out of what they are sent"
        raise PresetError(str(path), problem, "`dreamvid replay FOLDER` takes a render's run.json")
    record = check_record(table, str(path))
    comparable = not record.afterwards and record.output.startswith(COMPARED)
    return Source(path, record, path if comparable else None, path.parent, whole=False)


def _places(folder: Path) -> dict[str, str]:
    """Read where a folder's last render found its inputs; run.json has their names alone."""
    job = RenderFolder(folder).job
    try:
        table = unsealed(read_run(job)) if job.exists() else {}
        return paths_in(check_record(table, str(job)).preset) if table else {}
    except (PresetError, ResumeError, ValueError):
        return {}  # they are searched elsewhere


def preset_of(source: Source, settings: Sequence[str]) -> Preset:
    """Restore the preset with `settings` over it, find its input files and check its model.

    Raises PresetError or ModelError naming what is missing or differs, and the cure.
    """
    preset = locate(source.record, source.folder, settings, places=source.places)
    installed = store.find(preset.model)
    if installed is None:
        raise ModelError(store.missing(preset.model))
    digest = installed.digest.removeprefix("sha256:")
    recorded = source.record.files.get("model.file sha256")
    if digest != recorded and not sets(settings, "model"):
        one, other = digest[:12], (recorded or "unknown")[:12]
        problem = f"the one here ({one}...) is not the one this was made with ({other}...)"
        cure = f"--set model={preset.model} takes it nevertheless"
        raise ModelError(f"model {preset.model}: {problem}; {cure}")
    return preset


def written_preset(source: Source) -> tuple[str, Preset, list[str]]:
    """Write the preset as TOML; returns it, the preset read from it, and missing input files.

    Raises PresetError for a record that has no valid preset.
    """
    missing: list[str] = []
    preset = locate(source.record, source.folder, places=source.places, missing=missing.append)
    name = "".join(letter for letter in source.path.name if letter.isprintable())
    text = changed_toml(preset, f"from {name}")
    return text, check(tomllib.loads(text)), missing


def device_of(record: Record, name: str) -> torch.device:
    """Pick a device by name; "auto" is the kind the film was rendered on, where available."""
    kind = record.device_kind
    return devices.pick(kind if name == "auto" and kind in devices.available() else name)


def differences(record: Record, preset: Preset, device: torch.device) -> list[str]:
    """List why frames may not be identical: device, threads, versions, digests of files."""
    differing = []
    here = processor(device)
    if record.device != here:
        differing.append(f"rendered on {record.device or 'an unknown device'}, now on {here}")
    if device.type == "cpu" and record.threads is None:
        differing.append("how many threads it was rendered with is not known")
    now = versions()
    for name in sorted({*record.versions, *now} - {*IGNORED}):
        then = record.versions.get(name, "none")
        if then != now.get(name):
            differing.append(f"{name} {then}, now {now.get(name, 'none')}")
    try:
        files = digests(preset)
    except OSError as error:
        reason = error.strerror or error
        raise PresetError("--set", f"{error.filename} cannot be read: {reason}") from None
    changed = [name for name in record.files | files if record.files.get(name) != files.get(name)]
    return differing + [f"another {name.removesuffix(' sha256')}" for name in changed]


@contextmanager
def threads(record: Record, device: torch.device) -> Iterator[None]:
    """Use as many CPU threads as the film was rendered with, since sums depend on their number."""
    before = torch.get_num_threads()
    if device.type == "cpu" and record.threads:
        torch.set_num_threads(record.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Comparison:
    """Difference between the frames of a file and of its replay."""

    frames: int
    first: int | None  # first frame that differs, from 0; None: all are identical
    mean: float = 0.0  # absolute difference of 8-bit values, over all frames
    psnr: float = math.inf  # in dB

    @property
    def identical(self) -> bool:
        return self.first is None

    def __str__(self) -> str:
        if self.identical:
            return f"all {self.frames} frames are identical" if self.frames > 1 else "identical"
        close = f"they differ by {self.mean:.2g} of 255 on average, PSNR {self.psnr:.1f} dB"
        return f"frame {self.first} of {self.frames} is the first that differs; {close}"


def compare(old: Path, new: Path) -> Comparison:
    """Compare two films frame by frame, decoded; raises VideoError if sizes or lengths differ."""
    frames, first, absolute, squares, count = 0, None, 0.0, 0.0, 0
    with closing(read_frames(old)) as before, closing(read_frames(new)) as after:
        for one, other in zip_longest(before, after):
            if one is None or other is None or one.shape != other.shape:
                raise VideoError(f"{old}: has not the size or length of {new}")
            error = np.abs(one.astype(np.int16) - other)
            if first is None and error.any():
                first = frames
            absolute += float(error.sum(dtype=np.int64))
            squares += float(np.square(error, dtype=np.int64).sum())
            frames, count = frames + 1, count + error.size
    if first is None:
        return Comparison(frames, None)
    return Comparison(frames, first, absolute / count, 10 * math.log10(255**2 * count / squares))


def counterpart(source: Source, files: Sequence[Path], out: Path) -> Path | None:
    """Find the file of a replay that corresponds to the source's film; None without one."""
    if source.film is None:
        return None
    name = FORWARD if source.whole else source.record.output
    stills = sorted(out.glob("stills/*.png"))
    inside = (path for path in (*files, *stills) if path.is_relative_to(out))
    return next((p for p in inside if p.relative_to(out).with_suffix("").as_posix() == name), None)
