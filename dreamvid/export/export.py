"""The export of one film to one file as a site takes it: start reading here.

trim, rate and length -> size and shape -> the best quality whose file is small enough
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import rmtree

from dreamvid.errors import OutputError, VideoError
from dreamvid.export.budget import search
from dreamvid.export.formats import FORMATS, NUMBERED, format_for
from dreamvid.export.job import ExportJob, plan_export
from dreamvid.export.plans import Plan
from dreamvid.export.request import ExportRequest
from dreamvid.export.sample import sample_frames
from dreamvid.export.shape import Framing, reframe
from dreamvid.export.timing import at_rate
from dreamvid.export.working_folder import working_folder
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Target, in_words
from dreamvid.system.files import check_writable, refused, whole_file

Note = Callable[[str], None]


@dataclass(frozen=True)
class Exported:
    """The result of an export."""

    path: Path  # a file, or a folder of images
    changes: tuple[str, ...]  # differences from the film, a line each
    bytes: int


def export(
    film: Pictures,
    out: Path,
    *,
    target: Target | None = None,
    request: ExportRequest | None = None,
    finish: Callable[[Path], None] = lambda path: None,
    note: Note = lambda line: None,
) -> Exported:
    """Write a film in the format of `out`'s suffix, within the limits of the target.

    Under a byte limit a few seconds are encoded to estimate the file size, then a few whole files.
    The output appears whole or not at all; a folder only where none is.

    Args:
        finish: called on a file before its bytes are counted, such as to embed a record.
        note: called with a line for each attempt.

    Raises:
        PresetError: the request does not suit the format or the target.
        VideoError: an encoder failed, or no file is small enough.
        OutputError: `out` cannot be written.
    """
    out = check_output(out, target)
    job = plan_export(film, out, target, request or ExportRequest())
    with working_folder(out) as folder:
        work = _Work(job, folder, out.suffix.lower(), finish, note)
        try:
            plan = search(job.steps, job.effective_limit, work.estimate, work.write)
        except VideoError as error:
            raise VideoError(f"{out}: {error}") from None
        size = work.move_best(out)
    concessions = plan.changes(job.best, job.scale)
    if concessions and job.limit is not None:
        concessions += f" to stay under {in_words(job.limit)}"
    return Exported(out, (*job.changes, *filter(None, [concessions])), size)


def check_output(out: Path, target: Target | None = None) -> Path:
    """Check an output path before any work and normalise it: FOLDER/%06d.png is FOLDER.

    Raises PresetError for a suffix of no format or not the target's, OutputError where nothing
    can be written or a folder is in the way.
    """
    folder = FORMATS[format_for(out, target)].folder
    out = out.parent if out.name == NUMBERED else out
    if not folder:
        check_writable(out)
    elif out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise OutputError(f"{out}: exists already; give the name of a new folder")
    return out


@dataclass
class _Work:
    """Encodes plans, samples or whole films, in a folder of its own; keeps the best that fits."""

    job: ExportJob
    folder: Path
    suffix: str
    finish: Callable[[Path], None]
    note: Note

    @cached_property
    def sample(self) -> Pictures:
        return sample_frames(self.job.film)

    @property
    def best(self) -> Path:
        return self.folder / f"best{self.suffix}"

    def estimate(self, plan: Plan) -> float:
        """Estimate the bytes of the whole film from a sample."""
        film, path = self.job.film, self.folder / f"sample{self.suffix}"
        size = self._encode(self.sample, plan, path)
        _remove(path)
        return size * film.count / self.sample.count + plan.sound / 8 * float(film.seconds)

    def write(self, plan: Plan) -> int:
        """Encode and finish the whole film, and keep it if it fits; returns its bytes."""
        path = self.folder / f"whole{self.suffix}"
        self._encode(self.job.film, plan, path)
        self.finish(path)
        size, limit = _bytes(path), self.job.limit
        if limit is None or size <= limit:
            _remove(self.best)
            path.rename(self.best)
        else:
            _remove(path)
        if limit is not None:
            sizes = f"{in_words(size)} of {in_words(limit)}"
            self.note(f"{plan.summary(self.job.scale)}: {sizes}")
        return size

    def move_best(self, out: Path) -> int:
        """Move the best file to `out`; returns its bytes."""
        size = _bytes(self.best)
        if self.job.form.folder:
            try:
                self.best.rename(out)
            except OSError as error:
                raise refused(out, error, begun=False) from None
            return size
        with whole_file(out) as partial:
            self.best.replace(partial)
        return size

    def _encode(self, film: Pictures, plan: Plan, path: Path) -> int:
        framing = Framing(film.size, plan.size, self.job.framing.padded)
        self.job.form.write(reframe(at_rate(film, plan.fps), framing), path, plan)
        return _bytes(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)
