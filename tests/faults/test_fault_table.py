"""What may go wrong during a render, each for real: the same command then finishes it, alike.

A row of the table: what goes wrong, when, the exit code, what is said.
"""

import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults import harm
from tests.faults.harm import MOMENTS, At
from tests.faults.life import goes_on, moments, rendered, start

pytestmark = pytest.mark.slow  # a process for each render

KILLED = -signal.SIGKILL
STOPPED, DREAM, VIDEO, RESUME, OUTPUT = 130, 1, 4, 5, 6

# fmt: off
TABLE = [
    # what                         when            code     what is said
    *((harm.kill,                  moment,         KILLED,  r"") for moment in MOMENTS),
    (harm.ctrl_c,                  "frame 6",      STOPPED, r"keeping everything.*7 of 10 frames"),
    (harm.terminate,               "frame 6",      STOPPED, r"keeping everything.*7 of 10 frames"),
    (harm.ctrl_c_twice,            "frame 6",      STOPPED, r"dreamvid: stopped"),
    (harm.ctrl_c_twice,            "a segment",    STOPPED, r"dreamvid: stopped"),
    (harm.ctrl_c_twice,            "the GIF",      STOPPED, r"dreamvid: stopped"),
    (harm.use_up_memory,           "a dream",      DREAM,   r"frame 4: out of memory; the same"),
    (harm.use_up_memory_in_python, "a dream",      DREAM,   r"frame 4: out of memory; the same"),
    (harm.use_up_memory,           "the GIF",      DREAM,   r"out of memory"),
    (harm.fill_disk,               "a segment",    OUTPUT,  r"f000001\.mp4.*MB are free.*goes on"),
    (harm.fill_disk,               "its twin",     OUTPUT,  r"r000001\.mp4.*MB are free.*goes on"),
    (harm.fill_disk,               "a checkpoint", OUTPUT,  r"checkpoint.*MB are free.*goes on"),
    (harm.fill_disk,               "joining",      OUTPUT,  r"forward\.mp4.*MB are free.*goes on"),
    (harm.fill_disk,               "joining back", OUTPUT,  r"reverse\.mp4.*MB are free.*goes on"),
    (harm.fill_disk,               "the GIF",      OUTPUT,  r"loop\.gif.*MB are free.*goes on"),
    (harm.fill_disk,               "the record",   OUTPUT,  r"MB are free.*goes on"),
    (harm.close_its_file,          "joining",      RESUME,  r"Bad file descriptor"),
    (harm.encoder_dies,            "a segment",    VIDEO,   r"f000001\.mp4: "),
    (harm.take_away,               "frame 6",      OUTPUT,  r"is gone.*begins anew"),
    (harm.take_away_work,          "frame 6",      OUTPUT,  r"is gone.*begins anew"),
    (harm.move_away,               "frame 6",      OUTPUT,  r"is gone.*put it back"),
    (harm.move_away,               "a segment",    OUTPUT,  r"is gone.*put it back"),
    (harm.move_away,               "its twin",     OUTPUT,  r"is gone.*put it back"),
    (harm.move_away,               "a checkpoint", OUTPUT,  r"is gone.*put it back"),
    (harm.take_away,               "a checkpoint", OUTPUT,  r"is gone.*begins anew"),
    (harm.take_away,               "joining",      None,    r"dreamvid: "),
    (harm.clock_jumps,             "frame 6",      0,       r"10 frames, 0:02 of film"),
]
# fmt: on


def name_of(row):
    what, when, _, _ = row
    return f"{what.__name__} at {when}"


@contextmanager
def small_disk(folder: Path):
    """Of 4 MB, in memory; skips where only an administrator may have one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def check_row(row, out, log, whole):
    what, when, code, said = row
    ended = rendered(out, At(when, what), log)
    assert "Traceback" not in ended.said
    assert ended.code == code or (code is None and ended.code > 0), ended
    assert re.search(said, ended.said, re.DOTALL), ended.said
    if code not in (0, KILLED):
        assert ended.said.splitlines()[-1].startswith("dreamvid: ")  # one line, and the last
    (out.parent / "ballast").unlink(missing_ok=True)
    if what is harm.move_away:
        (out.parent / "aside").rename(out)
    goes_on(out, whole)


@pytest.mark.parametrize("row", TABLE, ids=name_of)
def test_the_same_command_goes_on(row, whole, tmp_path):
    if row[0] is harm.fill_disk:
        with small_disk(tmp_path / "disk") as disk:
            check_row(row, disk / "out", tmp_path / "log", whole[0])
    else:
        check_row(row, tmp_path / "out", tmp_path / "log", whole[0])


@pytest.mark.parametrize(("number", "films"), [(signal.SIGKILL, 10), (signal.SIGINT, 3)])
def test_signals_at_any_time(number, films, whole, tmp_path):
    """Over a whole life; each film is hit twice, and then finished."""
    reference, seconds = whole
    codes = []
    first = moments(films, seconds, seed=number)
    second = reversed(moments(films, seconds, seed=number + 1))
    for film, times in enumerate(zip(first, second, strict=True)):
        out = tmp_path / str(film)
        for wait in times:
            log = tmp_path / "log"
            log.unlink(missing_ok=True)
            process = start(out, log=log)
            process.join(wait)
            while process.exitcode is None and not log.exists():  # Python itself begins
                time.sleep(0.01)
            if process.exitcode is None and process.pid:
                os.kill(process.pid, number)
            process.join(60)
            codes.append(process.exitcode)
        goes_on(out, reference)
    assert set(codes) <= {0, -number, STOPPED}
    assert any(codes)
