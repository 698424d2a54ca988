"""Catalogue of models: architecture, expected pixels, and where to get the file.

To add one of a known architecture, write an entry here; a new architecture is a module of its
own, named in `networks/registry.py`.
"""

from dataclasses import dataclass

from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights.place import PACKAGES

CAFFE = Pixels(scale=255, mean=(104, 116, 122), bgr=True)  # as dream.ipynb has it
PLACES205 = Pixels(scale=255, mean=(105.417, 113.753, 116.047), bgr=True)
PLACES365 = Pixels(scale=255, mean=(104.051, 112.514, 116.676), bgr=True)
TORCHVISION = Pixels(scale=1, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
INCEPTION = Pixels(scale=1, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
LITE = Pixels(scale=255, mean=(127, 127, 127), std=(128, 128, 128))

_PLACES_LICENCE = "CC BY (MIT Places)"


@dataclass(frozen=True)
class Entry:
    """A model that dreamvid knows by name."""

    about: str
    architecture: str  # a key of ARCHITECTURES, or of FLOW_NETWORKS
    pixels: Pixels
    layers: tuple[str, ...]  # dreamed if a preset names none; the output of a flow network
    file: str  # as published
    digest: str | None  # "sha256:..." or "sha1:...", as many digits as its publisher gives
    megabytes: int
    licence: str
    urls: tuple[str, ...] = ()  # the publisher's first, then mirrors
    package: str | None = None  # a Python package that carries the file, instead of a download


def _torchvision(
    name: str,
    about: str,
    file: str,
    megabytes: int,
    layer: str,
    pixels: Pixels = TORCHVISION,
    licence: str = "BSD-3-Clause (torchvision; trained on ImageNet)",
) -> Entry:
    digits = file.rpartition("-")[2].removesuffix(".pth")  # of the SHA-256, in torchvision's names
    return Entry(
        about=about,
        architecture=name,
        pixels=pixels,
        layers=(layer,),
        file=file,
        digest=f"sha256:{digits}",
        megabytes=megabytes,
        licence=licence,
        urls=(f"https://download.pytorch.org/models/{file}",),
    )


CATALOGUE: dict[str, Entry] = {
    "lite0": Entry(
        about="EfficientNet-Lite0, ImageNet; comes with dreamvid",
        architecture="lite",
        pixels=LITE,
        layers=("block_9/expand", "block_11/expand"),
        file="efficientnet-lite0-57934424.pth",
        digest="sha256:579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        megabytes=17,
        licence="Apache-2.0",
        package=PACKAGES["lite0"],
    ),
    "lite2": Entry(
        about="EfficientNet-Lite2, ImageNet; finer, 1.5 times slower",
        architecture="lite",
        pixels=LITE,
        layers=("block_12/expand", "block_15/expand"),
        file="efficientnet-lite2-9656183e.pth",
        digest="sha256:9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        megabytes=23,
        licence="Apache-2.0",
        package=PACKAGES["lite2"],
    ),
    "googlenet": Entry(
        about="BVLC GoogLeNet, ImageNet: the network of the 2015 program",
        architecture="googlenet",
        pixels=CAFFE,
        layers=("inception_4c/output",),
        file="bvlc_googlenet.caffemodel",
        digest="sha1:405fc5acd08a3bb12de8ee5e23a96bec22f08204",
        megabytes=53,
        licence="unrestricted use (BVLC)",
        urls=("http://dl.caffe.berkeleyvision.org/bvlc_googlenet.caffemodel",),
    ),
    "places205": Entry(
        about="GoogLeNet trained on 205 kinds of places",
        architecture="googlenet",
        pixels=PLACES205,
        layers=("inception_4c/output",),
        file="googlenet_places205.pth",
        digest=None,
        megabytes=29,
        licence=_PLACES_LICENCE,
        urls=("https://github.com/ProGamerGov/pytorch-places/raw/master/googlenet_places205.pth",),
    ),
    "places365": Entry(
        about="GoogLeNet trained on 365 kinds of places",
        architecture="googlenet",
        pixels=PLACES365,
        layers=("inception_4c/output",),
        file="googlenet_places365.caffemodel",
        digest=None,
        megabytes=54,
        licence=_PLACES_LICENCE,
        urls=(
            "http://places2.csail.mit.edu/models_places365/googlenet_places365.caffemodel",
            "https://github.com/ProGamerGov/pytorch-places/raw/master/googlenet_places365.pth",
        ),
    ),
    "vgg16": _torchvision("vgg16", "VGG-16, ImageNet", "vgg16-397923af.pth", 528, "features.22"),
    "vgg19": _torchvision("vgg19", "VGG-19, ImageNet", "vgg19-dcbb9e9d.pth", 548, "features.26"),
    "resnet50": _torchvision(
        "resnet50", "ResNet-50, ImageNet", "resnet50-0676ba61.pth", 98, "layer3.5"
    ),
    "inception_v3": _torchvision(
        "inception_v3",
        "Inception v3, ImageNet",
        "inception_v3_google-0cc3c7bd.pth",
        104,
        "Mixed_6b",
        INCEPTION,
    ),
    "googlenet_bn": _torchvision(
        "googlenet_bn",
        "torchvision's GoogLeNet with batch norm: not the look of 2015",
        "googlenet-1378be20.pth",
        50,
        "inception4c",
        INCEPTION,
    ),
    "raft-large": _torchvision(
        "raft-large",
        'RAFT, optical flow for flow.method = "raft": not to be dreamed',
        "raft_large_C_T_SKHT_V2-ff5fadd5.pth",
        20,
        "flow",
        INCEPTION,
        "BSD-3-Clause (torchvision; trained on Chairs, Things, Sintel, KITTI, HD1K)",
    ),
    "raft-small": _torchvision(
        "raft-small",
        'RAFT, small, for flow.method = "raft-small": not to be dreamed',
        "raft_small_C_T_V2-01064c6d.pth",
        4,
        "flow",
        INCEPTION,
        "BSD-3-Clause (torchvision; trained on Chairs, Things)",
    ),
}
