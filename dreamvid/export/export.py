"""One film in, one file out, as a site takes it: start reading here.

part, rate and length -> size and shape -> the best quality whose file is small enough
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from dreamvid.errors import OutputError, VideoError
from dreamvid.export.budget import search
from dreamvid.export.formats import FORMATS, NUMBERED
from dreamvid.export.job import Order, format_for, order
from dreamvid.export.plans import Plan
from dreamvid.export.request import Wishes
from dreamvid.export.sample import sampled
from dreamvid.export.shape import Frame, framed
from dreamvid.export.timing import at_rate
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Target, in_words
from dreamvid.system.files import check_writable, whole_file

Note = Callable[[str], None]

MARK = "dreamvid-export"
"""A file in every folder that an export works in: what was killed is known by it."""

WORKS = ("best", "sample", "whole")
"""What it writes there, each with its film's ending."""


@dataclass(frozen=True)
class Exported:
    path: Path  # a file, or a folder of pictures
    changes: tuple[str, ...]  # what is not as in the film, a line each
    bytes: int


def export(
    pictures: Pictures,
    out: Path,
    *,
    target: Target | None = None,
    wishes: Wishes | None = None,
    finish: Callable[[Path], None] = lambda path: None,
    note: Note = lambda line: None,
) -> Exported:
    """Write pictures in the format of `out`'s ending, within all that the target asks for.

    Where bytes are limited a few seconds of it are encoded to come near, and then a few whole
    files. It appears whole or not at all; a folder only where there is none.

    Args:
        finish: done to a file before its bytes are counted, such as to embed a record.
        note: told what is tried, a line each.

    Raises:
        PresetError: something is asked for that the format or the target does not have.
        VideoError: an encoder failed, or no file small enough can be made.
        OutputError: `out` cannot be written.
    """
    out = place_of(out, target)
    asked = order(pictures, out, target, wishes or Wishes())
    with _folder_beside(out) as folder:
        work = _Work(asked, folder, out.suffix.lower(), finish, note)
        try:
            plan = search(asked.steps, asked.reachable, work.estimate, work.write)
        except VideoError as error:
            raise VideoError(f"{out}: {error}") from None
        size = work.place(out)
    given_up = plan.changes(asked.wanted, asked.measure)
    if given_up and asked.limit is not None:
        given_up += f" to stay under {in_words(asked.limit)}"
    return Exported(out, (*asked.changes, *filter(None, [given_up])), size)


def place_of(out: Path, target: Target | None = None) -> Path:
    """Where what is asked for will lie, checked before any work: FOLDER/%06d.png is FOLDER.

    Raises PresetError for an ending that is no format or not the target's, OutputError
    where nothing can be written, or something else is already.
    """
    folder = FORMATS[format_for(out, target)].folder
    out = out.parent if out.name == NUMBERED else out
    if not folder:
        check_writable(out)
    elif out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise OutputError(f"{out}: exists already; give the name of a new folder")
    return out


class _Work:
    """Encodes plans, parts or wholes, into a folder of its own, and keeps the best that fits."""

    def __init__(
        self,
        asked: Order,
        folder: Path,
        suffix: str,
        finish: Callable[[Path], None],
        note: Note,
    ) -> None:
        self._asked = asked
        self._finish = finish
        self._folder = folder
        self._suffix = suffix
        self._note = note
        self._sample: Pictures | None = None
        self._best = folder / f"best{suffix}"

    def estimate(self, plan: Plan) -> float:
        """About the bytes of the whole film, from a part of it."""
        film = self._asked.film
        if self._sample is None:
            self._sample = sampled(film)
        path = self._folder / f"sample{self._suffix}"
        size = self._encode(self._sample, plan, path)
        _remove(path)
        return size * film.count / self._sample.count + plan.sound / 8 * float(film.seconds)

    def write(self, plan: Plan) -> int:
        path = self._folder / f"whole{self._suffix}"
        self._encode(self._asked.film, plan, path)
        self._finish(path)
        size, limit = _bytes(path), self._asked.limit
        if limit is None or size <= limit:
            _remove(self._best)
            path.rename(self._best)
        else:
            _remove(path)
        if limit is not None:
            of = f"{in_words(size)} of {in_words(limit)}"
            self._note(f"{plan.summary(self._asked.measure)}: {of}")
        return size

    def place(self, out: Path) -> int:
        """The best file to where it belongs; its bytes."""
        size = _bytes(self._best)
        if self._asked.form.folder:
            try:
                self._best.rename(out)
            except OSError as error:
                raise OutputError(f"{out}: cannot be written: {error.strerror}") from None
            return size
        with whole_file(out) as partial:
            self._best.replace(partial)
        return size

    def _encode(self, film: Pictures, plan: Plan, path: Path) -> int:
        frame = Frame(film.size, plan.size, self._asked.frame.padded)
        self._asked.form.write(framed(at_rate(film, plan.fps), frame), path, plan)
        return _bytes(path)


@contextmanager
def _folder_beside(out: Path) -> Iterator[Path]:
    """On the same disk, so that what is finished there need only be renamed."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        opened = TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from None
    with opened as folder:
        try:
            Path(folder, MARK).touch()
        except OSError as error:
            raise OutputError(f"{out}: cannot be written: {error.strerror}") from None
        yield Path(folder)


def _remove(path: Path) -> None:
    if path.is_dir():
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
