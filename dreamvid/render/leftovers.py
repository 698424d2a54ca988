"""Working files of renders, batches and exports: recognise a folder of them and list its files.

A folder may hold a stranger's files beside ours: only files that we are known to write are listed.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from dreamvid.errors import ResumeError
from dreamvid.export.working_folder import MARK as EXPORT_MARK
from dreamvid.export.working_folder import files_in, own_files
from dreamvid.render.batch import queue, ticket
from dreamvid.render.work import page_files
from dreamvid.render.work.folder import CACHE, LOCK, OURS
from dreamvid.system.partial import original_name

Kind = Literal["render", "watch", "queue", "export"]

MARKS = (LOCK, queue.MARK, EXPORT_MARK)
"""Files by which a folder is recognised; they are removed last."""

QUEUE_FOLDERS = {*queue.STATES, "frames", "pictures"}

_PAGE = {page_files.FILM, page_files.POSTER, page_files.HTML, page_files.SCRIPT}

_EXPORT = re.compile(r"\..+\.[a-z0-9_]{8}")  # a name made by tempfile
_RANDOM = re.compile(r"(?=.*[a-z]).*[0-9_].*")  # neither a word nor a date
_TICKET = re.compile(r"[\w.=+~-]+\.json")


def kind_of(path: Path) -> Kind | None:
    """Recognise a folder by its name and contents; None for a folder that is not ours."""
    with suppress(OSError):
        names = {entry.name for entry in os.scandir(path)}
        if path.name == ".render" and any(map(_is_render_file, names)):
            return "render"
        if path.name == page_files.FOLDER and {page_files.HTML, page_files.SCRIPT} <= names:
            return "watch"
        if path.name == ".queue" and (queue.MARK in names or _is_old_queue(path, names)):
            return "queue"
        if _EXPORT.fullmatch(path.name) and (EXPORT_MARK in names or _is_old_export(path)):
            return "export"
    return None


def _is_old_queue(path: Path, names: set[str]) -> bool:
    """Recognise a queue without a mark, of an old version: it holds tickets and no other files."""
    files = (file for state in queue.STATES for file in files_in(path / state))
    return names <= QUEUE_FOLDERS and any(map(_job_name, files))


def _is_old_export(path: Path) -> bool:
    """Recognise an export without a mark, of an old version: a random name, and only our files."""
    if not _RANDOM.fullmatch(path.name[-8:]):
        return False
    files = {file for file in path.rglob("*") if file.is_symlink() or not file.is_dir()}
    return bool(files) and files == set(own_files(path))


def _is_render_file(name: str) -> bool:
    return name == LOCK or (OURS.fullmatch(name) or CACHE.fullmatch(name)) is not None


def _is_page_file(name: str) -> bool:
    return (original_name(name) or name) in _PAGE


def _is_partial_ticket(name: str) -> bool:
    return _TICKET.fullmatch(original_name(name) or "") is not None


def files_of(path: Path, kind: Kind) -> Iterator[Path]:
    """List the files in a folder that we have written."""
    if kind == "queue":
        yield from _queue_files(path)
    elif kind == "export":
        yield from own_files(path)
    else:
        is_ours = _is_render_file if kind == "render" else _is_page_file
        files = (entry for entry in sorted(path.iterdir()) if is_ours(entry.name))
        yield from (file for file in files if file.is_symlink() or not file.is_dir())


def _queue_files(path: Path) -> Iterator[Path]:
    files = [file for state in queue.STATES for file in files_in(path / state)]
    jobs = {file: _job_name(file) for file in files}
    names = set(jobs.values())
    # Frame counts and pictures come before the tickets, by whose names they are recognised.
    yield from (file for file in files_in(path / "frames") if file.name in names)
    yield from (file for file in files_in(path / "pictures") if file.stem in names)
    yield from (file for file in files if jobs[file] or _is_partial_ticket(file.name))
    yield from (file for file in files_in(path) if file.name in (queue.MARK, queue.PAUSED))


def _job_name(file: Path) -> str | None:
    """Read the name of a ticket's job; None for a file that is not a ticket."""
    with suppress(ResumeError):
        job = ticket.read(file) if file.suffix == ".json" else None
        return job.name if job else None
    return None
