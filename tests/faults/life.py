"""A tiny render as a user starts it, in a process of its own that is not like any other's.

Processes are forked from one that has imported all it needs, so that each costs a render only.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.support.small_film import SMALL, packets

FILMS = ("forward.mp4", "reverse.mp4")
STOPPED = 130  # exit code

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "tests.faults.warm"])

Fault = Callable[[Path], None]
"""Sets a trap in the process that renders into a folder."""


@dataclass(frozen=True)
class Ended:
    code: int  # the exit code; a signal's number, negative
    said: str  # on both streams


def none(out: Path) -> None:
    """Nothing goes wrong."""


def start(out: Path, fault: Fault = none, log: Path | None = None):
    """The render's process; the same command each time."""
    words = ["render", "quickstart", "--out", str(out), "--device", "cpu"]
    for setting in SMALL:
        words += ["--set", setting]
    log = log or out.with_name(f"{out.name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    process = FORKS.Process(target=_run, args=(words, str(log), fault, out))
    process.start()
    return process


def rendered(out: Path, fault: Fault = none, log: Path | None = None) -> Ended:
    """As `start`, to its end."""
    log = log or out.with_name(f"{out.name}.log")
    process = start(out, fault, log)
    process.join(120)
    assert process.exitcode is not None, "hangs"
    return Ended(process.exitcode, log.read_text())


def _run(words: list[str], log: str, fault: Fault, out: Path) -> None:
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    try:
        from dreamvid.cli import main

        fault(out)
    except KeyboardInterrupt:  # no command is running yet
        os._exit(STOPPED)
    os._exit(main(words))


def check_alike(out: Path, whole: Path) -> None:
    """The films are the uninterrupted run's, packet for packet, and nothing half is left."""
    for name in FILMS:
        assert packets(out / name) == packets(whole / name), name
    for name in ("loop.gif", "poster.png"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    assert not [path for path in out.rglob("*") if path.name.endswith(".partial")]


def goes_on(out: Path, whole: Path) -> None:
    """The same command finishes it."""
    ended = rendered(out, log=out.parent / "again.log" if out.parent.exists() else None)
    assert ended.code == 0, ended.said
    check_alike(out, whole)


def moments(count: int, longest: float, seed: int = 7) -> list[float]:
    """Seconds, spread over a life and beyond its end by a little."""
    rng = random.Random(seed)
    return [(n + rng.random()) / count * longest for n in range(count)]
