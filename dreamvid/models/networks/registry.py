"""Architectures by name, and their detection from the arrays of a weight file."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from torch import Tensor

from dreamvid.errors import ModelError
from dreamvid.models.features import Network
from dreamvid.models.networks import googlenet
from dreamvid.models.networks.assign_weights import FLOW_NAMES, NAMES, parameters
from dreamvid.models.networks.efficientnet_lite import Lite
from dreamvid.models.networks.raft import Raft
from dreamvid.models.networks.torchvision import ZooNetwork

ARCHITECTURES: dict[str, Callable[[Mapping[str, Tensor]], Network]] = {
    "googlenet": googlenet.GoogLeNet,
    "lite": Lite,
    **{name: partial(ZooNetwork, name) for name in NAMES},
}

# Networks that estimate motion: installed like the others, but not to be dreamed with.
FLOW_NETWORKS: dict[str, Callable[[Mapping[str, Tensor]], Raft]] = {
    name: partial(Raft, name) for name in FLOW_NAMES
}
BUILDERS = ARCHITECTURES | FLOW_NETWORKS


def detect(arrays: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Tensor]]:
    """Detect the architecture of weights; returns it and the weights under its own names.

    Raises ModelError naming the file if it is none of them.
    """
    renamed = caffe_names(arrays)
    if googlenet.shapes().keys() <= renamed.keys():
        return "googlenet", renamed
    if "_blocks.0._depthwise_conv.weight" in arrays:
        return "lite", dict(arrays)
    for name in (*NAMES, *FLOW_NAMES):
        if parameters(name) <= arrays.keys():
            return name, dict(arrays)
    some = ", ".join(list(arrays)[:3])
    raise ModelError(
        f"{path}: holds no network that dreamvid knows (it has {some}, ...); "
        f"known: {', '.join(BUILDERS)}"
    )


def caffe_names(arrays: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename GoogLeNet's arrays to Caffe's names, where a converter wrote `_` for `/`.

    Arrays that the network does not use, such as the training heads, are left out.
    """
    names = [*googlenet.shapes()]
    names += [f"{googlenet.CLASSIFIER}.weight", f"{googlenet.CLASSIFIER}.bias"]
    given = {name.replace("/", "_"): name for name in arrays}
    flat = {name: given.get(name.replace("/", "_")) for name in names}
    return {name: arrays[key] for name, key in flat.items() if key is not None}
