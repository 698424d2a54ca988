"""From what was learned to a model: written, installed, and what it dreams."""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.models.networks.city import City, assembled, write_city
from dreamvid.models.weights.install import install
from dreamvid.training.batches import Look, chunks
from dreamvid.training.fit import Task
from dreamvid.training.head import as_city
from dreamvid.training.samples import write_sample
from dreamvid.training.session import FEW_A_STEP, Session
from dreamvid.training.state import State

DREAMED = 2  # words in a sample dream
JUDGED = 2000  # photos, at most, that the mean output is taken over


def finish(
    session: Session, task: Task, state: State, out: Path, about: dict[str, Any]
) -> tuple[Path, ...]:
    """The best weights as a model, installed, and what it dreams; the files."""
    with torch.no_grad():
        for name, leaf in task.top.weights.items():
            leaf.copy_(state.best[name])
    path = out / f"{session.wanted.name}.safetensors"
    write_city(_city(session, task, about), path)
    install(path, session.wanted.name)
    if session.wanted.dreams:
        sample(session, task, state.position.step, out)
    return path, out / "log.csv"


def _city(session: Session, task: Task, about: dict[str, Any]) -> City:
    lesson = session.lesson
    return as_city(
        task.top,
        session.base,
        lesson.space,
        mean_output=_mean_output(task),
        mean_caption=lesson.mean,
        about=about,
    )


def _mean_output(task: Task) -> Float[Tensor, " dimensions"]:
    """Over one view of each of the photos learned from, or of some thousands of them."""
    every = max(1, task.learning // JUDGED)
    looks = (Look(photo, 1) for photo in range(0, task.learning, every))
    total, count = torch.zeros(task.top.dimensions, device=task.device), 0
    with torch.no_grad():
        for seen in task.source(chunks(looks, FEW_A_STEP)):
            total += task.top.embed(seen.activations).sum(0)
            count += len(seen.rows)
    return total / max(1, count)


def sample(session: Session, task: Task, step: int, out: Path) -> None:
    """dreams/NNNNNN.png: what the network, as it is, dreams of the most used words."""
    words = [word for word, _ in session.lesson.most_used(DREAMED)]
    city = _city(session, task, {})
    features = assembled(session.wanted.name, city, session.base.network, session.device)
    title = f"{session.wanted.name} after {step} steps"
    write_sample(features, words, title, out / "dreams" / f"{step:06d}.png")
