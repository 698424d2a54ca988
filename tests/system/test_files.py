"""Files appear whole, and as those whose place they take may be read and written."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from dreamvid.errors import OutputError
from dreamvid.media.metadata import FORMAT, embed
from dreamvid.system.files import check_file, lock_file, whole_file, write_text
from dreamvid.system.partial import original_name, remove_abandoned

pytestmark = pytest.mark.skipif(os.name != "posix", reason="others have no such modes")


def mode(path):
    return path.stat().st_mode & 0o777


@pytest.fixture
def usual(tmp_path):
    """The mode of a new file."""
    (tmp_path / "usual").touch()
    return mode(tmp_path / "usual")


@pytest.mark.parametrize("kept", [0o600, 0o640, 0o444, 0o666])
def test_what_takes_the_place_of_a_file_has_its_mode(kept, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(kept)
    write_text(path, "new")
    assert (path.read_text(), mode(path)) == ("new", kept)
    with whole_file(path) as partial:  # callers may put a file of their own there
        (tmp_path / "own").write_text("own")
        (tmp_path / "own").replace(partial)
    assert (path.read_text(), mode(path)) == ("own", kept)


def test_a_private_film_stays_so_when_it_gets_its_record(tmp_path):
    from PIL import Image

    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    path.chmod(0o600)
    embed(path, {"format": FORMAT})
    assert mode(path) == 0o600


def test_a_new_file_has_the_usual_mode(usual, tmp_path):
    write_text(tmp_path / "new" / "a.txt", "new")
    assert mode(tmp_path / "new" / "a.txt") == usual


def test_a_system_that_has_no_modes_is_no_error(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError(1, "Operation not permitted")

    (tmp_path / "a.txt").write_text("old")
    monkeypatch.setattr("shutil.copymode", refuse)
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_what_fails_leaves_the_older_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OutputError, match=r"a.txt: cannot be written"), whole_file(path):
        raise OSError(5, "Input/output error")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_lock_is_freed_by_a_killed_process_and_its_file_stays(tmp_path):
    path = tmp_path / "lock"
    program = f"""
from dreamvid.system.files import lock_file
file = open({str(path)!r}, "w")
print(lock_file(file), flush=True)
input()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program], **pipes) as other:
        assert other.stdout and other.stdout.readline() == "True\n"
        number = path.stat().st_ino
        with path.open("r+") as file:
            assert not lock_file(file)
            other.send_signal(signal.SIGKILL)
            other.wait()
            assert lock_file(file)
    assert path.stat().st_ino == number
    with path.open("r+") as file, path.open("r+") as second:
        assert lock_file(file) and not lock_file(second)
    with path.open("r+") as file:  # closing frees it
        assert lock_file(file)


def test_every_writer_of_a_file_has_its_own_partial_file_and_the_last_one_wins(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first " * 1000)
        second.write_text("second")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("first " * 1000, [path])
    assert {original_name(partial.name) for partial in (first, second)} == {"a.txt"}


def test_partial_files_of_killed_writers_go_and_others_stay(tmp_path):
    path = tmp_path / "a.txt"
    program = f"""
from pathlib import Path
from dreamvid.system.files import whole_file
with whole_file(Path({str(path)!r})) as partial:
    print(partial.name, flush=True)
    input()
"""
    start = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen(start, **pipes) as alive,
        subprocess.Popen(start, **pipes) as killed,
    ):
        names = [(one.stdout or sys.stdin).readline().strip() for one in (alive, killed)]
        killed.kill()
        killed.wait()
        (tmp_path / ".mine.partial").touch()
        remove_abandoned.cache_clear()
        write_text(tmp_path / "b.txt", "new")
        left = {entry.name for entry in tmp_path.iterdir()}
        assert left == {names[0], ".mine.partial", "b.txt"}
        alive.communicate("\n")
    assert path.exists()


