"""Presets and data files are found from a wheel, from a source distribution and from a clone."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
PRESETS = {f"dreamvid/presets/{path.name}" for path in (ROOT / "presets").glob("*.toml")}
PACKAGE = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "dreamvid").rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
}
PROGRAM = """
from dreamvid.models.directions import library
from dreamvid.preset.load import load_preset, names
from dreamvid.preset.sites import targets
print(*names()); print(load_preset("quickstart").title); print(*targets())
print(library.SHIPPED.is_dir()); print(library.__file__)
"""


def build(kind: str, project: Path, out: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (path,) = out.iterdir()
    return path


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", ROOT, folder / "dist")) as archive:
        archive.extractall(folder, filter="data")
    (project,) = (path for path in folder.iterdir() if path.name != "dist")
    return project


@pytest.fixture(scope="module")
def installed(unpacked, tmp_path_factory) -> Path:
    """A folder with the files of the wheel built from the source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(build("wheel", unpacked, folder / "dist")) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def found(path: Path, folder: Path) -> list[str]:
    """What a program finds that imports dreamvid from a path, started elsewhere."""
    environment = os.environ | {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    *what, module = done.stdout.splitlines()
    assert Path(module).is_relative_to(path)
    return what


def test_the_wheel_holds_the_package_and_presets(installed):
    files = {p.relative_to(installed).as_posix() for p in installed.rglob("*") if p.is_file()}
    assert {name for name in files if name.startswith("dreamvid/")} == PACKAGE | PRESETS
    assert {"dreamvid/py.typed", "dreamvid/preset/targets.toml"} <= files
    assert any(name.startswith("dreamvid/models/directions/shipped/lite0/") for name in files)
    assert {name.split("/")[0] for name in files} - {"dreamvid"} == {
        f"dreamvid-{VERSION}.dist-info"
    }


def test_the_sdist_holds_presets_and_tests(unpacked):
    folders = {path.name for path in unpacked.iterdir() if path.is_dir()}
    assert {"dreamvid", "presets", "tests"} <= folders and "samples" not in folders
    assert len(list((unpacked / "presets").glob("*.toml"))) == len(PRESETS) > 20
    assert (unpacked / "tests" / "conftest.py").is_file()


@pytest.mark.slow
def test_presets_are_found_wherever_the_package_is(installed, unpacked, tmp_path):
    at_home = found(ROOT, tmp_path)
    assert "quickstart" in at_home[0] and "reels" in at_home[2] and at_home[3] == "True"
    assert found(installed, tmp_path) == found(unpacked, tmp_path) == at_home
