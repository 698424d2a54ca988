"""The training loop: batches of features in, weights changed in place, progress out as values.

It never prints, and knows nothing of files: the caller passes in the features' source and what
saves the state.
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
from dreamvid.training.batches import chunks, generator, training_samples, validation_samples
from dreamvid.training.frozen_features import FeatureBatch, FeatureSource
from dreamvid.training.head import TrainableHead
from dreamvid.training.losses import ALIKE, Loss, Vectors
from dreamvid.training.state import State

TOGETHER = 2000  # photos, at most, in one evaluation of the validation loss

Targets = Callable[[Sequence[int]], Float[Tensor, "photos dimensions"]]
"""Looks up the caption vectors of photos by their numbers."""


@dataclass(frozen=True)
class Task:
    """Everything that the loop needs, beside the state it changes."""

    head: TrainableHead
    source: FeatureSource
    targets: Targets
    loss: Loss
    train: int  # photos, numbered from 0
    validation: int  # photos, numbered after those
    views: int  # of each photo, numbered from 1; 0: a new one in each epoch
    epochs: int
    rate: float  # initial; it falls to 0 along half a cosine
    patience: int  # epochs without improvement; 0: any number, the last weights are kept
    seed: int
    device: torch.device


@dataclass(frozen=True)
class StepDone:
    """Progress after a step."""

    step: int
    epoch: int  # the current one, from 1
    photos: int  # in this step
    done: int  # photos so far; each counts once an epoch
    total: int  # photos of all epochs
    loss: float
    rate: float
    seconds: float  # spent so far, in all runs


@dataclass(frozen=True)
class EpochDone:
    """Progress after an epoch, with mean losses of its photos."""

    step: int
    epoch: int
    epochs: int
    loss: float
    validation_loss: float | None  # None: too few photos are kept apart for it
    best: bool  # of the epochs so far
    seconds: float


@dataclass(frozen=True)
class BatchHalved:
    """Notice that memory ran out, and that from here on a step has fewer photos."""

    batch: int


@dataclass(frozen=True)
class NoValidation:
    """Notice at the beginning that too few photos are kept apart, so all epochs will be done."""


Progress = StepDone | EpochDone | BatchHalved | NoValidation


def fit(
    task: Task,
    state: State,
    *,
    on_progress: Callable[[Progress], None],
    save: Callable[[], None],
    stop: Callable[[], bool],
) -> bool:
    """Train until the epochs or the patience are used up; False if stopped before.

    Args:
        save: called after each step and epoch; may save the state.
        stop: called after each step.

    Raises PresetError if the loss is not finite any more.
    """
    validation = list(range(task.train, task.train + task.validation))
    if not is_over(task, state) and not (validation and _differ(task, task.targets(validation))):
        on_progress(NoValidation())
    while not is_over(task, state):
        position = state.position
        while position.done < task.train:
            try:
                for step_done in _steps(task, state):
                    on_progress(step_done)
                    save()
                    if stop():
                        return False
            except (RuntimeError, MemoryError) as error:
                if position.batch == 1 or not ran_out(error):
                    raise
                position.batch //= 2
                on_progress(BatchHalved(position.batch))
        on_progress(_end_epoch(task, state))
        save()
    return True


def is_over(task: Task, state: State) -> bool:
    position = state.position
    waited = position.epoch - position.best_epoch
    return position.epoch == task.epochs or 0 < task.patience <= waited


def _steps(task: Task, state: State) -> Iterator[StepDone]:
    """Take the remaining steps of an epoch."""
    position = state.position
    samples = training_samples(
        task.train, task.views, seed=task.seed, epoch=position.epoch, first=position.done
    )
    begun = time.monotonic() - position.seconds
    for batch in task.source(chunks(samples, position.batch)):
        rate = _set_rate(task, state)
        loss = _step(task, state, batch) if batch.rows else 0.0
        position.step += 1
        position.done += len(batch.samples)
        position.total += loss * len(batch.rows)
        position.seen += len(batch.rows)
        position.seconds = time.monotonic() - begun
        yield StepDone(
            position.step,
            position.epoch + 1,
            len(batch.samples),
            position.epoch * task.train + position.done,
            task.epochs * task.train,
            loss,
            rate,
            position.seconds,
        )


def _step(task: Task, state: State, batch: FeatureBatch) -> float:
    """Update the weights by one batch; returns its loss before that."""
    state.optimiser.zero_grad()
    rng = generator("left out", task.seed, state.position.step)
    loss = task.loss.measure(*_outputs(task, batch, rng))
    loss.backward()
    value = float(loss.detach())
    if not isfinite(value):
        problem = f"{task.rate:g} is too much: the loss is no number any more"
        raise PresetError("--rate", problem, f"such as {task.rate / 10:g}, and --fresh")
    state.optimiser.step()
    return value


def _end_epoch(task: Task, state: State) -> EpochDone:
    """Take the validation loss, and remember the weights if it is the least so far."""
    position = state.position
    validation_loss = _validation_loss(task, position.batch)
    loss = position.total / max(1, position.seen)
    position.epoch += 1
    position.done, position.seen, position.total = 0, 0, 0.0
    position.history.append((loss, validation_loss))
    best = validation_loss is None or position.best is None or validation_loss <= position.best
    if best:
        position.best = validation_loss
    if best or not task.patience:
        position.best_epoch = position.epoch
        state.best = {name: leaf.detach().clone() for name, leaf in state.weights.items()}
    return EpochDone(
        position.step, position.epoch, task.epochs, loss, validation_loss, best, position.seconds
    )


def _validation_loss(task: Task, batch_size: int) -> float | None:
    """Take the loss of all validation photos together; None if too few can be read."""
    samples = chunks(validation_samples(task.train, task.validation), batch_size)
    with torch.no_grad():
        results = [_outputs(task, batch, None) for batch in task.source(samples) if batch.rows]
        if not results:
            return None
        outputs, captions = (torch.cat(parts) for parts in zip(*results, strict=True))
        if not _differ(task, captions):
            return None
        # In equal parts if there are thousands: a loss compares each photo with each caption.
        parts = -(-len(outputs) // TOGETHER)
        pairs = zip(outputs.chunk(parts), captions.chunk(parts), strict=True)
        return sum(float(task.loss.measure(*pair)) * len(pair[0]) for pair in pairs) / len(outputs)


def _differ(task: Task, captions: Vectors) -> bool:
    """Tell if some captions differ from the first: else a loss cannot tell photos apart."""
    units = F.normalize(captions, dim=1)
    same = ALIKE if task.loss.centred else 1 - 1e-6  # before centring all of them may be alike
    return bool((units @ units[0] < same).any())


def _outputs(
    task: Task, batch: FeatureBatch, rng: torch.Generator | None
) -> tuple[Vectors, Vectors]:
    """Compute the outputs for a batch, and look up its captions."""
    activations = batch.activations.contiguous(memory_format=torch.channels_last)
    with _autocast(task.device):
        outputs = task.head.embed(activations, rng)
    captions = task.targets([batch.samples[row].photo for row in batch.rows]).to(task.device)
    return outputs.float(), captions


def _autocast(device: torch.device) -> AbstractContextManager:
    """Use bfloat16 where it is fast; its range is single precision's, so nothing is scaled."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


def _set_rate(task: Task, state: State) -> float:
    """Anneal the learning rate along half a cosine, from the initial one to 0."""
    position = state.position
    share = (position.epoch + position.done / task.train) / task.epochs
    rate = task.rate * (1 + cos(pi * share)) / 2
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["times"]
    return rate
