"""The loop on a network of a few hundred weights, with made-up features of the frozen layers."""

from dataclasses import replace
from functools import partial
from math import cos, pi

import pytest
import torch
import torch.nn.functional as F

from dreamvid.errors import PresetError, ResumeError
from dreamvid.training import fit as loop
from dreamvid.training.batches import Sample
from dreamvid.training.fit import BatchHalved, EpochDone, NoValidation, StepDone, Task, fit
from dreamvid.training.frozen_features import FeatureBatch
from dreamvid.training.head import make_head
from dreamvid.training.losses import LOSSES
from dreamvid.training.state import Position, State, restore, save
from tests.support.tiny_network import CPU, tiny_base

TRAIN, VALIDATION, DIMENSIONS = 24, 6, 5


def activation(sample):
    rng = torch.Generator().manual_seed(sample.photo * 31 + sample.view)
    own = torch.rand(12, 1, 1, generator=torch.Generator().manual_seed(sample.photo))
    return 4 * own + 0.1 * torch.rand(12, 4, 4, generator=rng)


def source(batches, broken=()):
    for samples in batches:
        rows = [row for row, sample in enumerate(samples) if sample.photo not in broken]
        features = [activation(samples[row]) for row in rows]
        yield FeatureBatch(samples, rows, torch.stack([torch.zeros(12, 4, 4), *features])[1:])


def targets(numbers):
    rng = torch.Generator().manual_seed(1)
    return torch.randn(TRAIN + VALIDATION, DIMENSIONS, generator=rng)[list(numbers)]


def begin(**changes):
    task = Task(
        head=make_head(tiny_base(), torch.zeros(1, 12, 4, 4), DIMENSIONS, seed=0),
        source=source,
        targets=targets,
        loss=LOSSES["contrastive"],
        train=TRAIN,
        validation=VALIDATION,
        views=2,
        epochs=4,
        rate=0.01,
        patience=99,
        seed=0,
        device=CPU,
    )
    task = replace(task, **changes)
    weights = task.head.weights
    return task, State(Position(batch=7), weights, task.loss.make_optimiser(weights))


def run(task, state, *, stop=lambda: False, save=lambda: None):
    reports = []
    finished = fit(task, state, on_progress=reports.append, save=save, stop=stop)
    return finished, reports


def test_fit_sees_each_photo_once_an_epoch_and_the_loss_falls():
    task, state = begin(epochs=40)
    finished, reports = run(task, state)
    steps = [each for each in reports if isinstance(each, StepDone)]
    epochs = [each for each in reports if isinstance(each, EpochDone)]
    assert finished
    assert [each.photos for each in steps[:4]] == [7, 7, 7, 3]
    assert (steps[-1].step, steps[-1].done, steps[-1].total) == (160, 960, 960)
    assert epochs[-1].loss < 0.7 * epochs[0].loss
    assert state.position.history == [(each.loss, each.validation_loss) for each in epochs]


def test_rate_falls_along_half_a_cosine():
    _, reports = run(*begin(epochs=2))
    rates = [each.rate for each in reports if isinstance(each, StepDone)]
    done = [0, 7, 14, 21, 24, 31, 38, 45]
    assert rates == pytest.approx([0.005 * (1 + cos(pi * n / 48)) for n in done])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("stop_after", [1, 5, 12])
def test_resume_is_exact(tmp_path, loss, stop_after):
    changes = {"loss": LOSSES[loss]}
    task, state = begin(**changes)
    run(task, state)

    first, begun = begin(**changes)
    left = iter(range(1, 99))
    finished, _ = run(first, begun, stop=lambda: next(left) == stop_after)
    assert not finished
    assert begun.position.step == stop_after
    save(begun, tmp_path / "state.safetensors")

    again, resumed = begin(**changes)
    restore(resumed, tmp_path / "state.safetensors")
    run(again, resumed)
    assert resumed.position.history == state.position.history
    assert resumed.best.keys() == state.best.keys() == task.head.weights.keys()
    for name in state.best:
        assert torch.equal(resumed.best[name], state.best[name])
        assert torch.equal(resumed.weights[name], state.weights[name])


def test_seed_changes_the_run():
    (task, state), (other, different) = begin(), begin(seed=1)
    run(task, state)
    run(other, different)
    assert not torch.equal(state.weights["late.weight"], different.weights["late.weight"])


def test_resume_refuses_a_damaged_state(tmp_path):
    path = tmp_path / "state.safetensors"
    save(begin()[1], path)
    whole = path.read_bytes()
    places = [len(whole) - back for back in (1, 200, 3000)]
    flipped = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    for damaged in (whole[:-100], *flipped):
        path.write_bytes(damaged)
        with pytest.raises(ResumeError, match=r"damaged .*; --fresh starts over"):
            restore(begin()[1], path)
    path.write_bytes(whole)
    restore(begin()[1], path)


