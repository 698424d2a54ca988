import numpy as np
import pytest
import torch

from dreamvid.models.networks.city import assembled, read_city, write_city
from dreamvid.models.weights import store
from dreamvid.training.base import read_base
from dreamvid.training.batches import generator
from dreamvid.training.head import BIAS, WEIGHT, as_city, make_head
from tests.support.tiny_network import CPU, space, tiny_base


@pytest.fixture
def features(rng):
    return torch.rand(3, 12, 4, 4, generator=rng)


@pytest.fixture
def tuned(features):
    return make_head(tiny_base(), features[:1], 6, seed=0)


def means_of(tuned, features):
    return tuned.network.after_frozen(features, "head").mean((2, 3)).detach().double().numpy()


def test_embedding_is_the_head_of_the_spatial_mean(tuned, features):
    weight, bias = (tuned.weights[name].detach().double().numpy() for name in (WEIGHT, BIAS))
    np.testing.assert_allclose(
        tuned.embed(features).detach().numpy(),
        means_of(tuned, features) @ weight.T + bias,
        atol=1e-5,
    )


def test_head_begins_with_xavier_weights(tuned):
    assert tuned.weights[WEIGHT].shape == (6, 20)
    bound = (6 / 26) ** 0.5
    largest = float(tuned.weights[WEIGHT].detach().abs().max())
    assert 0.95 * bound < largest < 1.0001 * bound
    assert not bool(tuned.weights[BIAS].any())


def test_dropout_while_training(tuned):
    """With a head that only passes channels on, each is 0 or 1 / 0.6 of itself."""
    with torch.no_grad():
        tuned.weights[WEIGHT].copy_(torch.eye(20)[:6])
    many = torch.rand(400, 12, 2, 2, generator=torch.Generator().manual_seed(0)) + 1
    plain, thinned = tuned.embed(many), tuned.embed(many, generator("left out", 0, 5))
    left = (thinned / plain)[plain > 0]
    kept = left[left > 0].detach().numpy()
    np.testing.assert_allclose(kept, 1 / 0.6, rtol=1e-5)
    assert float((left == 0).float().mean()) == pytest.approx(0.4, abs=0.03)
    assert torch.equal(thinned, tuned.embed(many, generator("left out", 0, 5)))
    assert not torch.equal(thinned, tuned.embed(many, generator("left out", 0, 6)))


def test_trained_weights_are_the_network_s_own(tuned, features):
    before = tuned.embed(features).detach()
    tuned.embed(features).sum().backward()
    with torch.no_grad():
        for leaf in tuned.weights.values():
            assert leaf.is_leaf and leaf.grad is not None
            leaf.sub_(0.1 * leaf.grad)
    assert not torch.equal(tuned.embed(features), before)


def test_city_is_centred_on_the_means(tuned, features, tmp_path):
    words = space(["sea", "tower"])
    outputs = tuned.embed(features).detach()
    mean = torch.tensor([0.1, 0.2, 0.0, 0.0, -0.1, 0.3])
    city = as_city(
        tuned, tiny_base(), words, mean_output=outputs.mean(0), mean_caption=mean, about={"seed": 4}
    )
    path = tmp_path / "city.safetensors"
    write_city(city, path)
    found = read_city(path)
    head = found.head.weight.double().numpy(), found.head.bias.double().numpy()
    landed = means_of(tuned, features) @ head[0].T + head[1]
    np.testing.assert_allclose(landed, (outputs - outputs.mean(0)).numpy(), atol=4e-3)  # halves
    table = words.vectors.double().numpy()
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    np.testing.assert_allclose(found.vectors.numpy(), unit - mean.numpy(), atol=1e-3)
    assert (found.base, found.head.layer) == ("lite0", "head")
    assert found.about == {"seed": 4}


def test_frozen_layers_of_lite0_stay_the_same_bits(tmp_path):
    base = read_base("lite0", CPU)
    rng = torch.Generator().manual_seed(0)
    frozen = torch.rand(1, 112, 4, 4, generator=rng)
    tuned = make_head(base, frozen, 6, seed=0)
    with torch.no_grad():
        for leaf in tuned.weights.values():
            leaf.add_(0.01 * torch.randn(leaf.shape, generator=rng))
    city = as_city(
        tuned,
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
