import pytest
import torch

from dreamvid.errors import ModelError
from dreamvid.explore.atlas import layer_columns
from dreamvid.explore.layers import block_of, picked, some, worth_dreaming
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from tests.support import reference

CPU = torch.device("cpu")


def test_layers_of_googlenet():
    weights = {name: torch.tensor(w) for name, w in reference.random_googlenet().items()}
    branches = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj", "output")
    blocks = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    expected = [f"inception_{block}/{branch}" for block in blocks for branch in branches]
    assert worth_dreaming(GoogLeNet(weights).layers) == expected


def test_layers_of_lite0():
    kinds = ("expand", "depthwise", "output")
    blocks = [f"block_{n}/{kind}" for n in range(1, 16) for kind in kinds]
    assert worth_dreaming(store.load("lite0", CPU).layers) == [*blocks, "head"]


def test_layers_of_a_deep_network_are_the_outer_ones():
    kinds = ("conv1", "conv2", "conv3")
    inner = [f"layer{n}.{m}.{kind}" for n in range(3) for m in range(5) for kind in kinds]
    deeper = [f"{name}.part.{k}" for name in inner for k in range(3)]
    outer = [f"layer{n}.{m}" for n in range(3) for m in range(5)]
    dull = ["layer0.0.bn1", "relu", "maxpool", "fc", "classifier.6"]
    assert worth_dreaming(["conv1", *inner, *deeper, *dull, *outer]) == [*inner, *outer]


@pytest.mark.parametrize(
    ("layer", "block"),
    [("inception_4c/3x3", "inception_4c"), ("layer1.0.conv1", "layer1.0"), ("head", "")],
)
def test_block_of_a_layer(layer, block):
    assert block_of(layer) == block


def test_layers_of_a_block_share_a_row():
    lite = [f"block_{n}/{kind}" for n in range(1, 16) for kind in ("expand", "depthwise", "output")]
    assert layer_columns([*lite, "head"]) == 6
    branches = [f"inception{n}.branch{m}" for n in "abcd" for m in range(1, 5)]
    assert layer_columns([*branches, *(f"inception{n}" for n in "abcd")]) == 5
    assert layer_columns(["inception_4a/output", "inception_4b/output", "head"]) == 3


def test_layer_patterns_match_each_layer_once():
    features = store.load("lite0", CPU)
    found = picked(features, ["block_1?/output,head", "block_15/*"])
    tens = [f"block_{n}/output" for n in range(10, 16)]
    assert found == [*tens, "head", "block_15/expand", "block_15/depthwise"]
    with pytest.raises(ModelError, match=r"--layers: .* no layer block_15/\? \("):
        picked(features, ["block_15/?"])


def test_some_layers_run_from_first_to_last():
    found = some(store.load("lite0", CPU), 5)
    assert found == [f"block_{n}/expand" for n in (1, 5, 8, 11, 15)]
