import numpy as np
import pytest
import torch

from dreamvid.training.head import BIAS, WEIGHT
from dreamvid.training.losses import LOSSES, contrastive, recipe


@pytest.fixture
def batch(rng):
    return torch.randn(5, 7, generator=rng), torch.randn(5, 7, generator=rng)


def test_recipe_is_caffes_sigmoid_cross_entropy_of_scaled_captions(batch):
    outputs, captions = (each.double().numpy() for each in batch)
    low, high = captions.min(1, keepdims=True), captions.max(1, keepdims=True)
    target = (captions - low) / (high - low)
    seen = 1 / (1 + np.exp(-outputs))
    wanted = -(target * np.log(seen) + (1 - target) * np.log(1 - seen)).sum() / 5
    assert float(recipe(*batch)) == pytest.approx(wanted, rel=1e-5)


def test_contrastive_is_the_mean_hinge_over_all_negatives(batch):
    outputs, captions = (each.double().numpy() for each in batch)
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    outputs, captions = unit(outputs), unit(captions)
    hinges = [
        max(0.0, 0.4 - outputs[i] @ captions[i] + outputs[i] @ captions[j])
        for i in range(5)
        for j in range(5)
        if captions[i] @ captions[j] < 0.9
    ]
    assert len(hinges) == 20  # random captions are not alike
    assert float(contrastive(*batch)) == pytest.approx(np.mean(hinges), rel=1e-5)


def test_contrastive_has_no_negatives_of_equal_captions():
    captions = torch.tensor([[1.0, 0.0], [2.0, 0.02], [0.0, 1.0]])
    outputs = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    # Only the third is wrong: 0.4 - 0 + 1 against each of the first two.
    first = 0.4 - 1 / np.hypot(1, 0.01) + 0  # the second's own caption is a little off
    hinges = [0.0, max(0.0, first), 1.4, 0.4 + 1 / np.hypot(1, 0.01)]
    assert float(contrastive(outputs, captions)) == pytest.approx(np.mean(hinges), rel=1e-5)


def test_contrastive_without_negatives_has_zero_loss_and_gradient():
    outputs = torch.tensor([[0.3, 0.4]], requires_grad=True)
    contrastive(outputs, torch.tensor([[1.0, 0.0]])).backward()
    assert outputs.grad is not None
    assert outputs.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_optimiser_has_rates_for_head_and_layers(loss):
    """AdamW (Loshchilov and Hutter 2019) by hand: betas .9 and .999, decay .01."""
    weights = {name: torch.tensor([2.0]) for name in ("a.bias", WEIGHT, BIAS, "a.weight")}
    optimiser = loss.make_optimiser(weights)
    rate = 0.5
    by_hand, first, second = dict.fromkeys(weights, 2.0), 0.0, 0.0
    for step, gradient in enumerate((1.0, -0.25), 1):
        for value in weights.values():
            value.grad = torch.full((1,), gradient)
        for group in optimiser.param_groups:
            group["lr"] = rate * group["times"]
        optimiser.step()
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        way = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        for name in by_hand:
            own = rate * (1 if name in (WEIGHT, BIAS) else loss.layers)
            by_hand[name] -= own * (way + 0.01 * by_hand[name])
    assert {name: float(value) for name, value in weights.items()} == pytest.approx(by_hand)
