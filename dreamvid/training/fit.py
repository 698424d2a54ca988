"""The training loop: looks at photos in, weights changed in place, progress out as values.

It never prints, and knows nothing of files: sources and what keeps the state are passed in.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import cos, isfinite, pi

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.system.memory import ran_out
from dreamvid.training.batches import chunks, generator, learning_looks, middle_looks
from dreamvid.training.frozen_features import Seen, Source
from dreamvid.training.head import Top
from dreamvid.training.losses import ALIKE, Batch, Loss
from dreamvid.training.state import State

TOGETHER = 2000  # photos, at most, whose stopping loss is taken at once

Targets = Callable[[Sequence[int]], Float[Tensor, "photos dimensions"]]
"""The caption vectors of photos, by their numbers."""


@dataclass(frozen=True)
class Task:
    """What is learned from what, and for how long."""

    top: Top
    source: Source
    targets: Targets
    loss: Loss
    learning: int  # photos, numbered from 0
    stopping: int  # photos, numbered after those
    views: int  # of each, numbered from 1; 0: a new one each time
    epochs: int
    rate: float  # at the beginning; it falls to 0 along half a cosine
    patience: int  # epochs without a better one
    seed: int
    device: torch.device


@dataclass(frozen=True)
class Stepped:
    """After each step."""

    step: int
    epoch: int  # under way, from 1
    photos: int  # looked at in this step
    done: int  # photos looked at so far; each counts once an epoch
    total: int  # of all epochs
    loss: float
    rate: float
    seconds: float  # spent so far, in all runs


@dataclass(frozen=True)
class Judged:
    """After each epoch: the mean losses of the photos."""

    step: int
    epoch: int
    epochs: int
    learning: float
    stopping: float | None  # None: too few photos are kept apart for it
    best: bool  # of the epochs so far
    seconds: float


@dataclass(frozen=True)
class Halved:
    """Memory ran out; from here on a step has fewer photos."""

    batch: int


@dataclass(frozen=True)
class Unjudged:
    """At the beginning: too few photos tell when to stop, so that all epochs will be done."""


Progress = Stepped | Judged | Halved | Unjudged


def fit(
    task: Task,
    state: State,
    *,
    on_progress: Callable[[Progress], None],
    keep: Callable[[], None],
    stop: Callable[[], bool],
) -> bool:
    """Learn until the epochs or the patience are over; False if stopped before.

    Args:
        keep: called after each step, and may keep the state.
        stop: asked after each step.

    Raises PresetError where the loss is no number any more.
    """
    judged = list(range(task.learning, task.learning + task.stopping))
    if not is_over(task, state) and not (judged and _differ(task, task.targets(judged))):
        on_progress(Unjudged())
    while not is_over(task, state):
        position = state.position
        while position.done < task.learning:
            try:
                for stepped in _steps(task, state):
                    on_progress(stepped)
                    keep()
                    if stop():
                        return False
            except (RuntimeError, MemoryError) as error:
                if position.batch == 1 or not ran_out(error):
                    raise
                position.batch //= 2
                on_progress(Halved(position.batch))
        on_progress(_judge(task, state))
        keep()
    return True


def is_over(task: Task, state: State) -> bool:
    position = state.position
    waited = position.epoch - position.best_epoch
    return position.epoch == task.epochs or waited >= task.patience


def _steps(task: Task, state: State) -> Iterator[Stepped]:
    """The steps of the rest of an epoch."""
    position = state.position
    looks = learning_looks(
        task.learning, task.views, seed=task.seed, epoch=position.epoch, first=position.done
    )
    begun = time.monotonic() - position.seconds
    for seen in task.source(chunks(looks, position.batch)):
        rate = _set_rate(task, state)
        loss = _step(task, state, seen) if seen.rows else 0.0
        position.step += 1
        position.done += len(seen.looks)
        position.total += loss * len(seen.rows)
        position.seen += len(seen.rows)
        position.seconds = time.monotonic() - begun
        yield Stepped(
            position.step,
            position.epoch + 1,
            len(seen.looks),
            position.epoch * task.learning + position.done,
            task.epochs * task.learning,
            loss,
            rate,
            position.seconds,
        )


def _step(task: Task, state: State, seen: Seen) -> float:
    """Change the weights by one batch; its loss before that."""
    state.optimiser.zero_grad()
    loss = _loss(task, seen, generator("left out", task.seed, state.position.step))
    loss.backward()
    value = float(loss.detach())
    if not isfinite(value):
        problem = f"{task.rate:g} is too much: the loss is no number any more"
        raise PresetError("--rate", problem, f"such as {task.rate / 10:g}, and --fresh")
    state.optimiser.step()
    return value


def _judge(task: Task, state: State) -> Judged:
    """End an epoch: the photos that tell when to stop, and whether they never were so near."""
    position = state.position
    stopping = _stopping_loss(task, position.batch)
    learning = position.total / max(1, position.seen)
    position.epoch += 1
    position.done, position.seen, position.total = 0, 0, 0.0
    position.history.append((learning, stopping))
    best = stopping is None or position.best is None or stopping <= position.best
    if best:
        position.best, position.best_epoch = stopping, position.epoch
        state.best = {name: leaf.detach().clone() for name, leaf in state.weights.items()}
    return Judged(
        position.step,
        position.epoch,
        task.epochs,
        learning,
        stopping,
        best,
        position.seconds,
    )


def _stopping_loss(task: Task, batch: int) -> float | None:
    """Of the photos that tell when to stop, all together; None where too few can be read."""
    looks = middle_looks(task.learning, task.stopping)
    with torch.no_grad():
        found = [_pair(task, s, None) for s in task.source(chunks(looks, batch)) if s.rows]
        if not found:
            return None
        outputs, captions = (torch.cat(parts) for parts in zip(*found, strict=True))
        if not _differ(task, captions):
            return None
        # Of thousands in equal parts: a loss holds each photo against each caption.
        parts = -(-len(outputs) // TOGETHER)
        pairs = zip(outputs.chunk(parts), captions.chunk(parts), strict=True)
        return sum(float(task.loss.measure(*pair)) * len(pair[0]) for pair in pairs) / len(outputs)


def _differ(task: Task, captions: Batch) -> bool:
    """Whether some say another thing than the first: else a loss does not tell photos apart."""
    units = F.normalize(captions, dim=1)
    same = ALIKE if task.loss.centred else 1 - 1e-6  # all captions as they are may be alike
    return bool((units @ units[0] < same).any())


def _loss(task: Task, seen: Seen, rng: torch.Generator) -> Float[Tensor, ""]:
    return task.loss.measure(*_pair(task, seen, rng))


def _pair(task: Task, seen: Seen, rng: torch.Generator | None) -> tuple[Batch, Batch]:
    """The outputs for photos, and their captions."""
    activations = seen.activations.contiguous(memory_format=torch.channels_last)
    with _half(task.device):
        outputs = task.top.embed(activations, rng)
    captions = task.targets([seen.looks[row].photo for row in seen.rows]).to(task.device)
    return outputs.float(), captions


def _half(device: torch.device) -> AbstractContextManager:
    """Half precision where it is fast; bfloat16 has single precision's range: nothing to scale."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


def _set_rate(task: Task, state: State) -> float:
    """Half a cosine, from the rate asked for down to 0."""
    position = state.position
    share = (position.epoch + position.done / task.learning) / task.epochs
    rate = task.rate * (1 + cos(pi * share)) / 2
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["times"]
    return rate
