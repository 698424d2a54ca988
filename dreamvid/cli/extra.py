"""Checks for the packages of optional extras."""

from importlib.util import find_spec

from dreamvid.errors import PresetError

TRAIN = ("gensim", "imagehash", "scipy", "stop_words")


def check_extra(command: str) -> None:
    """Raise PresetError if a package of the extra [train] is missing."""
    for package in TRAIN:
        if find_spec(package) is None:
            cure = "pip install '.[train]' in dreamvid's folder"
            raise PresetError(command, f"the package {package} is not installed", cure)


def check_ray() -> None:
    """Raise PresetError if the extra [ray] is missing."""
    if find_spec("ray") is None:
        raise PresetError("--ray", "ray is not installed", "pip install 'dreamvid[ray]'")
