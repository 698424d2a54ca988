"""Each objective against NumPy in double precision, position by position."""

import numpy as np
import pytest
import torch

from dreamvid.dream.objectives.catalogue import OBJECTIVES, RIVALS
from dreamvid.dream.objectives.grid import Grid, whole_grid
from dreamvid.dream.objectives.objective import masked
from dreamvid.models.head import Head

CHANNELS, ROWS, COLUMNS = 4, 5, 6


@pytest.fixture
def activation(rng):
    return torch.randn(1, CHANNELS, ROWS, COLUMNS, generator=rng)


@pytest.fixture
def other(rng):
    return torch.randn(1, CHANNELS, 3, 7, generator=rng)


@pytest.fixture
def weights(rng):
    return torch.randn(CHANNELS, generator=rng)


@pytest.fixture
def head(rng):
    return Head("b", torch.randn(3, CHANNELS, generator=rng), torch.randn(3, generator=rng))


def numbers(tensor):
    return tensor.squeeze(0).double().numpy()


def score(objective, activation):
    return float(objective(activation, whole_grid(activation)))


def vectors(activation):
    """(n, channels)"""
    return numbers(activation).reshape(CHANNELS, -1).T


def test_channel_is_a_weighted_sum(activation, weights):
    expected = (numbers(activation) * weights.double().numpy()[:, None, None]).sum()
    assert score(OBJECTIVES["channel"](weights), activation) == pytest.approx(expected, rel=1e-5)


def test_direction_is_a_weighted_energy(activation, weights):
    expected = 0.5 * (numbers(activation) ** 2 * weights.double().numpy()[:, None, None]).sum()
    assert score(OBJECTIVES["direction"](weights), activation) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("position", "row", "column"), [((0.5, 0.5), 2, 3), ((0.0, 1.0), 4, 0), ((0.99, 0.2), 1, 5)]
)
def test_neuron_is_one_position(activation, weights, position, row, column):
    expected = numbers(activation)[:, row, column] @ weights.double().numpy()
    result = score(OBJECTIVES["neuron"](weights, position), activation)
    assert result == pytest.approx(expected, rel=1e-5)


def test_neuron_keeps_its_position_when_the_image_is_rolled(activation, weights):
    rolled = activation.roll((2, -1), (-2, -1))
    grid = whole_grid(rolled, (2 / ROWS, -1 / COLUMNS))
    objective = OBJECTIVES["neuron"](weights, (0.5, 0.5))
    assert float(objective(rolled, grid)) == pytest.approx(score(objective, activation))


def test_diversity_is_how_far_neighbours_differ(activation):
    values, total = numbers(activation), 0.0
    for row in range(ROWS):
        for column in range(COLUMNS):
            here = values[:, row, column]
            for down, right in ((1, 0), (0, 1)):
                if row + down < ROWS and column + right < COLUMNS:
                    there = values[:, row + down, column + right]
                    total += 1 - here @ there / np.linalg.norm(here) / np.linalg.norm(there)
    assert score(OBJECTIVES["diversity"](), activation) == pytest.approx(total, rel=1e-5)


def test_class_is_its_logit_less_a_share_of_the_others(activation, head):
    logits = vectors(activation) @ head.weight.double().numpy().T + head.bias.double().numpy()
    chosen = np.log(np.exp(logits[:, [0, 2]]).sum(1))
    expected = (chosen - RIVALS * logits[:, 1]).sum()
    result = score(OBJECTIVES["class"](head, torch.tensor([1.0, 0, 1])), activation)
    assert result == pytest.approx(expected, rel=1e-5)


def test_words_are_the_projection_times_the_cosine(activation, head):
    target = torch.tensor([0.3, -2.0, 0.5])
    put = vectors(activation) @ head.weight.double().numpy().T + head.bias.double().numpy()
    goal = target.double().numpy() / np.linalg.norm(target.double().numpy())
    along = put @ goal
    cosine = along / np.linalg.norm(put, axis=1)
    assert (cosine < 0.1).any() and (cosine > 0.1).any()
    expected = (along * cosine.clip(0.1)).sum()
    assert score(OBJECTIVES["words"](head, target), activation) == pytest.approx(expected, rel=1e-5)


