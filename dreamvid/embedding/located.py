"""The files that a record names, found again on this machine.

A record has names and digests. A stranger's may name anything: only what has the digest that
it tells is taken, and it is only ever read.
"""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from dreamvid.embedding.record import Record, file_name, with_paths
from dreamvid.errors import PresetError, quote
from dreamvid.job import digest


def located(
    record: Record, beside: Path, settings: Sequence[str] = (), *, full: bool = False
) -> dict[str, Any]:
    """The record's preset with the paths of its files, but of those that settings give.

    Args:
        beside: the folder of the file that the record is of; the current one is next.
        full: whether the record's paths are this machine's own, as run.json's are.

    Raises PresetError naming the option, the file and the cure.
    """
    given = [setting.partition("=")[0].strip() for setting in settings]

    def find(option: str, path: str) -> str:
        if any(re.match(rf"{re.escape(key)}(?![^.\[])", option) for key in given):
            return path
        places = [beside / file_name(path), Path(file_name(path))]
        return _found(option, record, [Path(path), *places] if full else places)

    return with_paths(record.preset, find)


def located_or_named(
    record: Record, beside: Path, *, full: bool, missing: Callable[[str], None]
) -> dict[str, Any]:
    """`located`, but what is not found stays a name, and `missing` is told it."""

    def find(option: str, path: str) -> str:
        name = file_name(path)
        places = [beside / name, Path(name)]
        try:
            return _found(option, record, [Path(path), *places] if full else places)
        except PresetError:
            missing(name)
            return f"./{name}"

    return with_paths(record.preset, find)


def _found(option: str, record: Record, places: Sequence[Path]) -> str:
    name, wanted = quote(places[-1].name), record.files.get(f"{option} sha256")
    key = option.partition("[")[0]
    if wanted is None:
        problem = f"the record names {name} but has no SHA-256 of it"
        raise PresetError(option, problem, f"--set {key}=PATH takes a file of yours")
    others = []
    for place in places:
        if os.path.isfile(place) or os.path.isdir(place):  # False, too, for what is no path
            if _digest(place, option) == wanted:
                return str(place.absolute())
            others.append(place)
    if others:
        problem = f"{others[0]} is not the file that this was made from (SHA-256 {wanted[:12]}...)"
        raise PresetError(option, problem, f"--set {key}={others[0]} takes it nevertheless")
    problem = f"{name}, which this was made from, is neither beside it nor in this folder"
    raise PresetError(option, problem, f"put it there, or --set {key}=PATH")


def _digest(place: Path, option: str) -> str:
    try:
        return digest(place)
    except OSError as error:
        raise PresetError(option, f"{place} cannot be read: {error.strerror or error}") from None
