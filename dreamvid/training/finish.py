"""The last step of a run: the trained weights written as a model, installed, and dreamed."""

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.models.networks.city import City, assembled, write_city
from dreamvid.models.weights.install import install
from dreamvid.training.batches import Sample, chunks
from dreamvid.training.fit import Task
from dreamvid.training.head import as_city
from dreamvid.training.sample_dreams import write_sheet
from dreamvid.training.session import FEW_A_STEP, Session
from dreamvid.training.state import State

DREAMED = 2  # words in a sample dream
MOST_OUTPUTS = 2000  # photos, at most, to take the mean output over


def finish(
    session: Session, task: Task, state: State, out: Path, about: dict[str, Any]
) -> tuple[Path, ...]:
    """Write the best weights as a model, install it, and dream it; returns the files."""
    with torch.no_grad():
        for name, leaf in task.head.weights.items():
            leaf.copy_(state.best[name])
    path = out / f"{session.request.name}.safetensors"
    write_city(_city(session, task, about), path)
    install(path, session.request.name)
    if session.request.dreams:
        dream_samples(session, task, state.position.step, out)
    return path, out / "log.csv"


def dream_samples(session: Session, task: Task, step: int, out: Path) -> None:
    """Write dreams/NNNNNN.png: the most used words, dreamed by the network as it is now."""
    words = [word for word, _ in session.dataset.most_used(DREAMED)]
    city = _city(session, task, {})
    features = assembled(session.request.name, city, session.base.network, session.device)
    title = f"{session.request.name} after {step} steps"
    write_sheet(features, words, title, out / "dreams" / f"{step:06d}.png")


def _city(session: Session, task: Task, about: dict[str, Any]) -> City:
    return as_city(
        task.head,
        session.base,
        session.dataset.space,
        mean_output=_mean_output(task),
        mean_caption=session.dataset.mean,
        about=about,
    )


def _mean_output(task: Task) -> Float[Tensor, " dimensions"]:
    """Average the outputs over one view of each training photo, or of some thousands of them."""
    stride = max(1, task.train // MOST_OUTPUTS)
    samples = (Sample(photo, 1) for photo in range(0, task.train, stride))
    total, count = torch.zeros(task.head.dimensions, device=task.device), 0
    with torch.no_grad():
        for batch in task.source(chunks(samples, FEW_A_STEP)):
            total += task.head.embed(batch.activations).sum(0)
            count += len(batch.rows)
    return total / max(1, count)