def test_a_partial_file_of_another_machine_goes_after_a_day(tmp_path):
    new, old = tmp_path / ".a.abcdef-1-1-0.partial", tmp_path / ".a.abcdef-1-1-1.partial"
    for file, hours in ((new, 23), (old, 25)):
        file.touch()
        os.utime(file, (0, time.time() - 3600 * hours))
    remove_abandoned.cache_clear()
    write_text(tmp_path / "b.txt", "new")
    assert {entry.name for entry in tmp_path.iterdir()} == {new.name, "b.txt"}


@pytest.mark.parametrize("name", ["n" * 255, "ä" * 127, "n" * 251 + ".txt"])
def test_the_longest_names_can_be_written(name, tmp_path):
    write_text(tmp_path / name, "new")
    assert (tmp_path / name).read_text() == "new"


def test_too_long_a_name_is_refused_before_the_work(tmp_path):
    with pytest.raises(OutputError, match=r"(?i)name too long"), whole_file(tmp_path / ("n" * 256)):
        pytest.fail("begun")


def test_check_file_takes_regular_files_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        check_file(tmp_path / name)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    listening = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    listening.bind("socket")
    for path, words in {
        tmp_path: "it is a folder",
        tmp_path / "pipe": "it is a pipe or a device",
        tmp_path / "socket": "it is a pipe or a device",
        Path("/dev/zero"): "it is a pipe or a device",
        Path("/proc/self/environ"): "it is a pipe or a device",
        Path("none\0"): "no file can have this name",
        Path("none\ud800"): "no file can have this name",
        Path("https://a.example/film.mp4"): "it is a URL; download it first",
        Path("rtsp://a.example/film"): "it is a URL; download it first",
        Path("file:///film.mp4"): "it is a URL; give the path alone",
        tmp_path / "none": "No such file or directory",
        tmp_path / ("x" * 300): "File name too long",
        tmp_path / "loop": "Too many levels of symbolic links",
        tmp_path / "file" / "x": "Not a directory",
    }.items():
        if path.parts[1:2] == ("proc",) and not path.exists():
            continue
        with pytest.raises(OSError) as caught:
            check_file(path)
        assert words in str(caught.value.strerror)
    listening.close()


CURES = {
    errno.EDQUOT: "quota there is used up: delete some files",
    errno.EROFS: "mounted read-only: give another folder",
    errno.EFBIG: r"larger than a file there may be: .*ulimit -f",
    errno.ENAMETOOLONG: "give a shorter name",
}


@pytest.mark.parametrize("number", CURES)
def test_errors_of_the_disk_have_a_cure(number, tmp_path):
    words = rf"a.txt: cannot be written: {os.strerror(number)} \(.*{CURES[number]}"
    with pytest.raises(OutputError, match=words) as error, whole_file(tmp_path / "a.txt"):
        raise OSError(number, os.strerror(number))
    assert "\n" not in str(error.value) and error.value.exit_code == 6


@pytest.fixture
def small_disk(tmp_path):
    """A disk of ten files and a megabyte, as root may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "nr_inodes=10,size=1m", "none", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_without_inodes_is_told_from_one_without_bytes(small_disk):
    with pytest.raises(OutputError, match=r"No space .*\(0\.0 MB are free there; make room"):
        write_text(small_disk / "a.txt", "a" * 2**21)
    for n in range(9):  # its folder is the tenth
        (small_disk / f"{n}").touch()
    with pytest.raises(OutputError, match=r"No space .*\(no free inodes \(files\) on the disk"):
        write_text(small_disk / "a.txt", "a")


def test_a_read_only_disk_is_named(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OutputError, match=r"Read-only file system \(the disk is mounted read-only"):
        write_text(small_disk / "a.txt", "a")


def test_a_disk_that_counts_no_files_has_bytes_left(tmp_path, monkeypatch):
    """Such as btrfs: all of its numbers of inodes are 0."""
    none = SimpleNamespace(f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda path: none, raising=False)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1_500_000))
    with pytest.raises(OutputError, match=r"\(1\.5 MB are free there"), whole_file(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
