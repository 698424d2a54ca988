"""Store of installed models: found by name, and loaded with their digest checked.

An installed model is NAME.safetensors with NAME.json beside it, which has its architecture and
SHA-256.
"""

import importlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dreamvid.errors import ModelError, quote, suggest
from dreamvid.models.features import FeatureModel, Trainable
from dreamvid.models.networks.city import TOPS, USUAL, assembled, fingerprint, read_city
from dreamvid.models.networks.registry import ARCHITECTURES, BUILDERS, FLOW_NETWORKS
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights.catalogue import CATALOGUE, Entry
from dreamvid.models.weights.download import check_digest
from dreamvid.models.weights.place import folder
from dreamvid.models.weights.readers import read_arrays

CITY = "city"  # the architecture that records give for a city model


@dataclass(frozen=True)
class Installed:
    """Installed model, found but not yet read."""

    name: str
    path: Path
    digest: str  # "sha256:" and all 64 digits
    architecture: str
    pixels: Pixels
    layers: tuple[str, ...]
    base: str | None = None  # name of a city model's base


def known() -> list[str]:
    """List the catalogue's names, then the imported ones."""
    try:
        imported = sorted(path.stem for path in folder().glob("*.json") if path.is_file())
    except OSError as error:
        raise ModelError(f"{folder()}: cannot be read: {error.strerror}") from None
    return [*CATALOGUE, *(name for name in imported if name not in CATALOGUE)]


def find(name: str) -> Installed | None:
    """Find an installed model; None if it is not installed. Raises ModelError."""
    entry = CATALOGUE.get(name)
    if entry is None and name not in known():
        raise ModelError(f"model: there is no {quote(name)} ({suggest(name, known())})")
    if entry and entry.package:
        path = _in_package(entry)
        assert entry.digest is not None  # a packaged model always has one
        return path and Installed(
            name, path, entry.digest, entry.architecture, entry.pixels, entry.layers
        )
    record = folder() / f"{name}.json"
    try:
        return _read_record(record, entry) if record.is_file() else None
    except OSError as error:
        raise ModelError(f"{record}: cannot be read: {error.strerror}") from None


def base_of(name: str) -> str | None:
    """Name of a city model's base; None for other models. Raises ModelError as `find` does."""
    installed = find(name)
    return installed.base if installed else None


def load(name: str, device: torch.device) -> FeatureModel:
    """Load a model; raises ModelError saying what is wrong with it, or how to get it."""
    installed = find(name)
    if (installed or CATALOGUE[name]).architecture in FLOW_NETWORKS:
        raise ModelError(f"model {name}: it estimates motion, and has no layers to dream")
    if installed is None:
        raise ModelError(missing(name))
    if installed.architecture == CITY:
        return _load_city(installed, device)
    network = ARCHITECTURES[installed.architecture](_read(installed))
    return FeatureModel(name, network, installed.pixels, device, usual_layers=installed.layers)


def _load_city(installed: Installed, device: torch.device) -> FeatureModel:
    check(installed)
    city = read_city(installed.path)
    base, digest = load_base(city.base)
    if digest != city.fingerprint:
        problem = f"it was trained on another {city.base} than the one that is here"
        raise ModelError(f"model {installed.name}: {problem}")
    return assembled(installed.name, city, base, device)


def load_base(name: str) -> tuple[Trainable, str]:
    """Load a city model's base on the CPU; returns it and its weights' fingerprint.

    Raises ModelError if it is not installed, or cannot learn a city.
    """
    installed = find(name)
    if (installed or CATALOGUE[name]).architecture not in TOPS:
        fit = ", ".join(key for key, entry in CATALOGUE.items() if entry.architecture in TOPS)
        raise ModelError(f"model {name}: a city cannot be learned on it; it can on {fit}")
    arrays = load_arrays(name)
    assert installed is not None
    network = ARCHITECTURES[installed.architecture](arrays)
    assert isinstance(network, Trainable)
    return network, fingerprint(arrays)


def load_arrays(name: str) -> dict[str, Tensor]:
    """Load a model's weights alone, on the CPU; raises ModelError as `load` does."""
    installed = find(name)
    if installed is None:
        raise ModelError(missing(name))
    return _read(installed)


def _read(installed: Installed) -> dict[str, Tensor]:
    check(installed)
    return read_arrays(installed.path)


def check(installed: Installed) -> None:
    """Raise ModelError if a file has changed since it was installed."""
    try:
        check_digest(installed.path, installed.digest)
    except ModelError as error:
        raise ModelError(f"{error}; {_again(installed.name)}") from None


def missing(name: str) -> str:
    """Say in one line how to get a model that is not installed."""
    entry = CATALOGUE[name]
    if entry.package:
        package = entry.package.replace("_", "-")
        return f"model {name} is not installed; `pip install {package}` brings it"
    return (
        f"model {name} is not installed; `dreamvid models get {name}` downloads it "
        f"({entry.megabytes} MB), or `dreamvid models import {entry.file}` takes a file you have"
    )


def _read_record(path: Path, entry: Entry | None) -> Installed:
    try:
        record = json.loads(path.read_text())
        architecture, digest = record["architecture"], record["sha256"]
        if architecture == CITY:
            like = _base(path.stem, record["base"])
            layers, base = USUAL[like.architecture], record["base"]
        else:
            like = entry or next(e for e in CATALOGUE.values() if e.architecture == architecture)
            layers, base = like.layers, None
        if architecture not in (*BUILDERS, CITY) or not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
        raise ModelError(f"{path} is damaged; delete it, then {_again(path.stem)}") from None
    weights = path.with_suffix(".safetensors")
    if not weights.exists():
        raise ModelError(f"{weights} is gone; {_again(path.stem)}")
    sha256, pixels = f"sha256:{digest}", like.pixels
    return Installed(path.stem, weights, sha256, architecture, pixels, layers, base)


def _base(city: str, name: str) -> Entry | Installed:
    """Find a city model's base; raises ModelError if it is not on this machine."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    with suppress(ModelError):
        installed = find(name)
        if installed and installed.architecture != CITY:
            return installed
    raise ModelError(f"model {city}: its base {name} is gone; {_again(name)}")


def _again(name: str) -> str:
    """Say how to restore a damaged model."""
    entry = CATALOGUE.get(name)
    get = f"`dreamvid models get {name}` or " if entry and entry.urls else ""
    return f"{get}`dreamvid models import` puts it back"


def _in_package(entry: Entry) -> Path | None:
    assert entry.package is not None
    try:
        package = importlib.import_module(entry.package)
    except ImportError:
        return None
    path = Path(str(package.__file__)).parent / "models" / entry.file
    return path if path.exists() else None
