"""Small films, and how two are told to be the same."""

from contextlib import contextmanager

import pytest
import torch

from dreamvid.render.render import render_film
from tests.support.small_film import packets


@contextmanager
def one_thread():
    """Use the workers' number of threads, on which sums of floats depend."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture(scope="session")
def check_films(tmp_path_factory):
    """(folder, preset): its films are, packet for packet, those of a plain render."""
    plain = {}

    def check(folder, preset):
        if preset.model_dump_json() not in plain:
            out = tmp_path_factory.mktemp("plain")
            with one_thread():
                render_film(preset, out, device=torch.device("cpu"))
            plain[preset.model_dump_json()] = out
        for name in ("forward.mp4", "reverse.mp4"):
            assert packets(folder / name) == packets(plain[preset.model_dump_json()] / name)

    return check
