"""One family of inputs in a process of its own: python -m tests.fuzz.runner FAMILY FIRST COUNT DIR

Prints a line of JSON for each input that did what none may do, and "done" in the end:
an exception that is no DreamvidError, one whose text is no short line, a hang, more memory than
there is room for, a file written outside DIR, a socket, a program run, or words of a library
on the terminal. Input n is the same in every run, whatever was before it.
"""

import contextlib
import faulthandler
import io
import json
import logging
import os
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from dreamvid.cli.console import complain
from dreamvid.errors import DreamvidError
from tests.fuzz.families import FAMILIES

SECONDS = 20  # for one input; only a guard against those that never end
ROOM = 3 * 2**30  # bytes of memory beside what the warm process has
LONGEST = 1500  # letters of an error's text, with two paths of this test in it
FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.exec")
FORBIDDEN += ("os.posix_spawn", "os.fork", "pickle.find_class", "urllib.Request")
CHANGES = ("os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate")


class Hang(BaseException):
    """Nobody catches it by mistake."""


class Forbidden(BaseException):
    pass


def main(family: str, first: int, count: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    make = FAMILIES[family].start(folder)
    make(Random(f"{family} warm"))  # what is imported late is not counted as an input's memory
    faulthandler.enable()
    out = os.fdopen(os.dup(1), "w")
    said = _catch_words(folder / "said")
    _limit_memory()
    _guard(folder)
    signal.signal(signal.SIGALRM, _hang)
    warnings.simplefilter("error")
    logging.getLogger("dreamvid").handlers[:] = [logging.NullHandler()]  # which warns on purpose
    for number in range(first, first + count):
        (folder / "at").write_text(str(number))  # whose fault it is if the process dies
        case = make(Random(f"{family} {number}"))
        faulthandler.dump_traceback_later(3 * SECONDS, exit=True)
        found = _fault(case, said)
        faulthandler.cancel_dump_traceback_later()
        if found:
            print(json.dumps({"input": number, "fault": found}), file=out, flush=True)
    print("done", file=out, flush=True)


def _fault(case: Callable[[], object], said: int) -> str | None:
    """What an input did that it must not."""
    before = os.fstat(said).st_size
    try:
        signal.alarm(SECONDS)
        case()
    except DreamvidError as error:
        fault = _unfit(error)
    except BaseException as error:
        fault = "".join(traceback.format_exception(error)[-6:])[-3000:]
    else:
        fault = None
    finally:
        signal.alarm(0)
    sys.stdout.flush()
    sys.stderr.flush()
    if not fault and os.fstat(said).st_size > before:
        fault = f"words on the terminal: {os.pread(said, 500, before)!r}"
    return fault


def _unfit(error: DreamvidError) -> str | None:
    """Whether its text is no short line, or more than that reaches a terminal."""
    shown = io.StringIO()
    with contextlib.redirect_stderr(shown):
        complain(str(error))
    line = shown.getvalue().removesuffix("\n")
    if not line.isprintable() or len(line) > LONGEST or len(str(error)) > LONGEST:
        return f"not a line that may be shown, {len(str(error))} letters: {line[:2000]!r}"
    return None


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _catch_words(path: Path) -> int:
    """Let everything that the process and its libraries print go to a file; its number."""
    said = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(said, 1)
    os.dup2(said, 2)
    return said


def _guard(folder: Path) -> None:
    root = os.path.realpath(folder)

    def watch(event: str, words: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise Forbidden(f"{event} {words!r:.200}")
        if event in CHANGES or (event == "open" and _writes(words)):
            for path in _paths(words[0], root):
                raise Forbidden(f"{event} {path!r:.200}, outside its folder")

    sys.addaudithook(watch)


def _writes(words: tuple[Any, ...]) -> bool:
    _path, _mode, flags = words
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def _paths(path: Any, root: str) -> Iterator[str]:
    """The path, if it leads outside."""
    if isinstance(path, str | bytes | os.PathLike):
        whole = os.path.realpath(os.fsdecode(path))
        if not whole.startswith(root + os.sep) and whole != os.devnull:
            yield whole


def _hang(*_: object) -> None:
    raise Hang(f"no end after {SECONDS} seconds")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
