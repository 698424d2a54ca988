"""City models: a base network whose late layers learned a place from photos and captions.

One .safetensors holds what was learned, in half precision, the head that leads from pictures to
words, the words, and in its metadata what it all belongs to. The base is not in it: it is found
among the models by its name, and held against its fingerprint.
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
)  # what a file that is none raises
LEARNED = "learned "  # before a learned weight's name
MOST_CREDITS = 1000  # letters that are shown
LARGEST = 2**30  # bytes; a city has about fifteen megabytes

TOPS = {"googlenet": "inception_5b/output", "lite": "head"}
"""By architecture: the layer whose mean over all places leads to words."""
USUAL = {
    "googlenet": ("inception_4e/output", "inception_5a/output"),
    "lite": ("block_11/expand", "block_13/expand"),
}
"""By architecture: the layers dreamed when nobody names one; they have learned."""


@dataclass(frozen=True)
class City:
    """What was learned, and on what."""

    base: str  # the base model's name
    architecture: str
    fingerprint: str  # of the base's weights
    pixels: Pixels
    learned: Mapping[str, Tensor]
    head: Head
    words: Sequence[str]
    vectors: Float[Tensor, "words dimensions"]
    about: Mapping[str, Any] = field(default_factory=dict)  # settings, statistics, credits; JSON


def fingerprint(arrays: Mapping[str, Tensor]) -> str:
    """SHA-256 of weights, by name, whatever kind of file they came from."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = arrays[name].contiguous()
        digest.update(f"{name} {tuple(value.shape)} ".encode())
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def write_city(city: City, path: Path) -> None:
    """Raises OutputError where it cannot be written."""
    tensors = {f"{LEARNED}{name}": value for name, value in city.learned.items()}
    tensors |= {"head.weight": city.head.weight, "head.bias": city.head.bias}
    tensors |= {"words": city.vectors}
    about = {
        "base": city.base,
        "architecture": city.architecture,
        "base_sha256": city.fingerprint,
        "pixels": asdict(city.pixels),
        "layer": city.head.layer,
        "words": list(city.words),
        "about": dict(city.about),
    }
    # All under one key: the order of several is another in each run, and so would be the file.
    metadata = {FORMAT: json.dumps(about)}
    write_safetensors(path, {name: value.half() for name, value in tensors.items()}, metadata)


def _said(path: Path) -> dict[str, str]:
    """A file's metadata; raises what safe_open does."""
    with safe_open(path, "pt") as file:
        return file.metadata() or {}


def _metadata(path: Path) -> dict[str, Any]:
    """Raises ValueError for a file that is not of this format, or what safe_open does."""
    found = _said(path)
    if FORMAT not in found:
        others = [key for key in found if key.startswith(KIND)]
        raise ValueError(f"its format is {quote(others[0])}" if others else "it is no city")
    about = json.loads(found[FORMAT])
    if not isinstance(about, dict):
        raise ValueError("what it says of itself is no table")
    return about


def is_city(path: Path) -> bool:
    """Whether a file says that it is a city model; whether it is a good one, `read_city` tells."""
    try:
        return any(key.startswith(KIND) for key in _said(path))
    except (OSError, SafetensorError):
        return False


def read_city(path: Path) -> City:
    """Raises ModelError for a file that is damaged, or of another kind."""
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
    """What a city model is, and the credits of its photos, without reading its weights."""
    try:
        found = _said(path)
        if FORMAT not in found and any(key.startswith(KIND) or key == "format" for key in found):
            return "a city of another version", ""
        about = _metadata(path)
        credits = str(about["about"].get("credits", ""))[:MOST_CREDITS]
        base = str(about["base"])[:80]
        return f"a city of {len(about['words'])} words, on {base}", " ".join(credits.split())
    except DAMAGE:
        return "a city, damaged", ""


def _checked(about: Mapping[str, Any], arrays: Mapping[str, Tensor]) -> City:
    words, pixels = about["words"], about["pixels"]
    vectors, head = (
        arrays["words"],
        Head(about["layer"], arrays["head.weight"], arrays["head.bias"]),
    )
    if not all(bool(array.isfinite().all()) for array in arrays.values()):
        raise ValueError("it holds numbers that are not finite")
    if len({*words}) != len(words) or not all(isinstance(word, str) for word in words):
        raise ValueError("its words are not all different texts")
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
    )


def assembled(name: str, city: City, base: Trainable, device: torch.device) -> FeatureModel:
    """The city's network on its base; raises ModelError where they do not fit."""
    network = base.with_learned(city.learned)
    head = Head(city.head.layer, city.head.weight.to(device), city.head.bias.to(device))
    return FeatureModel(
        name,
        network,
        city.pixels,
        device,
        usual_layers=USUAL[city.architecture],
        words=WordSpace(city.words, city.vectors.to(device), head),
        same_as=(city.base, network.same_as_base),
    )
