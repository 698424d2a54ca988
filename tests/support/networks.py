"""GoogLeNet with random weights, and Lite0, for comparisons of their layers."""

import torch

from dreamvid.models.features import FeatureModel
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CAFFE
from tests.support import reference
from tests.support.compare import image_gradient

LAYERS = {
    "googlenet": ("pool1/3x3_s2", "conv2/norm2", "inception_3a/output"),
    "lite0": ("stem", "block_2/expand", "block_5/output"),
}


def networks(device="cpu"):
    weights = {k: torch.tensor(v) for k, v in reference.random_googlenet().items()}
    device = torch.device(device)
    return {
        "googlenet": FeatureModel("googlenet", GoogLeNet(weights), CAFFE, device),
        "lite0": store.load("lite0", device),
    }


def features_and_gradients():
    """Features of some layers of whole networks, and the gradients of their energies."""
    image, results = torch.rand(1, 3, 75, 96, generator=torch.Generator().manual_seed(4)), {}
    for name, model in networks().items():
        for layer in LAYERS[name]:
            (results[f"{name} {layer}"],) = model(image, [layer]).values()
            results[f"{name} {layer} gradient"] = image_gradient(model, image, layer)
    return results
