"""Sums of directions against arithmetic by hand."""

import numpy as np
import pytest
import torch

from dreamvid.models.directions.arithmetic import on_one_scale, shares_of, summed, without
from dreamvid.models.directions.direction import Direction


def direction(shares=None, **layers):
    weights = {name: torch.tensor(values) for name, values in layers.items()}
    return Direction(weights, shares=shares or {})


def test_one_scale_has_the_shares_as_norms():
    found = on_one_scale(direction({"a": 3.0, "b": 1.0}, a=[3.0, 4.0], b=[0.0, 0.2]))
    np.testing.assert_allclose(found["a"], [0.75 * 0.6, 0.75 * 0.8], rtol=1e-6)
    np.testing.assert_allclose(found["b"], [0.0, 0.25], rtol=1e-6)
    large = on_one_scale(direction({"a": 6.0, "b": 2.0}, a=[30.0, 40.0], b=[0.0, 7.0]))
    for layer in found:
        np.testing.assert_allclose(large[layer], found[layer], rtol=1e-6)
    assert list(on_one_scale(direction(a=[0.0, 0.0], b=[1.0]))) == ["b"]


def test_sum_is_each_number_times_its_direction():
    one, two = {"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([0.5, -1.0]), "b": torch.ones(1)}
    found = summed([(1.0, one), (0.2, two), (-0.5, one)])
    np.testing.assert_allclose(found["a"], [1 + 0.1 - 0.5, 2 - 0.2 - 1.0], rtol=1e-6)
    np.testing.assert_allclose(found["b"], [0.2], rtol=1e-6)
    assert one["a"].tolist() == [1, 2]


def test_shares_are_averaged_over_what_is_added():
    one = {"a": torch.tensor([0.6, 0.8])}
    two = {"a": torch.tensor([0.5, 0.0]), "b": torch.tensor([0.5])}
    shares = shares_of([(1.0, one), (0.25, two), (-3.0, {"a": torch.ones(2), "c": torch.ones(1)})])
    assert shares == pytest.approx({"a": (1 + 0.25 * 0.5) / 1.25, "b": 0.25 * 0.5 / 1.25})


def test_channels_that_speak_for_another_lose_what_is_above_0():
    weights = {"a": torch.tensor([1.0, 2.0, -3.0, 4.0, 5.0]), "b": torch.ones(2)}
    # The mean over five channels is 1: above 2 are the second and the third one.
    other = {"a": torch.tensor([0.0, 2.1, 2.9, -7.0, 0.0]), "c": torch.ones(2)}
    found = without(weights, [other])
    assert found["a"].tolist() == [1, 0, -3, 4, 5] and found["b"].tolist() == [1, 1]
    assert weights["a"].tolist() == [1, 2, -3, 4, 5]
