"""The jobs that a jobs file means: every combination of what it names, each checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, PresetError, quote
from dreamvid.preset.load import anchor_paths, check, load_preset
from dreamvid.preset.schema import Preset
from dreamvid.render.batch.names import distinct, job_name
from dreamvid.render.batch.schema import (
    JobsFile,
    OneJob,
    check_count,
    read_jobs_file,
    toml,
)


@dataclass(frozen=True)
class Job:
    """One film of a batch."""

    name: str  # and that of its folder
    preset: Preset

    @property
    def table(self) -> dict[str, Any]:
        """What was asked for and no more, as JSON, with whole paths: `preset.check` reads it."""
        return self.preset.model_dump(mode="json", exclude_unset=True)


@dataclass(frozen=True)
class Batch:
    jobs: tuple[Job, ...]
    out: Path | None  # as the file names it


def load_jobs(path: Path) -> Batch:
    """Read a jobs file; every job is checked as a preset is.

    Raises PresetError naming the first job that is wrong, and its option.
    """
    file, folder = read_jobs_file(path), path.resolve().parent
    asked = [*_combined(file, folder), *(_given(one, file, folder) for one in file.job)]
    if not asked:
        raise PresetError(str(path), "has no jobs", 'give presets = ["quickstart"], or a [[job]]')
    names = distinct([one.name for one in asked], [str(one.setting_texts) for one in asked])
    jobs = tuple(
        Job(name, _preset(one, name, folder)) for name, one in zip(names, asked, strict=True)
    )
    return Batch(jobs, folder / file.out if file.out else None)


@dataclass(frozen=True)
class _Asked:
    name: str
    preset: str
    setting_texts: tuple[str, ...]
    targets: tuple[str, ...]


def _combined(file: JobsFile, folder: Path) -> Iterator[_Asked]:
    inputs = _inputs(file.inputs, folder)
    axes = file.presets, file.seeds or (None,), inputs or (None,), file.changes or ((),)
    if not file.presets:
        for name in ("seeds", "inputs", "changes"):
            if getattr(file, name):
                option = "settings" if name == "changes" else name
                raise PresetError(option, "has no effect without presets", "name some")
    check_count(*map(len, axes))
    for preset, seed, source, changes in product(*axes):
        texts = (*changes, *file.settings(), *_own(seed, source))
        yield _Asked(job_name(preset, seed, source, changes), preset, texts, file.targets)


def _given(one: OneJob, file: JobsFile, folder: Path) -> _Asked:
    sources = _inputs((one.input,), folder) if one.input else (None,)
    if len(sources) != 1:
        raise PresetError("job.input", f"{quote(one.input)} is {len(sources)} files", "name one")
    texts = (*file.settings(), *one.changes, *one.settings(), *_own(one.seed, sources[0]))
    name = one.name or job_name(one.preset, one.seed, sources[0], one.changes)
    return _Asked(name, one.preset, texts, one.targets or file.targets)


def _own(seed: int | None, source: Path | None) -> list[str]:
    texts = [f"seed={seed}"] if seed is not None else []
    return [*texts, f"start.path={toml(str(source))}"] if source else texts


def _preset(asked: _Asked, name: str, folder: Path) -> Preset:
    """Paths in the jobs file are taken from its folder, as those in a preset are."""
    try:
        chosen = asked.preset
        if chosen.endswith(".toml"):
            chosen = str(folder / Path(chosen).expanduser())
        texts = _with_targets(asked)
        preset = load_preset(chosen, texts)
        if asked.targets:
            from dreamvid.render.targets import shape_settings

            preset = load_preset(chosen, [*texts, *shape_settings(preset, texts)])
        table = preset.model_dump(mode="json", exclude_unset=True)
        anchor_paths(table, folder)
        return check(table)
    except DreamvidError as error:
        raise named(error, name) from None


def _with_targets(asked: _Asked) -> list[str]:
    texts = list(asked.setting_texts)
    if asked.targets:
        from dreamvid.preset.sites import find

        for target in asked.targets:
            find(target, "for")
        texts.append(f"outputs.targets={toml(list(asked.targets))}")
    return texts


def _inputs(patterns: tuple[str, ...], folder: Path) -> tuple[Path, ...]:
    """The files that are meant, whole paths, each once; raises PresetError."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        matching = list(_matching(pattern, folder))
        if not matching:
            raise PresetError("inputs", f"{quote(pattern)}: there is no such file")
        found |= dict.fromkeys(matching)
    return tuple(found)


def _matching(pattern: str, folder: Path) -> Iterator[Path]:
    path = folder / Path(pattern).expanduser()
    if path.is_file():
        yield path
    elif set(path.name) & set("*?["):
        yield from sorted(one for one in path.parent.glob(path.name) if one.is_file())


def named(error: DreamvidError, name: str) -> DreamvidError:
    """The same error, of a job."""
    error.args = (f"job {name}: {error}",)
    return error
