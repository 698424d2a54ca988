"""Checks of a batch's jobs before any of them begins."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, ModelError, PresetError
from dreamvid.film.job import inputs
from dreamvid.film.resolve import with_video
from dreamvid.media.images.reading import check_image
from dreamvid.models.weights import store
from dreamvid.render.batch.jobs import Job
from dreamvid.render.batch.schema import prefixed
from dreamvid.render.work.poster import make_chooser


def check_jobs(jobs: Sequence[Job]) -> None:
    """Raise PresetError, ModelError or VideoError naming the first job that cannot begin."""
    checked: set[Path] = set()  # images, which many jobs may share
    for job in jobs:
        try:
            if store.find(job.preset.model) is None:
                raise ModelError(store.missing(job.preset.model))
            for option, path in inputs(job.preset).items():
                if not path.exists():
                    raise PresetError(option, f"there is no {path}")
                if _is_picture(job, option) and path not in checked:
                    check_image(path, option=option)
                    checked.add(path)
            make_chooser(with_video(job.preset))
        except DreamvidError as error:
            raise prefixed(error, f"job {job.name}") from None


def _is_picture(job: Job, option: str) -> bool:
    return option.startswith("colour.like") or (
        option == "start.path" and not job.preset.of_footage
    )


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
