import numpy as np
import pytest
import torch

from dreamvid.models.networks.city import assembled, read_city, write_city
from dreamvid.models.weights import store
from dreamvid.training.base import read_base
from dreamvid.training.batches import generator
from dreamvid.training.head import BIAS, WEIGHT, as_city, make_top
from tests.support.tiny_network import CPU, space, tiny_base


@pytest.fixture
def seen(rng):
    return torch.rand(3, 12, 4, 4, generator=rng)


@pytest.fixture
def top(seen):
    return make_top(tiny_base(), seen[:1], 6, seed=0)


def means_of(top, seen):
    return top.network.after_frozen(seen, "head").mean((2, 3)).detach().double().numpy()


def test_a_photo_lands_where_the_head_puts_the_mean_over_all_places(top, seen):
    weight, bias = (top.weights[name].detach().double().numpy() for name in (WEIGHT, BIAS))
    np.testing.assert_allclose(
        top.embed(seen).detach().numpy(), means_of(top, seen) @ weight.T + bias, atol=1e-5
    )


def test_the_head_begins_as_xavier_says(top):
    assert top.weights[WEIGHT].shape == (6, 20)
    bound = (6 / 26) ** 0.5
    largest = float(top.weights[WEIGHT].detach().abs().max())
    assert 0.95 * bound < largest < 1.0001 * bound
    assert not bool(top.weights[BIAS].any())


def test_two_fifths_are_left_out_while_training(top):
    """With a head that only passes channels on, each is 0 or 1 / 0.6 of itself."""
    with torch.no_grad():
        top.weights[WEIGHT].copy_(torch.eye(20)[:6])
    many = torch.rand(400, 12, 2, 2, generator=torch.Generator().manual_seed(0)) + 1
    plain, thinned = top.embed(many), top.embed(many, generator("left out", 0, 5))
    left = (thinned / plain)[plain > 0]
    kept = left[left > 0].detach().numpy()
    np.testing.assert_allclose(kept, 1 / 0.6, rtol=1e-5)
    assert float((left == 0).float().mean()) == pytest.approx(0.4, abs=0.03)
    assert torch.equal(thinned, top.embed(many, generator("left out", 0, 5)))
    assert not torch.equal(thinned, top.embed(many, generator("left out", 0, 6)))


def test_what_learns_is_what_the_network_runs(top, seen):
    before = top.embed(seen).detach()
    top.embed(seen).sum().backward()
    with torch.no_grad():
        for leaf in top.weights.values():
            assert leaf.is_leaf and leaf.grad is not None
            leaf.sub_(0.1 * leaf.grad)
    assert not torch.equal(top.embed(seen), before)


def test_a_finished_model_is_taken_around_the_means(top, seen, tmp_path):
    words = space(["sea", "tower"])
    outputs = top.embed(seen).detach()
    mean = torch.tensor([0.1, 0.2, 0.0, 0.0, -0.1, 0.3])
    city = as_city(
        top, tiny_base(), words, mean_output=outputs.mean(0), mean_caption=mean, about={"seed": 4}
    )
    path = tmp_path / "city.safetensors"
    write_city(city, path)
    found = read_city(path)
    head = found.head.weight.double().numpy(), found.head.bias.double().numpy()
    landed = means_of(top, seen) @ head[0].T + head[1]
    np.testing.assert_allclose(landed, (outputs - outputs.mean(0)).numpy(), atol=4e-3)  # halves
    table = words.vectors.double().numpy()
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    np.testing.assert_allclose(found.vectors.numpy(), unit - mean.numpy(), atol=1e-3)
    assert (found.base, found.head.layer) == ("lite0", "head")
    assert found.about == {"seed": 4}


def test_learning_leaves_the_frozen_part_of_lite0_alone_to_the_bit(tmp_path):
    base = read_base("lite0", CPU)
    rng = torch.Generator().manual_seed(0)
    frozen = torch.rand(1, 112, 4, 4, generator=rng)
    top = make_top(base, frozen, 6, seed=0)
    with torch.no_grad():
        for leaf in top.weights.values():
            leaf.add_(0.01 * torch.randn(leaf.shape, generator=rng))
    city = as_city(
        top,
        base,
        space(["sea", "tower"]),
        mean_output=torch.zeros(6),
        mean_caption=torch.zeros(6),
        about={},
    )
    learned = assembled("here", city, store.load_base("lite0")[0], CPU)
    plain = store.load("lite0", CPU)
    image = torch.rand(1, 3, 64, 64, generator=rng)
    assert learned.same_as is not None
    same = ["stem", *learned.same_as[1][-4:]]
    for layer, value in learned(image, same).items():
        assert torch.equal(value, plain(image, [layer])[layer]), layer
    later = "block_11/expand"
    assert not torch.equal(learned(image, [later])[later], plain(image, [later])[later])
