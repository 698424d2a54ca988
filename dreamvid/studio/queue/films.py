"""Films: the finished renders of a folder, for the gallery."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

from dreamvid.errors import PresetError, ResumeError, quote
from dreamvid.render.record.finished_render import RUN, read_run

MAIN = ("forward", "reverse", "loop", "poster")
REPORT = "report.html"

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of a film's files, which a stranger may have made: no script is run.

A report has inline styles and the film.
"""

PLAYED = (".mp4", ".webm")
"""Suffixes of the films that browsers play."""

_ODD = (TypeError, ValueError, AttributeError, LookupError)

Film = dict[str, Any]


class Films:
    """Finished films, read from their run.json."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], Film | None]] = {}

    def list(self) -> list[Film]:
        """List the films, newest first.

        Each has its `job`, the name of its folder, `title`, `files` by kind, further `exports`,
        `bytes` of the forward film, `frames`, `fps`, `seconds`, `size` as "256x144", `seed`,
        `loop`, `model`, `finished` in UTC and `render_seconds`.
        """
        films = [film for job in self._jobs() if (film := self._film(job))]
        return sorted(films, key=lambda film: (film["finished"], film["job"]), reverse=True)

    def find(self, job: str) -> Film:
        """Find a film by its job; raises PresetError."""
        film = self._film(job) if job in self._jobs() else None
        if film is None:
            raise PresetError("job", f"there is no finished film {quote(job)}")
        return film

    def folder(self, job: str) -> Path:
        """Path of a listed film's folder; raises PresetError."""
        return self._folder / self.find(job)["job"]

    def file(self, job: str, name: str) -> Path | None:
        """Path of a file of a listed film; None for anything else."""
        try:
            film = self.find(job)
        except PresetError:
            return None
        named = name in film["files"].values() or name in film["exports"]
        return self._folder / job / name if named else None

    def _jobs(self) -> set[str]:
        with suppress(OSError):
            return {path.name for path in self._folder.iterdir() if path.name[0] != "."}
        return set()

    def _film(self, job: str) -> Film | None:
        """Read a film, again only where its run.json has changed."""
        path = self._folder / job / RUN
        try:
            stat = path.stat()
        except OSError:  # it is not finished
            return None
        stamp = stat.st_mtime_ns, stat.st_size
        if self._read.get(job, ((), None))[0] != stamp:
            try:
                film = _describe(job, path.parent, read_run(path))
            except (ResumeError, OSError, ArithmeticError, *_ODD):
                film = None  # damaged, or a stranger's file of this name
            self._read[job] = stamp, film
        return self._read[job][1]


def _describe(job: str, folder: Path, run: dict[str, Any]) -> Film | None:
    files = {path.stem: path for path in _files(folder, run["outputs"])}
    if "forward" not in files:
        return None
    preset, frames = run["preset"], int(run["frames"])
    video = preset["video"]
    top, _, bottom = str(video["fps"] or 24).partition("/")
    fps = float(top) / float(bottom or 1)
    exports = [path.name for stem, path in files.items() if stem not in MAIN]
    seconds, took = frames / fps, float(run["render_seconds"])
    if not (isfinite(seconds) and isfinite(took)):  # which is no JSON
        raise ValueError("seconds")
    return {
        "job": job,
        "title": str(preset.get("title") or job)[:200],
        "files": {kind: files[kind].name for kind in MAIN if kind in files}
        | dict.fromkeys(["report"] if any(_files(folder, [REPORT])) else [], REPORT),
        "exports": exports,
        "bytes": files["forward"].stat().st_size,
        "frames": frames,
        "fps": fps,
        "seconds": seconds,
        "size": str(preset["start"]["size"]),
        "seed": int(preset["seed"]),
        "loop": str(preset["loop"]["kind"]),
        "model": str(preset["model"]),
        "plays": files["forward"].suffix in PLAYED,
        "finished": str(run["finished"]),
        "render_seconds": took,
    }


def _files(folder: Path, names: Iterable[str]) -> Iterator[Path]:
    """Yield the files that are there, none of them through a link out of the folder."""
    home = folder.resolve()
    for name in names:
        path = folder / name
        if Path(name).name == name and path.is_file() and path.resolve().parent == home:
            yield path
