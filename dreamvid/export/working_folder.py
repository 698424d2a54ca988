"""Hidden folder beside an output, in which an export or a reversal works.

A killed command leaves its folder. MARK in it names the process, by which the next command with
the same output, and `clean`, know that nobody is using it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dreamvid.system.files import folder_beside, refused
from dreamvid.system.partial import original_name
from dreamvid.system.process import process_named, this_process

MARK = "dreamvid-export"

WORKS = ("best", "sample", "whole", "silent")
"""Stems of the files written there; each has its film's suffix."""

_RANDOM = re.compile(r"[a-z0-9_]{8}")  # end of a name made by tempfile
_NUMBERED = re.compile(r"\d{6,}\.png")


@contextmanager
def working_folder(out: Path) -> Iterator[Path]:
    """Make a folder for the block, on the disk of `out`; raises OutputError.

    Those that killed commands with the same output have left are removed.
    """
    for folder in _beside(out):
        if is_killed(folder):
            _remove(folder)
    with folder_beside(out) as folder:
        try:
            (folder / MARK).write_text(str(this_process()), "ascii")
        except OSError as error:
            raise refused(out, error, begun=False) from None
        yield folder


def is_killed(folder: Path) -> bool:
    """Test whether the process that made a working folder is certainly dead."""
    with suppress(OSError, ValueError):
        with (folder / MARK).open("rb") as file:
            process = process_named(file.read(300).decode("ascii"))
        return process is not None and process.gone
    return False


def own_files(folder: Path) -> Iterator[Path]:
    """List the files in a working folder that we have written; the mark comes last."""
    suffix = Path(folder.name[1:-9]).suffix.lower()  # of the exported film
    films = {f"{work}{suffix}" for work in WORKS}
    for inner in sorted(films):
        yield from (file for file in files_in(folder / inner) if _NUMBERED.fullmatch(file.name))
    files = files_in(folder)
    yield from (file for file in files if (original_name(file.name) or file.name) in films)
    yield from (file for file in files if file.name == MARK)


def _remove(folder: Path) -> None:
    """Remove our files, and the folder if nothing else is in it; what cannot be removed stays."""
    with suppress(OSError):
        for file in list(own_files(folder)):
            file.unlink()
        for inner in (path for path in folder.iterdir() if path.stem in WORKS and path.is_dir()):
            with suppress(OSError):  # a stranger's file is in it
                inner.rmdir()
        folder.rmdir()


def _beside(out: Path) -> list[Path]:
    """List the working folders of an output."""
    try:
        return [
            path
            for path in out.parent.iterdir()
            if path.name.startswith(f".{out.name}.")
            and _RANDOM.fullmatch(path.name[len(out.name) + 2 :])
            and path.is_dir()
            and not path.is_symlink()
        ]
    except OSError:
        return []


def files_in(folder: Path) -> list[Path]:
    """List the regular files in a folder; none through a link."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return [file for file in sorted(folder.iterdir()) if file.is_file() and not file.is_symlink()]
