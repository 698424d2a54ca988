"""Search for the input files named by a record on this machine.

A record has names and digests. An untrusted one may name anything: only a file with the recorded
digest is accepted, and it is only ever read.

record -> preset in any spelling -> resolved preset -> files found by digest -> check that all were
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from dreamvid.errors import PresetError, quote
from dreamvid.film.inputs import digest, inputs
from dreamvid.media.images.sequence import find_frames, is_pattern
from dreamvid.preset.load import check, lay_over
from dreamvid.preset.schema import Preset
from dreamvid.render.record.provenance import Record, file_name, with_paths


def locate(
    record: Record,
    beside: Path,
    settings: Sequence[str] = (),
    *,
    places: Mapping[str, str] | None = None,
    missing: Callable[[str], None] | None = None,
) -> Preset:
    """Resolve the record's preset under settings and find its files, except those set.

    Args:
        beside: folder of the file with the record, searched before the current one.
        places: paths on this machine by option, searched first.
        missing: called with the name of each file not found, which the preset keeps.

    Raises PresetError naming the option, the file and the cure.
    """
    files: dict[str, Path] = {}

    def find(option: str, path: str) -> str:
        if _is_set(option, settings):
            return path
        try:
            files[option] = _find(
                option, record, _candidates(path, beside, (places or {}).get(option))
            )
        except PresetError:
            if missing is None:
                raise
            name = file_name(path)
            missing(name)
            files[option] = Path(name)
            return f"./{name}"
        return str(files[option])

    preset = check(with_paths(_resolved(record, settings), find))
    _check_files(preset, files, settings)
    return preset


def _resolved(record: Record, settings: Sequence[str]) -> dict[str, Any]:
    """Dump the preset with every option in one spelling, so that no path is missed."""
    try:
        table = deepcopy(record.preset)
    except RecursionError:
        raise PresetError("preset", "the record's tables are nested too deep") from None
    return lay_over(table, settings).model_dump(mode="json")


def _check_files(preset: Preset, files: Mapping[str, Path], settings: Sequence[str]) -> None:
    """Raise PresetError where a file would be read that was neither found nor set."""
    for option, path in inputs(preset).items():
        if files.get(option) != path and not _is_set(option, settings):
            problem = f"{quote(str(path))} is not a file that was found by its SHA-256"
            raise PresetError(option, problem, _cure(option))


def _is_set(option: str, settings: Sequence[str]) -> bool:
    keys = [setting.partition("=")[0].strip() for setting in settings]
    return any(re.match(rf"{re.escape(key)}(?![^.\[])", option) for key in keys)


def _candidates(path: str, beside: Path, place: str | None) -> list[Path]:
    """Paths that a file may be at; the last one is its bare name."""
    candidates = [beside / file_name(path), Path(file_name(path))]
    return [Path(place), *candidates] if place else candidates


def _find(option: str, record: Record, candidates: Sequence[Path]) -> Path:
    """Find the file with the recorded digest; raises PresetError."""
    name, sha256 = quote(candidates[-1].name), record.files.get(f"{option} sha256")
    if sha256 is None:
        problem = f"the record names {name} but has no SHA-256 of it"
        raise PresetError(option, problem, _cure(option))
    others = []
    for path in candidates:
        # Unlike pathlib's, no error for bad names.
        if os.path.isfile(path) or os.path.isdir(path) or _is_sequence(path):
            if _digest(path, option) == sha256:
                return path.absolute()
            others.append(path)
    if others:
        problem = f"{others[0]} is not the file that this was made from (SHA-256 {sha256[:12]}...)"
        cure = f"--set {_key(option)}={others[0]} takes it nevertheless"
        raise PresetError(option, problem, cure)
    problem = f"{name}, which this was made from, is neither beside it nor in this folder"
    raise PresetError(option, problem, f"put it there, or --set {_key(option)}=PATH")


def _key(option: str) -> str:
    """The key that --set takes: a list of guides can only be set as a whole."""
    return option.partition("[")[0]


def _cure(option: str) -> str:
    return f"--set {_key(option)}=PATH takes a file of yours"


def _is_sequence(path: Path) -> bool:
    return is_pattern(path) and os.path.isdir(path.parent) and bool(find_frames(path))


def _digest(path: Path, option: str) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise PresetError(option, f"{path} cannot be read: {error.strerror or error}") from None
