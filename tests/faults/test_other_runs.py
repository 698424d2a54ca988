"""Faults that are not one process's at one moment: other runs, disks, damaged files."""

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

from tests.faults import harm
from tests.faults.harm import At
from tests.faults.life import check_alike, goes_on, rendered, start

pytestmark = pytest.mark.slow  # a process for each render

OUTPUT, RESUME, STOPPED = 6, 5, 130


def stopped(out):
    """At frame 6: a segment is whole, a checkpoint holds three frames more."""
    assert rendered(out, At("frame 6", harm.ctrl_c)).code == STOPPED


def test_of_two_renders_in_one_folder_one_goes_on(whole, tmp_path):
    out = tmp_path / "out"
    first = start(out, At("frame 6", harm.wait_for_the_other))
    while not (out / ".render" / "waits").exists():
        time.sleep(0.01)
        assert first.is_alive()
    second = rendered(out, log=tmp_path / "second.log")
    (out / ".render" / "waits").unlink()
    first.join(60)
    assert second.code == RESUME
    assert "another run is at work here" in second.said.splitlines()[-1]
    assert first.exitcode == 0
    check_alike(out, whole[0])


def test_two_renders_begun_at_once(whole, tmp_path):
    out = tmp_path / "out"
    both = [start(out, log=tmp_path / f"{name}.log") for name in "ab"]
    for process in both:
        process.join(60)
    codes = {process.exitcode for process in both}
    assert codes <= {0, RESUME}
    assert 0 in codes
    goes_on(out, whole[0])


def test_a_read_only_folder_is_one_line(whole, tmp_path):
    disk = tmp_path / "disk"
    out = disk / "out"
    stopped(out)
    with read_only(disk):
        ended = rendered(out, log=tmp_path / "log")
        anew = rendered(disk / "new", log=tmp_path / "new.log")
    for run, folder in ((ended, "out"), (anew, "new")):
        assert run.code == OUTPUT
        assert f"{folder}: cannot be written" in run.said.splitlines()[-1]
    goes_on(out, whole[0])


class read_only:
    """Permissions, or of root, whom they do not stop, a mount."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        if os.geteuid():
            for path in (self.folder, *(p for p in self.folder.rglob("*") if p.is_dir())):
                path.chmod(0o555)
            return
        bind = ["mount", "--bind", str(self.folder), str(self.folder)]
        if subprocess.run(bind, capture_output=True, check=False).returncode:
            pytest.skip("root may write anywhere, and may not mount here")
        again = ["mount", "-o", "remount,ro,bind", str(self.folder)]
        subprocess.run(again, check=True)

    def __exit__(self, *_error):
        if os.geteuid():
            for path in (self.folder, *(p for p in self.folder.rglob("*") if p.is_dir())):
                path.chmod(0o755)
        else:
            subprocess.run(["umount", str(self.folder)], check=True)


@pytest.mark.parametrize(
    ("moment", "named"),
    [("a segment", "f000001.mp4"), ("a checkpoint", "checkpoint"), ("joining", "forward.mp4")],
)
def test_a_disk_that_turns_read_only_meanwhile_is_one_line(moment, named, whole, tmp_path):
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        pytest.skip("only root may mount a disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    with (tmp_path / "image").open("wb") as image:
        image.truncate(64 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image.name], check=True)
    with mounted(image.name, disk):
        ended = rendered(disk / "out", At(moment, harm.turn_read_only), tmp_path / "log")
    assert ended.code == OUTPUT
    assert re.fullmatch(
        rf"dreamvid: .*{named}.*: Read-only file system.*", ended.said.splitlines()[-1]
    )
    with mounted(image.name, disk):
        goes_on(disk / "out", whole[0])


@contextmanager
def mounted(image, folder):
    mount = ["mount", "-o", "loop,errors=remount-ro", image, str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def empty(*names):
    def harm(work):
        for name in names:
            (work / name).write_bytes(b"")

    return harm


def remove(*names):
    def harm(work):
        for name in names:
            (work / name).unlink()

    return harm


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(empty("checkpoint.safetensors"), id="newest checkpoint empty"),
        pytest.param(remove("f000000.mp4"), id="segment lost"),
        pytest.param(empty("r000000.mp4"), id="segment empty"),
        pytest.param(empty(".f000001.mp4.partial"), id="partial left"),
        pytest.param(empty("state.json"), id="state.json empty"),
        pytest.param(remove("state.json"), id="state.json lost"),
        pytest.param(empty("state-copy.json"), id="its copy empty"),
        pytest.param(remove("state.json", "state-copy.json", "f000000.mp4"), id="hardly any left"),
    ],
)
def test_a_damaged_work_folder_is_mended(harm, whole, tmp_path):
    out = tmp_path / "out"
    stopped(out)
    harm(out / ".render")
    goes_on(out, whole[0])


def test_a_damaged_segment_is_named_and_rendered_again(whole, tmp_path):
    out = tmp_path / "out"
    stopped(out)
    (out / ".render" / "f000000.mp4").write_bytes(b"no film")
    ended = rendered(out)
    assert ended.code == 0
    assert "f000000.mp4 is damaged; rendering again from frame 0" in ended.said
    check_alike(out, whole[0])


def test_what_was_moved_away_and_put_back_goes_on_there(whole, tmp_path):
    out = tmp_path / "out"
    stopped(out)
    assert rendered(out, At("joining", harm.move_away)).code > 0
    shutil.rmtree(out, ignore_errors=True)
    (tmp_path / "aside").rename(out)
    goes_on(out, whole[0])
