"""The loop on a network of a few hundred weights, with what its frozen part sees made up."""

from dataclasses import replace
from functools import partial
from math import cos, pi

import pytest
import torch
import torch.nn.functional as F

from dreamvid.errors import PresetError, ResumeError
from dreamvid.training import fit as loop
from dreamvid.training.batches import Look
from dreamvid.training.fit import Halved, Judged, Stepped, Task, Unjudged, fit
from dreamvid.training.frozen_features import Seen
from dreamvid.training.head import make_top
from dreamvid.training.losses import LOSSES
from dreamvid.training.state import Position, State, restore, save
from tests.support.tiny_network import CPU, tiny_base

LEARNING, STOPPING, DIMENSIONS = 24, 6, 5


def activation(look):
    rng = torch.Generator().manual_seed(look.photo * 31 + look.view)
    own = torch.rand(12, 1, 1, generator=torch.Generator().manual_seed(look.photo))
    return 4 * own + 0.1 * torch.rand(12, 4, 4, generator=rng)


def source(batches, broken=()):
    for looks in batches:
        rows = [row for row, look in enumerate(looks) if look.photo not in broken]
        found = [activation(looks[row]) for row in rows]
        yield Seen(looks, rows, torch.stack([torch.zeros(12, 4, 4), *found])[1:])


def targets(numbers):
    rng = torch.Generator().manual_seed(1)
    return torch.randn(LEARNING + STOPPING, DIMENSIONS, generator=rng)[list(numbers)]


def begin(**changes):
    task = Task(
        top=make_top(tiny_base(), torch.zeros(1, 12, 4, 4), DIMENSIONS, seed=0),
        source=source,
        targets=targets,
        loss=LOSSES["contrastive"],
        learning=LEARNING,
        stopping=STOPPING,
        views=2,
        epochs=4,
        rate=0.01,
        patience=99,
        seed=0,
        device=CPU,
    )
    task = replace(task, **changes)
    weights = task.top.weights
    return task, State(Position(batch=7), weights, task.loss.make_optimiser(weights))


def run(task, state, *, stop=lambda: False, keep=lambda: None):
    told = []
    finished = fit(task, state, on_progress=told.append, keep=keep, stop=stop)
    return finished, told


def test_every_photo_is_seen_once_an_epoch_and_the_loss_falls():
    task, state = begin(epochs=40)
    finished, told = run(task, state)
    steps = [each for each in told if isinstance(each, Stepped)]
    judged = [each for each in told if isinstance(each, Judged)]
    assert finished
    assert [each.photos for each in steps[:4]] == [7, 7, 7, 3]
    assert (steps[-1].step, steps[-1].done, steps[-1].total) == (160, 960, 960)
    assert judged[-1].learning < 0.7 * judged[0].learning
    assert state.position.history == [(each.learning, each.stopping) for each in judged]


def test_the_rate_falls_along_half_a_cosine():
    _, told = run(*begin(epochs=2))
    rates = [each.rate for each in told if isinstance(each, Stepped)]
    done = [0, 7, 14, 21, 24, 31, 38, 45]
    assert rates == pytest.approx([0.005 * (1 + cos(pi * n / 48)) for n in done])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("stop_after", [1, 5, 12])
def test_a_run_that_stops_and_goes_on_ends_with_the_same_bits(tmp_path, loss, stop_after):
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
    assert resumed.best.keys() == state.best.keys() == task.top.weights.keys()
    for name in state.best:
        assert torch.equal(resumed.best[name], state.best[name])
        assert torch.equal(resumed.weights[name], state.weights[name])


def test_another_seed_is_another_run():
    (task, state), (other, different) = begin(), begin(seed=1)
    run(task, state)
    run(other, different)
    assert not torch.equal(state.weights["late.weight"], different.weights["late.weight"])


def test_a_damaged_state_is_refused(tmp_path):
    path = tmp_path / "state.safetensors"
    save(begin()[1], path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ResumeError, match=r"damaged .*; --fresh starts over"):
        restore(begin()[1], path)


