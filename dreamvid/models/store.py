"""The models on this machine: find one by name and load it, checked; put a file among them.

An installed model is NAME.safetensors with NAME.json beside it, which says what it is and
what SHA-256 it must have.
"""

import importlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from dreamvid.errors import ModelError, quote, suggest
from dreamvid.files import sha256, write_text
from dreamvid.models.architectures import ARCHITECTURES, BUILDERS, FLOW_NETWORKS, detect
from dreamvid.models.arrays import read_arrays
from dreamvid.models.catalogue import CATALOGUE, Entry
from dreamvid.models.features import FeatureModel, Pixels
from dreamvid.models.fetch import check_digest, fetch
from dreamvid.tensors import write_safetensors

# The catalogue's name for a GoogLeNet, by how many classes its head tells apart.
GOOGLENETS = {1000: "googlenet", 205: "places205", 365: "places365"}


@dataclass(frozen=True)
class Installed:
    """A model's file on this machine, found but not yet read."""

    name: str
    path: Path
    digest: str  # "sha256:" and all 64 digits: what the file must have
    architecture: str
    pixels: Pixels
    layers: tuple[str, ...]


def home() -> Path:
    """Where models lie: $DREAMVID_HOME, or the platform's folder for a user's data."""
    chosen = os.environ.get("DREAMVID_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("dreamvid"))


def folder() -> Path:
    return home() / "models"


def known() -> list[str]:
    """The catalogue's names, then those that the user imported."""
    try:
        imported = sorted(path.stem for path in folder().glob("*.json") if path.is_file())
    except OSError as error:
        raise ModelError(f"{folder()}: cannot be read: {error.strerror}") from None
    return [*CATALOGUE, *(name for name in imported if name not in CATALOGUE)]


def find(name: str) -> Installed | None:
    """Where a model lies, or None if it has to be fetched first; raises ModelError."""
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


def load(name: str, device: torch.device) -> FeatureModel:
    """Raises ModelError saying what is wrong with the file, or how to get it."""
    installed = find(name)
    known_as = installed or CATALOGUE[name]
    if known_as.architecture in FLOW_NETWORKS:
        raise ModelError(f"model {name}: it estimates motion, and has no layers to dream")
    if installed is None:
        raise ModelError(missing(name))
    network = ARCHITECTURES[installed.architecture](_read(installed))
    return FeatureModel(name, network, installed.pixels, device, usual_layers=installed.layers)


def load_arrays(name: str) -> dict[str, Tensor]:
    """A model's weights alone, on the CPU; raises ModelError as `load` does."""
    installed = find(name)
    if installed is None:
        raise ModelError(missing(name))
    return _read(installed)


def _read(installed: Installed) -> dict[str, Tensor]:
    _check(installed)
    return read_arrays(installed.path)


def _check(installed: Installed) -> None:
    try:
        check_digest(installed.path, installed.digest)
    except ModelError as error:
        raise ModelError(f"{error}; {_again(installed.name)}") from None


def missing(name: str) -> str:
    """One line that says how to get a model that is not here."""
    entry = CATALOGUE[name]
    if entry.package:
        package = entry.package.replace("_", "-")
        return f"model {name} is not installed; `pip install {package}` brings it"
    return (
        f"model {name} is not installed; `dreamvid models get {name}` downloads it "
        f"({entry.megabytes} MB), or `dreamvid models import {entry.file}` takes a file you have"
    )


def get(name: str, progress: Callable[[int, int | None], None]) -> Installed:
    """Download a model of the catalogue and install it; at once if it is here and whole."""
    if installed := _whole(name):
        return installed
    entry = CATALOGUE[name]
    if entry.package:
        raise ModelError(missing(name))
    # The file's own suffix tells how to read it, and a mirror may have another kind.
    failures = []
    for url in entry.urls:
        file = url.rpartition("/")[2]
        download = folder() / "downloads" / file
        digest = entry.digest if file == entry.file else None
        try:
            fetch([url], download, size=None, digest=digest, progress=progress)
        except ModelError as error:
            failures.append(str(error))
            continue
        installed = install(download, name)
        download.unlink()
        return installed
    raise ModelError(failures[0])


def _whole(name: str) -> Installed | None:
    """The installed model, or None if it is missing or damaged and can be had again."""
    try:
        if installed := find(name):
            _check(installed)
        return installed
    except ModelError:
        if CATALOGUE.get(name) is None:
            raise
        return None


def install(path: Path, name: str | None = None) -> Installed:
    """Put a weight file among the models, converted to safetensors.

    Without a name it gets the catalogue's for such a network, or the file's own.
    Raises ModelError for a file that is no known network or a name that cannot be.
    """
    architecture, weights = detect(read_arrays(path), path)
    BUILDERS[architecture](weights)  # misshapen weights are refused now, not at a render
    name = name or _natural_name(architecture, weights, path)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        raise ModelError(f"--name {name!r}: use lower-case letters, digits, '.', '_' and '-'")
    if name in CATALOGUE and CATALOGUE[name].package:
        raise ModelError(f"--name {name}: that model comes in a package; give another name")
    if name in CATALOGUE and CATALOGUE[name].architecture != architecture:
        raise ModelError(
            f"--name {name}: that is a {CATALOGUE[name].architecture}, and {path} holds a "
            f"{architecture}; give another name"
        )
    weights = {key: value.contiguous() for key, value in weights.items()}
    target = folder() / f"{name}.safetensors"
    write_safetensors(target, weights, {"architecture": architecture})
    record = {
        "architecture": architecture,
        "sha256": sha256(target),
        "from": path.name,
        "from_sha256": sha256(path),
    }
    write_text(folder() / f"{name}.json", json.dumps(record, indent=2))
    installed = find(name)
    assert installed is not None
    return installed


def _natural_name(architecture: str, weights: dict, path: Path) -> str:
    if architecture == "googlenet":
        head = weights.get("loss3/classifier.bias")
        name = GOOGLENETS.get(head.numel() if head is not None else 0)
    else:
        name = architecture if architecture in CATALOGUE else None
    return name or re.sub(r"[^a-z0-9._-]", "-", path.stem.lower()).lstrip("._-") or "imported"


def _read_record(path: Path, entry: Entry | None) -> Installed:
    try:
        record = json.loads(path.read_text())
        architecture, digest = record["architecture"], record["sha256"]
        like = entry or next(e for e in CATALOGUE.values() if e.architecture == architecture)
        if architecture not in BUILDERS or not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
        raise ModelError(f"{path} is damaged; delete it, then {_again(path.stem)}") from None
    weights = path.with_suffix(".safetensors")
    if not weights.exists():
        raise ModelError(f"{weights} is gone; {_again(path.stem)}")
    return Installed(path.stem, weights, f"sha256:{digest}", architecture, like.pixels, like.layers)


def _again(name: str) -> str:
    """How to get a model that is damaged."""
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
