"""Jobs of a jobs file: every combination of its lists, each checked as a preset."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, PresetError, quote
from dreamvid.preset.load import anchor_paths, check, load_preset
from dreamvid.preset.schema import Preset
from dreamvid.preset.sites import find
from dreamvid.render.batch.names import distinct, job_name
from dreamvid.render.batch.schema import (
    JobsFile,
    OneJob,
    check_count,
    prefixed,
    read_jobs_file,
    toml,
)


@dataclass(frozen=True)
class Job:
    """A film of a batch."""

    name: str  # of the job and of its folder
    preset: Preset

    @property
    def table(self) -> dict[str, Any]:
        """The settings that were given, as JSON with absolute paths, for `preset.load.check`."""
        return self.preset.model_dump(mode="json", exclude_unset=True)


@dataclass(frozen=True)
class Batch:
    """The jobs of a jobs file."""

    jobs: tuple[Job, ...]
    out: Path | None  # the file's own output folder


def load_jobs(path: Path, on_progress: Callable[[float], None] = lambda share: None) -> Batch:
    """Read a jobs file and check its jobs; raises PresetError naming the first wrong one.

    `on_progress` is called with the share of the jobs checked.
    """
    file, folder = read_jobs_file(path), path.resolve().parent
    requests = [*_combinations(file, folder), *(_single(one, file, folder) for one in file.job)]
    check_count(len(requests))
    if not requests:
        raise PresetError(str(path), "has no jobs", 'give presets = ["quickstart"], or a [[job]]')
    names = distinct([one.name for one in requests], [str(one.settings) for one in requests])
    jobs = []
    for name, one in zip(names, requests, strict=True):
        jobs.append(Job(name, _preset(one, name, folder)))
        on_progress(len(jobs) / len(names))
    return Batch(tuple(jobs), folder / file.out if file.out else None)


@dataclass(frozen=True)
class _Request:
    name: str
    preset: str
    settings: tuple[str, ...]  # KEY=VALUE
    targets: tuple[str, ...]


def _combinations(file: JobsFile, folder: Path) -> Iterator[_Request]:
    inputs = _inputs(file.inputs, folder)
    axes = file.presets, file.seeds or (None,), inputs or (None,), file.changes or ((),)
    if not file.presets:
        for name in ("seeds", "inputs", "changes"):
            if getattr(file, name):
                option = "settings" if name == "changes" else name
                raise PresetError(option, "has no effect without presets", "name some")
    check_count(*map(len, axes))
    for preset, seed, source, changes in product(*axes):
        settings = (*changes, *file.settings(), *_own_settings(seed, source))
        yield _Request(job_name(preset, seed, source, changes), preset, settings, file.targets)


def _single(one: OneJob, file: JobsFile, folder: Path) -> _Request:
    sources = _inputs((one.input,), folder) if one.input else (None,)
    if len(sources) != 1:
        raise PresetError("job.input", f"{quote(one.input)} is {len(sources)} files", "name one")
    own = _own_settings(one.seed, sources[0])
    settings = (*file.settings(), *one.changes, *one.settings(), *own)
    name = one.name or job_name(one.preset, one.seed, sources[0], one.changes)
    return _Request(name, one.preset, settings, one.targets or file.targets)


def _own_settings(seed: int | None, source: Path | None) -> list[str]:
    settings = [f"seed={seed}"] if seed is not None else []
    return [*settings, f"start.path={toml(str(source))}"] if source else settings


def _preset(request: _Request, name: str, folder: Path) -> Preset:
    """Load and check a job's preset, with paths relative to the jobs file's folder."""
    try:
        chosen = request.preset
        if chosen.endswith(".toml"):
            chosen = str(folder / Path(chosen).expanduser())
        settings = list(request.settings)
        for target in request.targets:
            find(target, "for")
        if request.targets:
            settings.append(f"outputs.targets={toml(request.targets)}")
        preset = load_preset(chosen, settings)
        if request.targets:
            from dreamvid.render.targets import shape_settings

            preset = load_preset(chosen, [*settings, *shape_settings(preset, settings)])
        table = preset.model_dump(mode="json", exclude_unset=True)
        anchor_paths(table, folder)
        return check(table)
    except DreamvidError as error:
        raise prefixed(error, f"job {name}") from None


def _inputs(patterns: tuple[str, ...], folder: Path) -> tuple[Path, ...]:
    """List the files that paths or patterns match, each once; raises PresetError."""
    files: dict[Path, None] = {}
    for pattern in patterns:
        matching = list(_matching(pattern, folder))
        if not matching:
            raise PresetError("inputs", f"{quote(pattern)}: there is no such file")
        files |= dict.fromkeys(matching)
    return tuple(files)


def _matching(pattern: str, folder: Path) -> Iterator[Path]:
    path = folder / Path(pattern).expanduser()
    if path.is_file():
        yield path
    elif set(path.name) & set("*?["):
        yield from sorted(one for one in path.parent.glob(path.name) if one.is_file())
