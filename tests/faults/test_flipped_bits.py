"""A bit flips in any file of an unfinished or finished render's working folder, which disks do."""

import os
import random
import shutil

import pytest

from tests.faults.harm import At, ctrl_c
from tests.faults.life import check_alike, rendered

pytestmark = pytest.mark.slow  # a process for each flip

# In each of two states. More are tried by hand.
FLIPS = int(os.environ.get("DREAMVID_FLIPS", "3"))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, whole):
    """At frame 6: a segment is whole, a checkpoint holds three frames more."""
    out = tmp_path_factory.mktemp("stopped") / "out"
    assert rendered(out, At("frame 6", ctrl_c)).code == 130
    return out


def flips(folder, count, seed):
    """Yield names of files, each in turn, with a byte of each and a bit of it."""
    rng = random.Random(seed)
    files = sorted(path for path in (folder / ".render").iterdir() if path.stat().st_size)
    for number in range(count):
        path = files[number % len(files)]
        size = path.stat().st_size
        at = rng.choice((rng.randrange(size), rng.randrange(min(64, size)), size - 1))
        yield path.name, at, 1 << rng.randrange(8)


def flip(path, at, mask):
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    path.write_bytes(data)


@pytest.mark.parametrize("state", ["stopped", "finished"])
def test_a_flipped_bit_changes_no_film(state, stopped, whole, tmp_path):
    """The same command makes the same film, or says in a line what to do."""
    source = stopped if state == "stopped" else whole[0]
    for number, (name, at, mask) in enumerate(flips(source, FLIPS, seed=state)):
        out = tmp_path / str(number)
        shutil.copytree(source, out)
        if state == "finished":  # the films are made again of the work
            for film in ("forward.mp4", "reverse.mp4", "loop.gif"):
                (out / film).unlink()
        flip(out / ".render" / name, at, mask)
        ended = rendered(out, log=tmp_path / "log")
        where = f"{name}, byte {at}, bit {mask}: {ended}"
        if ended.code:
            last = ended.said.splitlines()[-1]
            assert last.startswith("dreamvid: ") and "Traceback" not in ended.said, where
            assert "--fresh" in last, where
            assert name.startswith("state"), where
        else:
            check_alike(out, whole[0])
        shutil.rmtree(out)
