"""City models: a base network whose late layers learned a place from photos and captions.

One .safetensors holds the learned weights in half precision, the head from features to words, the
words, and the rest as metadata. The base is not in it: it is loaded from the installed models, and
its fingerprint compared.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor

from dreamvid.errors import ModelError, quote
from dreamvid.models.features import FeatureModel, Trainable
from dreamvid.models.head import Head
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.words import WordSpace
from dreamvid.system.files import check_file
from dreamvid.system.tensors import write_safetensors

KIND = "dreamvid city"
FORMAT = f"{KIND} 1"  # the metadata's one key
DAMAGE = (
    ArithmeticError,
    OSError,
    SafetensorError,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    RecursionError,
)  # errors that a file of another kind raises
LEARNED = "learned "  # prefix of a learned weight's name
MAX_CREDITS = 1000  # characters shown
LARGEST = 2**30  # bytes; a city has about fifteen megabytes

TOPS = {"googlenet": "inception_5b/output", "lite": "head"}
"""Layer whose mean over all positions the head maps to words, by architecture."""
USUAL = {
    "googlenet": ("inception_4e/output", "inception_5a/output"),
    "lite": ("block_11/expand", "block_13/expand"),
}
"""Layers dreamed if none is named, which have learned, by architecture."""


@dataclass(frozen=True)
class City:
    """A city model without its base."""

    base: str  # the base model's name
    architecture: str
    fingerprint: str  # of the base's weights
    pixels: Pixels
    learned: Mapping[str, Tensor]
    head: Head
    words: Sequence[str]
    vectors: Float[Tensor, "words dimensions"]
    about: Mapping[str, Any] = field(default_factory=dict)  # settings, statistics, credits; JSON
    captions: Mapping[str, int] = field(default_factory=dict)
    """Number of captions with each word, and with the most frequent of those that few have."""


def fingerprint(arrays: Mapping[str, Tensor]) -> str:
    """Digest weights by name (SHA-256), whatever kind of file they came from."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = arrays[name].contiguous()
        digest.update(f"{name} {tuple(value.shape)} ".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def write_city(city: City, path: Path) -> None:
    """Write a city model; raises OutputError."""
    tensors = {f"{LEARNED}{name}": value for name, value in city.learned.items()}
    tensors |= {"head.weight": city.head.weight, "head.bias": city.head.bias}
    tensors["words"] = city.vectors
    about = {
        "base": city.base,
        "architecture": city.architecture,
        "base_sha256": city.fingerprint,
        "pixels": asdict(city.pixels),
        "layer": city.head.layer,
        "words": list(city.words),
        "captions": dict(city.captions),
        "about": dict(city.about),
    }
    # Under one key: safetensors writes several in random order, and so would the file differ.
    metadata = {FORMAT: json.dumps(about)}
    write_safetensors(path, {name: value.half() for name, value in tensors.items()}, metadata)


def _raw_metadata(path: Path) -> dict[str, str]:
    """Read a file's metadata; raises as safe_open does."""
    check_file(path)
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def _metadata(path: Path) -> dict[str, Any]:
    """Read a city's metadata; raises ValueError for another format, or as safe_open does."""
    metadata = _raw_metadata(path)
    if FORMAT not in metadata:
        others = [key for key in metadata if key.startswith(KIND)]
        raise ValueError(f"its format is {quote(others[0])}" if others else "it is no city")
    about = json.loads(metadata[FORMAT])
    if not isinstance(about, dict):
        raise ValueError("what it says of itself is no table")
    return about


def is_city(path: Path) -> bool:
    """Check whether a file claims to be a city model; `read_city` validates it."""
    try:
        return any(key.startswith(KIND) for key in _raw_metadata(path))
    except (OSError, SafetensorError):
        return False


def read_city(path: Path) -> City:
    """Read a city model; raises ModelError for a file that is damaged or of another kind."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large for a city model")
        about = _metadata(path)
        with safe_open(path, "pt") as file:
            arrays = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        return _checked(about, arrays)
    except DAMAGE as error:
        line = " ".join(str(error).split())
        raise ModelError(f"{path} is no city model of this version, or damaged: {line}") from None


def summary(path: Path) -> tuple[str, str]:
    """Describe a city model, and its photos' credits, without reading its weights."""
    try:
        keys = _raw_metadata(path)
        if FORMAT not in keys and any(key.startswith(KIND) or key == "format" for key in keys):
            return "a city of another version", ""
        about = _metadata(path)
        credits = str(about["about"].get("credits", ""))[:MAX_CREDITS]
        base = str(about["base"])[:80]
        return f"a city of {len(about['words'])} words, on {base}", " ".join(credits.split())
    except DAMAGE:
        return "a city, damaged", ""


def _checked(about: Mapping[str, Any], arrays: Mapping[str, Tensor]) -> City:
    words, pixels = about["words"], about["pixels"]
    vectors = arrays["words"]
    head = Head(about["layer"], arrays["head.weight"], arrays["head.bias"])
    if not all(bool(array.isfinite().all()) for array in arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    if len({*words}) != len(words) or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are not all different texts")
    captions = dict(about.get("captions", {}))  # 0.7 wrote none
    if not all(isinstance(count, int) for count in captions.values()):
        raise ValueError("its numbers of captions are no numbers")
    if head.weight.ndim != 2 or head.bias.shape != head.weight.shape[:1]:
        raise ValueError("its head is no matrix with a bias")
    if vectors.shape != (len(words), len(head.bias)):
        raise ValueError(f"{tuple(vectors.shape)} vectors for {len(words)} words")
    if about["architecture"] not in TOPS or about["layer"] != TOPS[about["architecture"]]:
        raise ValueError(f"no {quote(about['layer'])} of a {quote(about['architecture'])} is known")
    mean, std = (tuple(float(v) for v in pixels[key]) for key in ("mean", "std"))
    if len(mean) != 3 or len(std) != 3 or not all(std):
        raise ValueError("its pixels have no three means and deviations")
    return City(
        base=str(about["base"]),
        architecture=about["architecture"],
        fingerprint=about["base_sha256"],
        pixels=Pixels(float(pixels["scale"]), mean, std, bool(pixels["bgr"])),
        learned={n.removeprefix(LEARNED): v for n, v in arrays.items() if n.startswith(LEARNED)},
        head=head,
        words=tuple(words),
        vectors=vectors,
        about=dict(about["about"]),
        captions=captions,
    )


def assembled(name: str, city: City, base: Trainable, device: torch.device) -> FeatureModel:
    """Build a city's network on its base; raises ModelError if they do not fit."""
    network = base.with_learned(city.learned)
    head = Head(city.head.layer, city.head.weight.to(device), city.head.bias.to(device))
    return FeatureModel(
        name,
        network,
        city.pixels,
        device,
        usual_layers=USUAL[city.architecture],
        words=WordSpace(city.words, city.vectors.to(device), head, city.captions),
        same_as=(city.base, network.same_as_base),
    )
