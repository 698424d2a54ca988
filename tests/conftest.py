import os
import signal
from pathlib import Path

# A shell that starts us in the background has us ignore Ctrl-C, and all that we start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:  # workers, and what they start, share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import jaxtyping
import numpy as np
import pytest
import torch
from hypothesis import settings

from tests.support.small_film import SMALL

# The same examples in every run, and no time limit: CI has two slow cores.
settings.register_profile("dreamvid", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("dreamvid")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores, four at most: tests wait for a fifth of their time."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.fixture(autouse=True)
def models_home(tmp_path, monkeypatch) -> Path:
    """No test sees the models that this machine's user has installed."""
    home = tmp_path / "home"
    monkeypatch.setenv("DREAMVID_HOME", str(home))
    return home


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(7)


@pytest.fixture
def image(rng) -> torch.Tensor:
    return torch.rand(1, 3, 36, 48, generator=rng)


@pytest.fixture(scope="session")
def small_preset():
    """(settings) -> a preset whose film of ten frames, 64x36, takes a second to render."""
    from dreamvid.preset.load import load_preset

    return lambda *settings: load_preset("quickstart", [*SMALL, *settings])


@pytest.fixture
def texture():
    """(height, width) -> smooth random RGB with details of some pixels, the same in every run."""

    def make(height: int, width: int, seed: int = 0) -> np.ndarray:
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((height, width, 3)).astype(np.float32)
        both = cv2.GaussianBlur(noise, (0, 0), 1.5) * 3 + cv2.GaussianBlur(noise, (0, 0), 6) * 8
        return (128 + 50 * both / both.std()).clip(0, 255).astype(np.uint8)

    return make


@pytest.fixture
def shared() -> Path:
    """Real weights and photos, where DREAMVID_SHARED names them; else the test is skipped."""
    folder = os.environ.get("DREAMVID_SHARED")
    if folder:
        return Path(folder)
    if os.environ.get("DREAMVID_REQUIRE_SHARED"):
        pytest.fail("DREAMVID_REQUIRE_SHARED is set, but DREAMVID_SHARED names no folder")
    pytest.skip("needs DREAMVID_SHARED")


def pytest_runtest_setup(item):
    # The quick tests check all types; of a render that takes half the time.
    slow = item.get_closest_marker("slow") is not None
    jaxtyping.config.update("jaxtyping_disable", slow)
    if item.get_closest_marker("cuda") and not torch.cuda.is_available():
        if os.environ.get("DREAMVID_REQUIRE_CUDA"):
            pytest.fail("DREAMVID_REQUIRE_CUDA is set, but there is no GPU")
        pytest.skip("needs a GPU")
