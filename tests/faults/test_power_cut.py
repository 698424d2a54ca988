"""The light goes out at any moment: the same command goes on with what the disk has kept."""

import pytest
import torch

from dreamvid.render.render import render_film
from tests.faults.life import FILMS, goes_on
from tests.faults.power import Recorder, choices, rebuild
from tests.support.small_film import packets

pytestmark = pytest.mark.slow  # a process for each render

RESUMED = 16  # states that are gone on with, of all


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def left(small_preset, tmp_path_factory):
    """Folders as cuts may leave them, each another one, from the run's begin to its end."""
    disk = tmp_path_factory.mktemp("disk")
    (disk / "root").mkdir()
    (disk / "aside").mkdir()
    recorder = Recorder(disk / "root", disk / "aside")
    with pytest.MonkeyPatch.context() as patch:
        recorder.patch(patch)
        preset = small_preset()
        assert render_film(preset, disk / "root" / "out", device=torch.device("cpu")).finished
    seen, folders = set(), []
    for number, moment in enumerate(recorder.moments):
        for kind, choose in enumerate(choices(number)):
            folder = disk / f"{number:04d}-{kind}"
            rebuild(moment, folder, choose)
            what = str(contents(folder))
            if what not in seen:
                seen.add(what)
                folders.append(folder)
    return folders


def test_films_are_there_whole_or_not_at_all(left, whole):
    assert len(left) > 2 * RESUMED
    found = 0
    for folder in left:
        for name in FILMS:
            if (folder / "out" / name).exists():
                assert packets(folder / "out" / name) == packets(whole[0] / name), folder
                found += 1
    assert found


def test_the_same_command_goes_on_after_a_power_cut(left, whole):
    for folder in left[:: max(1, len(left) // RESUMED)]:
        goes_on(folder / "out", whole[0])
