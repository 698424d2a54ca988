"""The files that a record names, found again on this machine.

A record has names and digests. A stranger's may name anything: only what has the digest that
it tells is taken, and it is only ever read.

record -> preset, however it is spelled -> the same, resolved -> its files found -> all of them?
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

from dreamvid.errors import PresetError, quote
from dreamvid.film.job import digest, inputs
from dreamvid.preset.dream import is_name
from dreamvid.preset.load import check, lay_over
from dreamvid.preset.schema import Preset
from dreamvid.render.record.provenance import Record, file_name, with_paths


def located(
    record: Record, beside: Path, settings: Sequence[str] = (), *, full: bool = False
) -> Preset:
    """The record's preset under settings, its files found but for those that settings give.

    Args:
        beside: the folder of the file that the record is of; the current one is next.
        full: whether the record's paths are this machine's own, as run.json's are.

    Raises PresetError naming the option, the file and the cure.
    """
    found: dict[str, Path] = {}

    def find(option: str, path: str) -> str:
        if _is_given(option, settings):
            return path
        found[option] = _found(option, record, _places(path, beside, full=full))
        return str(found[option])

    preset = check(with_paths(_resolved(record, settings), find))
    _check_found(preset, found, settings)
    return preset


def located_or_named(
    record: Record, beside: Path, *, full: bool, missing: Callable[[str], None]
) -> Preset:
    """`located`, but what is not found stays a name, and `missing` is told it."""
    found: dict[str, Path] = {}

    def find(option: str, path: str) -> str:
        try:
            found[option] = _found(option, record, _places(path, beside, full=full))
            return str(found[option])
        except PresetError:
            name = file_name(path)
            missing(name)
            found[option] = Path(name)
            return f"./{name}"

    preset = check(with_paths(_resolved(record), find))
    _check_found(preset, found)
    return preset


def _resolved(record: Record, settings: Sequence[str] = ()) -> dict[str, Any]:
    """The preset with every option in one spelling, whatever the record's: no path is missed."""
    try:
        table = deepcopy(record.preset)
    except RecursionError:
        raise PresetError("preset", "the record's tables are nested too deep") from None
    preset = lay_over(table, settings)
    resolved = preset.model_dump(mode="json")
    direction = preset.dream.direction
    if isinstance(direction, Path) and is_name(str(direction)):
        resolved["dream"]["direction"] = f"./{direction}"  # else it would be taken for a shelf's
    return resolved


def _check_found(preset: Preset, found: Mapping[str, Path], settings: Sequence[str] = ()) -> None:
    """Raises PresetError where a file would be read that was neither found nor given."""
    for option, path in inputs(preset).items():
        if found.get(option) != path and not _is_given(option, settings):
            problem = f"{quote(str(path))} is not a file that was found by its SHA-256"
            raise PresetError(option, problem, _cure(option))


def _is_given(option: str, settings: Sequence[str]) -> bool:
    given = [setting.partition("=")[0].strip() for setting in settings]
    return any(re.match(rf"{re.escape(key)}(?![^.\[])", option) for key in given)


def _places(path: str, beside: Path, *, full: bool) -> list[Path]:
    """Where a file may be; the last one has its name alone."""
    places = [beside / file_name(path), Path(file_name(path))]
    return [Path(path), *places] if full else places


def _found(option: str, record: Record, places: Sequence[Path]) -> Path:
    name, wanted = quote(places[-1].name), record.files.get(f"{option} sha256")
    if wanted is None:
        problem = f"the record names {name} but has no SHA-256 of it"
        raise PresetError(option, problem, _cure(option))
    others = []
    for place in places:
        if os.path.isfile(place) or os.path.isdir(place):  # False, too, for what is no path
            if _digest(place, option) == wanted:
                return place.absolute()
            others.append(place)
    if others:
        problem = f"{others[0]} is not the file that this was made from (SHA-256 {wanted[:12]}...)"
        cure = f"--set {_key(option)}={others[0]} takes it nevertheless"
        raise PresetError(option, problem, cure)
    problem = f"{name}, which this was made from, is neither beside it nor in this folder"
    raise PresetError(option, problem, f"put it there, or --set {_key(option)}=PATH")


def _key(option: str) -> str:
    """What --set takes: a list of guides as a whole."""
    return option.partition("[")[0]


def _cure(option: str) -> str:
    return f"--set {_key(option)}=PATH takes a file of yours"


def _digest(place: Path, option: str) -> str:
    try:
        return digest(place)
    except OSError as error:
        raise PresetError(option, f"{place} cannot be read: {error.strerror or error}") from None
