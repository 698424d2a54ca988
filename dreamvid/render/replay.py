"""Render again what a file or a render folder was made from, and compare.

record -> preset, its files found again -> render -> the frames of both, one by one
"""

import math
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch

from dreamvid.errors import ModelError, PresetError, VideoError
from dreamvid.film.job import digests
from dreamvid.media.metadata import read_record
from dreamvid.media.video.reader import read_frames
from dreamvid.models.weights import store
from dreamvid.preset.load import check, sets
from dreamvid.preset.schema import Preset
from dreamvid.preset.toml import changed_toml
from dreamvid.render.record.find_inputs import locate, locate_or_name
from dreamvid.render.record.finished_render import FORWARD, RUN, forward_film, read_run
from dreamvid.render.record.provenance import Record, check_record
from dreamvid.render.record.run_record import processor, versions
from dreamvid.system import device as devices

COMPARED = ("forward", "reverse", "loop", "poster", "stills/")
MATTER_NOT = ("python",)  # versions that no pixel depends on


@dataclass(frozen=True)
class Source:
    """What is to be rendered again."""

    path: Path  # as it was named
    record: Record
    film: Path | None  # what of it can be compared; None: it was made into something else since
    folder: Path  # in which files are looked for
    full: bool  # whether it has paths, this machine's own, as run.json; a film's has names alone


def open_source(path: Path) -> Source:
    """The record of a file, of a render folder or of its run.json.

    Raises PresetError where there is none, VideoError or ResumeError for what cannot be read.
    """
    if path.is_dir() or path.name == RUN:  # which a render's folder has once it is finished
        folder = path if path.is_dir() else path.parent
        table = read_run(folder / RUN)
        record = check_record(table, str(folder / RUN))
        return Source(path, record, forward_film(folder, table.get("outputs")), folder, full=True)
    table = read_record(path)
    if table is None:
        problem = "carries no record of a render; many sites take it out of what they are sent"
        raise PresetError(str(path), problem, "`dreamvid replay FOLDER` takes a render's run.json")
    record = check_record(table, str(path))
    comparable = not record.afterwards and record.output.startswith(COMPARED)
    return Source(path, record, path if comparable else None, path.parent, full=False)


def preset_of(source: Source, settings: Sequence[str]) -> Preset:
    """The preset, its files found and its model checked, under settings.

    Raises PresetError or ModelError naming what is missing or differs, and the cure.
    """
    preset = locate(source.record, source.folder, settings, full=source.full)
    installed = store.find(preset.model)
    if installed is None:
        raise ModelError(store.missing(preset.model))
    digest = installed.digest.removeprefix("sha256:")
    wanted = source.record.files.get("model.file sha256")
    if digest != wanted and not sets(settings, "model"):
        one, other = digest[:12], (wanted or "unknown")[:12]
        problem = f"the one here ({one}...) is not the one this was made with ({other}...)"
        cure = f"--set model={preset.model} takes it nevertheless"
        raise ModelError(f"model {preset.model}: {problem}; {cure}")
    return preset


def written_preset(source: Source) -> tuple[str, Preset, list[str]]:
    """The preset as TOML and read from that, and the names of its files that are not here.

    Raises PresetError for one that is not a preset.
    """
    missing: list[str] = []
    preset = locate_or_name(source.record, source.folder, full=source.full, missing=missing.append)
    name = "".join(letter for letter in source.path.name if letter.isprintable())
    text = changed_toml(preset, f"from {name}")
    return text, check(tomllib.loads(text)), missing


def device_of(record: Record, asked: str) -> torch.device:
    """What is asked for; "auto" is what the film was rendered on, where that is here."""
    known = [name for name in devices.available() if name == record.device_kind]
    return devices.pick(known[0] if known and asked == "auto" else asked)


def differences(record: Record, preset: Preset, device: torch.device) -> list[str]:
    """Why frames will only be close: what is not as it was, in words. Files are hashed."""
    found = []
    here = processor(device)
    if record.device != here:
        found.append(f"rendered on {record.device or 'an unknown device'}, now on {here}")
    if device.type == "cpu" and record.threads is None:
        found.append("how many threads it was rendered with is not known")
    now = versions()
    for name in sorted({*record.versions, *now} - {*MATTER_NOT}):
        then = record.versions.get(name, "none")
        if then != now.get(name):
            found.append(f"{name} {then}, now {now.get(name, 'none')}")
    try:
        files = digests(preset)
    except OSError as error:
        reason = error.strerror or error
        raise PresetError("--set", f"{error.filename} cannot be read: {reason}") from None
    changed = [name for name in record.files | files if record.files.get(name) != files.get(name)]
    return found + [f"another {name.removesuffix(' sha256')}" for name in changed]


@contextmanager
def threads(record: Record, device: torch.device) -> Iterator[None]:
    """Let torch have as many as the film was rendered with: sums depend on how they are shared."""
    before = torch.get_num_threads()
    if device.type == "cpu" and record.threads:
        torch.set_num_threads(record.threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(frozen=True)
class Comparison:
    """The frames of a file against those of the one that was rendered again."""

    frames: int
    first: int | None  # frame that differs, from 0; None: all are identical
    mean: float = 0.0  # difference of bytes, over all frames
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
    """Frame by frame, as they are shown; raises VideoError where sizes or lengths differ."""
    frames, first, differing, squares, count = 0, None, 0.0, 0.0, 0
    with closing(read_frames(old)) as before, closing(read_frames(new)) as after:
        for one, other in zip_longest(before, after):
            if one is None or other is None or one.shape != other.shape:
                raise VideoError(f"{old}: has not the size or length of {new}")
            apart = np.abs(one.astype(np.int16) - other)
            if first is None and apart.any():
                first = frames
            differing += float(apart.sum(dtype=np.int64))
            squares += float(np.square(apart, dtype=np.int64).sum())
            frames, count = frames + 1, count + apart.size
    if first is None:
        return Comparison(frames, None)
    return Comparison(frames, first, differing / count, 10 * math.log10(255**2 * count / squares))


def counterpart(source: Source, files: Sequence[Path], out: Path) -> Path | None:
    """Which file of the new render is what the film was."""
    if source.film is None:
        return None
    name = FORWARD if source.full else source.record.output
    stills = sorted(out.glob("stills/*.png"))
    made = (path for path in (*files, *stills) if path.is_relative_to(out))
    return next((p for p in made if p.relative_to(out).with_suffix("").as_posix() == name), None)