def test_guide_pulls_each_position_to_its_best_match(activation, other):
    expected = (vectors(activation) @ vectors(other).T).max(1).sum()
    assert score(OBJECTIVES["guide"](other), activation) == pytest.approx(expected, rel=1e-5)


def test_guide_mean_is_the_distance_of_mean_and_spread(activation, other):
    here, there = vectors(activation), vectors(other)
    apart = (here.mean(0) - there.mean(0)) ** 2 + (here.std(0) - there.std(0)) ** 2
    expected = -(apart / there.var(0).mean()).mean()
    assert score(OBJECTIVES["guide-mean"](other), activation) == pytest.approx(expected, rel=1e-4)


def test_style_is_the_distance_of_gram_matrices(activation, other):
    here, there = ((p.T @ p) / len(p) for p in (vectors(activation), vectors(other)))
    expected = -((here - there) ** 2).sum() / (there**2).sum()
    assert score(OBJECTIVES["style"](other), activation) == pytest.approx(expected, rel=1e-4)


def test_guide_itself_has_the_highest_score(other):
    for name in ("guide-mean", "style"):
        assert score(OBJECTIVES[name](other), other) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "channels"), [("strongest", [1, 3]), ("weakest", [0, 2]), ("average", [0, 3])]
)
def test_picked_channels_are_ranked_by_their_mean(name, channels, activation):
    levels = torch.tensor([0.1, 3.0, -2.0, 0.5]).view(1, CHANNELS, 1, 1).expand(1, -1, 2, 3)
    expected = 0.5 * (numbers(activation)[channels] ** 2).sum()
    assert score(OBJECTIVES[name](levels, 2), activation) == pytest.approx(expected, rel=1e-5)


def make_objective(name, activation, other, weights, head):
    arguments = {
        "energy": (),
        "diversity": (),
        "neuron": (weights, (0.7, 0.6)),
        "class": (head, torch.tensor([0.0, 1, 0])),
        "words": (head, torch.tensor([0.3, -2.0, 0.5])),
    }
    if name in ("strongest", "weakest", "average"):
        return OBJECTIVES[name](other, 2)
    if name in ("guide", "guide-mean", "style"):
        return OBJECTIVES[name](other)
    return OBJECTIVES[name](*arguments.get(name, (weights,)))


@pytest.mark.parametrize("cover", [False, True])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_sums_of_two_halves_are_the_wholes(
    name, cover, activation, other, weights, head, rng
):
    objective = make_objective(name, activation, other, weights, head)
    if cover:
        objective = masked(torch.rand(1, 1, 9, 4, generator=rng), objective)
    shift = (0.3, 0.1)
    whole = objective.statistics(activation, whole_grid(activation, shift))
    split = 2
    upper = Grid(whole=(ROWS, COLUMNS), own=(split, COLUMNS), shift=shift)
    lower = Grid(whole=(ROWS, COLUMNS), own=(ROWS - split, COLUMNS), first=(split, 0), shift=shift)
    halves = objective.statistics(activation[..., : split + 1, :], upper) + objective.statistics(
        activation[..., split:, :], lower
    )
    torch.testing.assert_close(halves, whole)


def test_mask_weights_the_positions_below_it(activation):
    """Four quarters, of which the upper right one counts whole and the lower left one half."""
    mask = torch.tensor([[0.0, 1.0], [0.5, 0.0]]).view(1, 1, 2, 2)
    covered = np.zeros((ROWS, COLUMNS))
    covered[:2, 3:], covered[2:, :3] = 1.0, 0.5  # of five rows the middle one is in the lower half
    expected = 0.5 * ((numbers(activation) ** 2).sum(0) * covered).sum()
    result = score(masked(mask, OBJECTIVES["energy"]()), activation)
    assert result == pytest.approx(expected, rel=1e-5)
