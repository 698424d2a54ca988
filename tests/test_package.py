"""The package's front door: the names it exports, its version and its types."""

import importlib
import importlib.metadata
import tomllib
from pathlib import Path

import dreamvid
from dreamvid.system import version

ROOT = Path(dreamvid.__file__).parents[1]


def test_exported_names_can_be_imported():
    assert [name for name in dreamvid.__all__ if getattr(dreamvid, name, None) is None] == []


def test_version_of_a_checkout_is_read_from_pyproject(monkeypatch):
    def not_installed(name):
        raise importlib.metadata.PackageNotFoundError(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "version", not_installed)
        found = importlib.reload(version).__version__
    importlib.reload(version)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert found == project["version"]