def test_it_ends_when_patience_does_and_keeps_the_best(monkeypatch):
    """The judged losses are made up: the second is the least, and two more are waited for."""
    losses = iter([3.0, 1.0, 2.0, 1.5, 0.1])
    kept = []

    def judged(task, batch):
        kept.append(state.weights["late.weight"].detach().clone())
        return next(losses)

    monkeypatch.setattr(loop, "_stopping_loss", judged)
    task, state = begin(epochs=9, patience=2)
    finished, told = run(task, state)
    assert finished
    assert [each.best for each in told if isinstance(each, Judged)] == [True, True, False, False]
    assert state.position.best_epoch == 2
    assert torch.equal(state.best["late.weight"], kept[1])


def test_out_of_memory_halves_the_batch_and_goes_on():
    asked = []

    def small(batches):
        for seen in source(batches):
            asked.append(len(seen.looks))
            if len(seen.looks) > 3:
                raise torch.OutOfMemoryError("out of memory")
            yield seen

    task, state = begin(source=small, epochs=1)
    finished, told = run(task, state)
    assert finished
    assert [each.batch for each in told if isinstance(each, Halved)] == [3]
    assert asked == [7, *[3] * 8, 3, 3]  # the last two judge
    assert sum(each.photos for each in told if isinstance(each, Stepped)) == LEARNING


def test_other_errors_are_not_taken_for_memory():
    def broken(batches):
        raise RuntimeError("shapes do not match")
        yield

    with pytest.raises(RuntimeError, match="shapes"):
        run(*begin(source=broken))


def test_a_loss_that_is_no_number_names_the_rate():
    task, state = begin(targets=lambda numbers: torch.full((len(numbers), 5), float("inf")))
    with pytest.raises(PresetError, match=r"^--rate: 0.01 is too much") as caught:
        run(task, state)
    assert caught.value.exit_code == 2


def test_photos_that_cannot_be_read_count_for_nothing():
    broken = (0, 5, 25)
    task, state = begin(source=partial(source, broken=broken), epochs=1)
    finished, told = run(task, state)
    judged = next(each for each in told if isinstance(each, Judged))
    assert finished
    assert 0 < judged.learning < 2
    assert sum(each.photos for each in told if isinstance(each, Stepped)) == LEARNING


def test_with_no_photo_left_to_judge_by_the_last_weights_are_kept():
    task, state = begin(source=partial(source, broken=range(LEARNING, 99)), epochs=3)
    run(task, state)
    assert state.position.best_epoch == 3
    assert torch.equal(state.best["late.weight"], state.weights["late.weight"])
    assert all(stopping is None for _, stopping in state.position.history)


@pytest.mark.parametrize("batch", [1, 4, 7])
def test_the_stopping_loss_is_of_all_photos_together(batch):
    """The hinge, written out: a batch of one has no other caption to be nearer to."""
    task, state = begin(epochs=1)
    state.position.batch = batch
    _, told = run(task, state)
    looks = [Look(number, 0) for number in range(LEARNING, LEARNING + STOPPING)]
    outputs = task.top.embed(torch.stack([activation(look) for look in looks])).detach().double()
    captions = targets([look.photo for look in looks]).double()
    near = lambda one, other: float(F.cosine_similarity(one, other, dim=0))
    hinges = [
        max(0.0, 0.4 - near(outputs[i], captions[i]) + near(outputs[i], captions[j]))
        for i in range(STOPPING)
        for j in range(STOPPING)
        if near(captions[i], captions[j]) < 0.9
    ]
    judged = next(each for each in told if isinstance(each, Judged))
    assert judged.stopping == pytest.approx(sum(hinges) / len(hinges), rel=1e-4)


@pytest.mark.parametrize("changes", [{"stopping": 1}, {"stopping": 0}, {"stopping": 3}])
def test_too_few_stopping_photos_are_said_once_and_all_epochs_are_done(tmp_path, changes):
    same = lambda numbers: targets([min(number, LEARNING) for number in numbers])
    task, state = begin(epochs=3, patience=1, targets=same, **changes)
    _, told = run(task, state)
    assert [isinstance(each, Unjudged) for each in told].index(True) == 0
    assert sum(isinstance(each, Unjudged) for each in told) == 1
    assert [each.stopping for each in told if isinstance(each, Judged)] == [None] * 3
    assert state.position.best_epoch == 3
    save(state, tmp_path / "state.safetensors")
    _, resumed = begin(epochs=3, **changes)
    restore(resumed, tmp_path / "state.safetensors")
    assert torch.equal(resumed.best["late.weight"], state.weights["late.weight"])
