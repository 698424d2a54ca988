"""What can be known to be wrong before a job is begun."""

from collections.abc import Sequence
from typing import Any

from dreamvid.batch.jobs import Job, named
from dreamvid.errors import DreamvidError, ModelError, PresetError
from dreamvid.job import inputs
from dreamvid.models import store
from dreamvid.resolve import with_video


def check_jobs(jobs: Sequence[Job]) -> None:
    """Raises PresetError, ModelError or VideoError naming the first job that cannot begin."""
    for job in jobs:
        try:
            if store.find(job.preset.model) is None:
                raise ModelError(store.missing(job.preset.model))
            for option, path in inputs(job.preset).items():
                if not path.exists():
                    raise PresetError(option, f"there is no {path}")
            with_video(job.preset)
        except DreamvidError as error:
            raise named(error, job.name) from None


def described(job: Job) -> dict[str, Any]:
    """A line of what is to be done."""
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