@pytest.mark.parametrize(("patience", "epochs", "kept_epoch"), [(2, 4, 2), (0, 5, 5)])
def test_patience_ends_the_run_and_the_best_or_the_last_is_kept(
    patience, epochs, kept_epoch, monkeypatch
):
    """The validation losses are made up: the second is the least, and two more are waited for."""
    losses = iter([3.0, 1.0, 2.0, 1.5, 4.0])
    kept = []

    def validation_loss(task, batch_size):
        kept.append(state.weights["late.weight"].detach().clone())
        return next(losses)

    monkeypatch.setattr(loop, "_validation_loss", validation_loss)
    task, state = begin(epochs=5, patience=patience)
    finished, reports = run(task, state)
    assert finished
    assert [each.best for each in reports if isinstance(each, EpochDone)] == (
        [True, True, False, False, False][:epochs]
    )
    assert state.position.best_epoch == kept_epoch
    assert torch.equal(state.best["late.weight"], kept[kept_epoch - 1])


def test_out_of_memory_halves_the_batch_and_goes_on():
    sizes = []

    def small(batches):
        for batch in source(batches):
            sizes.append(len(batch.samples))
            if len(batch.samples) > 3:
                raise torch.OutOfMemoryError("out of memory")
            yield batch

    task, state = begin(source=small, epochs=1)
    finished, reports = run(task, state)
    assert finished
    assert [each.batch for each in reports if isinstance(each, BatchHalved)] == [3]
    assert sizes == [7, *[3] * 8, 3, 3]  # the last two are for validation
    assert sum(each.photos for each in reports if isinstance(each, StepDone)) == TRAIN


def test_errors_other_than_memory_are_raised():
    def broken(batches):
        raise RuntimeError("shapes do not match")
        yield

    with pytest.raises(RuntimeError, match="shapes"):
        run(*begin(source=broken))


def test_loss_that_is_not_finite_names_the_rate():
    task, state = begin(targets=lambda numbers: torch.full((len(numbers), 5), float("inf")))
    with pytest.raises(PresetError, match=r"^--rate: 0.01 is too much") as caught:
        run(task, state)
    assert caught.value.exit_code == 2


def test_broken_photos_do_not_count():
    broken = (0, 5, 25)
    task, state = begin(source=partial(source, broken=broken), epochs=1)
    finished, reports = run(task, state)
    epoch = next(each for each in reports if isinstance(each, EpochDone))
    assert finished
    assert 0 < epoch.loss < 2
    assert sum(each.photos for each in reports if isinstance(each, StepDone)) == TRAIN


def test_validation_without_photos_keeps_the_last_weights():
    task, state = begin(source=partial(source, broken=range(TRAIN, 99)), epochs=3)
    run(task, state)
    assert state.position.best_epoch == 3
    assert torch.equal(state.best["late.weight"], state.weights["late.weight"])
    assert all(stopping is None for _, stopping in state.position.history)


@pytest.mark.parametrize("batch", [1, 4, 7])
def test_validation_loss_is_of_all_photos_together(batch):
    """The hinge, written out: a batch of one has no other caption to be nearer to."""
    task, state = begin(epochs=1)
    state.position.batch = batch
    _, reports = run(task, state)
    samples = [Sample(number, 0) for number in range(TRAIN, TRAIN + VALIDATION)]
    outputs = (
        task.head.embed(torch.stack([activation(sample) for sample in samples])).detach().double()
    )
    captions = targets([sample.photo for sample in samples]).double()
    near = lambda one, other: float(F.cosine_similarity(one, other, dim=0))
    hinges = [
        max(0.0, 0.4 - near(outputs[i], captions[i]) + near(outputs[i], captions[j]))
        for i in range(VALIDATION)
        for j in range(VALIDATION)
        if near(captions[i], captions[j]) < 0.9
    ]
    epoch = next(each for each in reports if isinstance(each, EpochDone))
    assert epoch.validation_loss == pytest.approx(sum(hinges) / len(hinges), rel=1e-4)


@pytest.mark.parametrize("changes", [{"validation": 1}, {"validation": 0}, {"validation": 3}])
def test_validation_with_too_few_photos_is_reported_once(tmp_path, changes):
    same = lambda numbers: targets([min(number, TRAIN) for number in numbers])
    task, state = begin(epochs=3, patience=1, targets=same, **changes)
    _, reports = run(task, state)
    assert [isinstance(each, NoValidation) for each in reports].index(True) == 0
    assert sum(isinstance(each, NoValidation) for each in reports) == 1
    assert [each.validation_loss for each in reports if isinstance(each, EpochDone)] == [None] * 3
    assert state.position.best_epoch == 3
    save(state, tmp_path / "state.safetensors")
    _, resumed = begin(epochs=3, **changes)
    restore(resumed, tmp_path / "state.safetensors")
    assert torch.equal(resumed.best["late.weight"], state.weights["late.weight"])
