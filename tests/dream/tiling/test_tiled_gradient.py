"""Tiled gradients against those of whole images, and what happens when memory runs out."""

from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torchvision.models import get_model

from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.objective import energy, masked
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.dream.tiling.tiled_gradient import tiled_gradient
from dreamvid.errors import ModelError
from dreamvid.media.images.reading import load
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.models.networks import torchvision as zoo
from dreamvid.models.networks.assign_weights import NAMES
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CAFFE, TORCHVISION
from dreamvid.models.weights.install import install
from tests.support import reference

CPU = torch.device("cpu")
TILE = 96
SIZES = [(151, 217), (160, 224), (130, 138), (203, 250), (40, 1203), (1302, 36)]
LAYERS = {
    "lite0": ("block_3/expand", "block_9/expand", "head"),
    "googlenet": ("conv2/3x3", "inception_4c/output", "inception_5b/output"),
}


def draw(*shape):
    """Draw the same numbers for the same shape, 0 to 1."""
    generator = torch.Generator().manual_seed(len(shape) + 10 * sum(shape))
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


WEIGHTS, HEAD = draw(5) - 0.3, Head("b", draw(4, 5) - 0.5, draw(4) - 0.5)
TARGET = draw(1, 5, 3, 4)
EXAMPLES = {
    "energy": (),
    "channel": (WEIGHTS,),
    "direction": (WEIGHTS,),
    "neuron": (WEIGHTS, (0.3, 0.7)),
    "diversity": (),
    "class": (HEAD, torch.tensor([0.0, 1, 1, 0], dtype=torch.float64)),
    "words": (HEAD, draw(4)),
    **{name: (TARGET, 2) for name in ("strongest", "weakest", "average")},
    **{name: (TARGET,) for name in ("guide", "guide-mean", "style")},
}


@cache
def model(name):
    if name == "lite0":
        return in_double(store.load("lite0", CPU))
    weights = {k: torch.tensor(v) for k, v in reference.random_googlenet().items()}
    return in_double(FeatureModel("googlenet", GoogLeNet(weights), CAFFE, CPU))


def in_double(features):
    """Convert to float64: in float32 rounding may choose another pixel of a maximum."""
    features.network = features.network.to(CPU, torch.float64)
    return features


def draw_image(height, width):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(1, 3, height, width, generator=generator, dtype=torch.float64)


def in_tiles(score, image, tile, shift=(0.0, 0.0)):
    """Take the gradient in tiles, and count them."""
    whole, pieces = torch.zeros_like(image), []

    def add(top, left, piece):
        height, width = piece.shape[-2:]
        whole[..., top : top + height, left : left + width] += piece
        pieces.append((top, left, height, width))

    def read(top, left, height, width):
        assert min(top, left) >= 0
        assert top + height <= image.shape[-2] and left + width <= image.shape[-1]
        return image[..., top : top + height, left : left + width]

    tiled_gradient(score, tuple(image.shape[-2:]), shift, read, add, tile)
    return whole, len(pieces)


def difference(result, expected):
    """Worst pixel's difference, in units of the gradient's mean size."""
    return float((result - expected).abs().max() / expected.abs().mean())


@pytest.mark.parametrize(
    "size", [SIZES[0], *(pytest.param(size, marks=pytest.mark.slow) for size in SIZES[1:])]
)
@pytest.mark.parametrize(("name", "number"), [(name, n) for name in LAYERS for n in range(3)])
def test_tiles_have_the_whole_images_gradient(name, number, size):
    score = Score(model(name), [Part(LAYERS[name][number], energy())])
    image = draw_image(*size)
    result, count = in_tiles(score, image, TILE)
    assert count > 1
    assert difference(result, score.gradient(image)) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS["googlenet"])
def test_tiles_of_the_real_googlenet_have_the_whole_images_gradient(layer, shared):
    install(shared / "weights" / "bvlc_googlenet.npz")
    score = Score(in_double(store.load("googlenet", CPU)), [Part(layer, energy())])
    image = load(shared / "samples" / "taj-mahal.jpg", option="")[..., :301, :433].double()
    result, count = in_tiles(score, image, TILE)
    assert count > 1 and difference(result, score.gradient(image)) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer"),
    [("resnet50", "layer3"), ("vgg16", "features.20"), ("inception_v3", "Mixed_6b")],
)
def test_tiles_of_torchvisions_networks_have_the_whole_images_gradient(name, layer):
    torch.manual_seed(0)
    theirs, options = NAMES[name]
    module = get_model(theirs, weights=None, **(options | {"init_weights": False} if options
                       else {})).eval()  # fmt: skip
    network = zoo.ZooNetwork(name, module.state_dict())
    features = in_double(FeatureModel(name, network, TORCHVISION, CPU))
    score = Score(features, [Part(layer, energy())])
    image = draw_image(131, 614)
    result, count = in_tiles(score, image, TILE)
    assert count > 1 and difference(result, score.gradient(image)) < 1e-8


class SmallNetwork:
    """Network of strides 2 and 4 in float64: unpadded, and a pool that rounds up."""

    def __init__(self):
        self.first, self.second = draw(5, 3, 3, 3) - 0.5, draw(5, 5, 3, 3) - 0.5

    def __call__(self, image, layers):
        a = torch.conv2d(image, self.first, stride=2)
        b = torch.conv2d(F.max_pool2d(a.tanh(), 3, 2, ceil_mode=True), self.second, padding=1)
        return {name: {"a": a, "b": b}[name] for name in layers}


@pytest.mark.slow
@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective_is_the_same_in_tiles(name, masks):
    made = OBJECTIVES[name](*EXAMPLES[name])
    objective = masked(draw(1, 1, 7, 9), made) if masks else made
    features, image = SmallNetwork(), draw_image(83, 101).double()
    score = Score(features, [Part("a", objective), Part("b", made, -0.5)])
    for one in (Score(features, [Part("b", objective)]), score, score.balanced(image)):
        for shift in ((0.0, 0.0), (0.21, -0.37)):
            result, count = in_tiles(one, image, 16, shift)
            assert count > 20
            assert difference(result, one.gradient(image, shift)) < 1e-9


def test_tiles_count_each_layer_once_wherever_it_ends():
    """The deep layer of the unpadded network has none of the last tiles' positions."""

    def features(image, layers):
        a = image * 2
        return {"a": a, "b": torch.conv2d(a, torch.ones(1, 3, 41, 41, dtype=a.dtype), stride=4)}

    image = draw_image(90, 75).double()
    score = Score(features, [Part("a", energy()), Part("b", energy(), 1e-5)])
    for tile in (16, 32, 64):
        assert difference(in_tiles(score, image, tile)[0], score.gradient(image)) < 1e-9


@pytest.mark.slow
def test_image_too_small_for_a_layer_is_named_in_tiles_too():
    score = Score(model("googlenet"), [Part("pool5/7x7_s1", energy())])
    with pytest.raises(ModelError, match="too few for pool5/7x7_s1"):
        in_tiles(score, draw_image(100, 120), 64)
