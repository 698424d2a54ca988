"""Installation of models, by download or from a file."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shutil import copyfile

from filelock import FileLock, Timeout

from dreamvid.errors import ModelError, quote
from dreamvid.models.networks.city import is_city, read_city
from dreamvid.models.networks.registry import BUILDERS, detect
from dreamvid.models.weights.catalogue import CATALOGUE
from dreamvid.models.weights.download import fetch
from dreamvid.models.weights.place import folder
from dreamvid.models.weights.readers import read_arrays
from dreamvid.models.weights.store import (
    CITY,
    Installed,
    check,
    find,
    known,
    load_base,
    missing,
)
from dreamvid.system.files import sha256, whole_file, write_text
from dreamvid.system.home import home
from dreamvid.system.tensors import write_safetensors

logger = logging.getLogger(__name__)

# The catalogue's names of GoogLeNets, by their number of classes.
GOOGLENETS = {1000: "googlenet", 205: "places205", 365: "places365"}


def get(name: str, progress: Callable[[int, int | None], None]) -> Installed:
    """Download and install a model of the catalogue, unless it is here and intact."""
    if installed := _whole(name):
        return installed
    if CATALOGUE[name].package:
        raise ModelError(missing(name))
    with _alone(name):
        return _whole(name) or _download(name, progress)


def _download(name: str, progress: Callable[[int, int | None], None]) -> Installed:
    entry = CATALOGUE[name]
    # The suffix tells how to read the file, and a mirror may have another kind.
    failures = []
    for url in entry.urls:
        file = url.rpartition("/")[2]
        download = folder() / "downloads" / file
        digest = entry.digest if file == entry.file else None
        try:
            fetch(url, download, digest=digest, progress=progress)
        except ModelError as error:
            failures.append(str(error))
            continue
        installed = install(download, name)
        download.unlink()
        return installed
    raise ModelError(failures[0])


def _whole(name: str) -> Installed | None:
    """Installed model, or None if it is missing, or damaged and can be downloaded again."""
    try:
        if installed := find(name):
            check(installed)
        return installed
    except ModelError:
        if CATALOGUE.get(name) is None:
            raise
        return None


def install(path: Path, name: str | None = None) -> Installed:
    """Install a weight file, converted to safetensors.

    Without a name it gets the catalogue's for such a network, or the file's own.
    Raises ModelError for a file that is no known network, or an invalid name.
    """
    if is_city(path):
        return _install_city(path, name or _file_name(path))
    architecture, weights = detect(read_arrays(path), path)
    BUILDERS[architecture](weights)  # misshapen weights are refused now, not at a render
    name = name or _natural_name(architecture, weights, path)
    _check_name(name)
    if name in CATALOGUE and CATALOGUE[name].package:
        raise ModelError(f"--name {name}: that model comes in a package; give another name")
    if name in CATALOGUE and CATALOGUE[name].architecture != architecture:
        raise ModelError(
            f"--name {name}: that is a {CATALOGUE[name].architecture}, and {path} holds a "
            f"{architecture}; give another name"
        )
    weights = {key: value.contiguous() for key, value in weights.items()}
    with _alone(name):
        write_safetensors(_place(name), weights, {"architecture": architecture})
        return _record(name, path, {"architecture": architecture})


def _install_city(path: Path, name: str) -> Installed:
    city = read_city(path)
    if city.base == name:
        raise ModelError(f"--name {name}: {path} stands on that model; give another name")
    check_city_name(name)
    if city.base not in known():
        raise ModelError(f"{path}: it stands on {quote(city.base)}, which is not known here")
    network, digest = load_base(city.base)
    if digest != city.fingerprint:
        raise ModelError(f"{path}: it was trained on another {city.base} than the one here")
    network.with_learned(city.learned)  # misshapen weights are refused now, not at a render
    with _alone(name):
        with whole_file(_place(name)) as partial:
            copyfile(path, partial)
        return _record(name, path, {"architecture": CITY, "base": city.base})


def check_city_name(name: str, option: str = "--name") -> None:
    """Raise ModelError for a name that a city model cannot have."""
    _check_name(name, option)
    if name in CATALOGUE:
        raise ModelError(f"{option} {name}: that is a model of its own; give another name")
    installed = find(name) if name in known() else None
    if installed and installed.architecture != CITY:
        raise ModelError(f"{option} {name}: that is a model of another kind; give another name")


def _check_name(name: str, option: str = "--name") -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name):
        raise ModelError(f"{option} {name!r}: use lower-case letters, digits, '.', '_' and '-'")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let one process at a time download or install a model; others wait.

    A model's file and its record belong together, and a download goes on from what is there.
    """
    path = home() / "locks" / f"{name}.lock"
    lock = FileLock(path, is_singleton=True)  # reentrant: get installs
    with ExitStack() as stack:
        with suppress(OSError, NotImplementedError):  # a disk without locks; writing says the rest
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                logger.warning("%s: another command is installing it; waiting for it", name)
                lock.acquire()
            stack.callback(lock.release)
        yield


def _place(name: str) -> Path:
    return folder() / f"{name}.safetensors"


def _record(name: str, path: Path, record: dict[str, str]) -> Installed:
    """Record an installed file, and the file it came from."""
    more = {"sha256": sha256(_place(name)), "from": path.name, "from_sha256": sha256(path)}
    write_text(folder() / f"{name}.json", json.dumps(record | more, indent=2))
    installed = find(name)
    assert installed is not None
    return installed


def _file_name(path: Path) -> str:
    return re.sub(r"[^a-z0-9._-]", "-", path.stem.lower()).lstrip("._-") or "imported"


def _natural_name(architecture: str, weights: dict, path: Path) -> str:
    if architecture == "googlenet":
        head = weights.get("loss3/classifier.bias")
        name = GOOGLENETS.get(head.numel() if head is not None else 0)
    else:
        name = architecture if architecture in CATALOGUE else None
    return name or _file_name(path)
