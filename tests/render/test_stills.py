import subprocess
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import Image as PilImage

from dreamvid.dream.tiling import bands
from dreamvid.errors import OutputError, PresetError
from dreamvid.preset.load import with_settings
from dreamvid.render import stills
from dreamvid.render.stills import StillOptions, dream_still, fits

CPU = torch.device("cpu")
SETTINGS = ("dream.layers=block_3/expand", "dream.octaves=2", "dream.steps=1")


def options(*settings):
    return with_settings(["video.frames=1", *SETTINGS, *settings])


def pixels(path):
    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found.astype(int)


@pytest.fixture
def photo(texture, tmp_path):
    PilImage.fromarray(texture(90, 121)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.mark.parametrize("size", [None, (101, 75)])
def test_still_on_disk_equals_the_one_in_memory(size, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(bands, "BAND", 1500)
    for name, on_disk in (("disk", True), ("memory", False)):
        wanted = StillOptions(tmp_path / f"{name}.png", size, 16, on_disk)
        dream_still(photo, options("dream.tile=64"), wanted, CPU)
    disk, memory = pixels(tmp_path / "disk.png"), pixels(tmp_path / "memory.png")
    assert disk.shape == ((*size, 3) if size else (90, 121, 3))
    # Rounding grows where the network has corners: the mean tells, not the largest.
    assert abs(disk - memory).mean() < 0.0005 * 65535
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_still_uses_the_disk_where_memory_is_too_small(photo, tmp_path, monkeypatch):
    ways = []
    monkeypatch.setattr(stills, "still", lambda image, *rest: ways.append("memory") or image)
    monkeypatch.setattr(stills, "_dream", lambda image, *rest: ways.append("disk"))
    monkeypatch.setattr(stills, "write", lambda *rest: None)
    for free in (4_000_000, 3_000_000, None):  # bytes; 90 x 121 x 150 are 1.6e6
        monkeypatch.setattr(stills, "free_memory", lambda device, free=free: free)
        dream_still(photo, options(), StillOptions(tmp_path / "a.png"), CPU)
    assert ways == ["memory", "disk", "memory"]


def test_still_size_in_unknown_memory_is_modest(monkeypatch):
    monkeypatch.setattr(stills, "free_memory", lambda device: None)
    assert fits((4000, 6000), CPU) and not fits((12_000, 20_000), CPU)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("dream.mask=centre", r"dream.mask: .* on disk cannot have one \(none, a smaller --size"),
        ("colour.keep=spread", "colour.keep: .* cannot keep its spread"),
        ("dream.frequency=1", "dream.frequency: .* cannot be weighed on disk"),
        ("dream.octaves=9", "dream.octaves: 9 octaves of 121x90"),
    ],
)
def test_still_on_disk_refuses_settings_that_need_memory(
    setting, says, photo, tmp_path, monkeypatch
):
    monkeypatch.setattr(stills, "_copy", lambda *rest: pytest.fail("too late"))
    with pytest.raises(PresetError, match=says):
        dream_still(photo, options(setting), StillOptions(tmp_path / "a.png", on_disk=True), CPU)
    assert not list(tmp_path.glob("*a.png*"))


def test_still_that_is_stopped_leaves_nothing(photo, tmp_path):
    during = []

    def stop(share):
        during.extend(tmp_path.glob(".a.png*/*.raw"))
        raise KeyboardInterrupt

    wanted = StillOptions(tmp_path / "a.png", on_disk=True)
    with pytest.raises(KeyboardInterrupt):
        dream_still(photo, options(), wanted, CPU, on_progress=stop)
    assert during and not list(tmp_path.glob("*a.png*"))


def test_still_checks_the_disk_before_the_work(photo, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=100_000))
    with pytest.raises(OutputError, match=r"1 MB are needed .*, 0 MB are free; choose"):
        dream_still(photo, options(), StillOptions(tmp_path / "a.png", on_disk=True), CPU)
    assert not list(tmp_path.glob("*a.png*"))


def test_still_on_a_full_disk_is_an_error(photo, tmp_path, monkeypatch):
    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dreamvid.dream.tiling.disk_image.DiskImage.clear", full)
    with pytest.raises(OutputError, match=r"a.png: cannot be dreamed on disk: No space left"):
        dream_still(photo, options(), StillOptions(tmp_path / "a.png", on_disk=True), CPU)
    assert not list(tmp_path.glob("*a.png*"))


MEASURED = """
import sys
from dreamvid.cli import main
code = main(sys.argv[1:])
assert code == 0, code
with open("/proc/self/status") as status:  # rusage's begins with the size of the parent
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def peak(*words):
    """Kilobytes of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "dream", *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_still_on_disk_takes_no_memory_for_its_size(texture, tmp_path):
    """3000 x 2000 in memory would be 72 MB in float32, each time that it is held."""
    large = cv2.resize(texture(500, 750), (3000, 2000), interpolation=cv2.INTER_CUBIC)
    PilImage.fromarray(large).save(tmp_path / "large.jpg")
    PilImage.fromarray(large[:600, :600]).save(tmp_path / "small.jpg")
    settings = ("layers=stem", "octaves=1", "steps=1", "tile=512")
    common = [word for one in settings for word in ("--set", f"dream.{one}")] + ["--on-disk"]
    small, of_large = (
        peak(tmp_path / f"{name}.jpg", "--out", tmp_path / f"{name}.tif", "--depth", 16, *common)
        for name in ("small", "large")
    )
    found = tifffile.imread(tmp_path / "large.tif")
    assert found.shape == (2000, 3000, 3) and found.dtype == np.uint16
    # A decoded file of 24 MB, and some bands of 24 MB.
    assert of_large - small < 250_000
