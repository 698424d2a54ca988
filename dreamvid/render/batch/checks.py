"""Checks of a batch's jobs before any of them begins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, ModelError, PresetError
from dreamvid.film.inputs import inputs
from dreamvid.film.resolve import with_video
from dreamvid.media.images.reading import check_image
from dreamvid.models.weights import store
from dreamvid.preset.schema import Preset
from dreamvid.render.batch.jobs import Job
from dreamvid.render.batch.schema import prefixed
from dreamvid.render.work.poster import make_chooser


def check_jobs(jobs: Sequence[Job]) -> None:
    """Raise PresetError, ModelError or VideoError naming the first job that cannot begin."""
    checked: set[Path] = set()
    for job in jobs:
        try:
            check_preset(job.preset, checked)
        except DreamvidError as error:
            raise prefixed(error, f"job {job.name}") from None


def check_preset(preset: Preset, checked: set[Path]) -> Preset:
    """Check that a film can begin; returns its preset with rate and length explicit.

    `checked` are images that need no other look; those of the preset are added. Raises PresetError,
    ModelError or VideoError.
    """
    if store.find(preset.model) is None:
        raise ModelError(store.missing(preset.model))
    for option, path in inputs(preset).items():
        if not path.exists():
            raise PresetError(option, f"there is no {path}")
        if _is_picture(preset, option) and path not in checked:
            check_image(path, option=option)
            checked.add(path)
    whole = with_video(preset)
    make_chooser(whole)
    return whole


def _is_picture(preset: Preset, option: str) -> bool:
    return option.startswith("colour.like") or (option == "start.path" and not preset.of_footage)


def describe(job: Job) -> dict[str, Any]:
    """Summarise a job for the list of a dry run."""
    preset = with_video(job.preset)
    size = "x".join(map(str, preset.start.size)) if preset.start.size else "as its file"
    return {
        "job": job.name,
        "title": preset.title,
        "model": preset.model,
        "seed": preset.seed,
        "size": size,
        "frames": preset.video.count,
    }
