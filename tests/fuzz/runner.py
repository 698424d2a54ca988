"""A group's families of inputs, in a process of their own.

    python -m tests.fuzz.runner GROUP DIR [FAMILY FIRST COUNT]

Prints a line of JSON for each input that did what none may do, and one for each family in the
end. None may: raise what is no DreamvidError, or one whose text is no short line; go on for
ever; take more memory than there is room for; write outside DIR; open a socket; run a program;
warn in words of a library's; steer the terminal. Input n is the same in every run.
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
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from dreamvid.cli.terminal.console import complain
from dreamvid.errors import DreamvidError
from tests.fuzz.family import Case, Family

SECONDS = 20  # for one input; only a guard against those that never end
WARM = 3  # inputs of each family before the limits hold
ROOM = 3 * 2**30  # bytes of memory beside what the warm process has
LONGEST = 1500  # letters of an error's text, with two paths of this test in it
FORBIDDEN = ("socket.connect", "socket.bind", "subprocess.Popen", "os.system", "os.exec")
FORBIDDEN += ("os.posix_spawn", "os.fork", "pickle.find_class", "urllib.Request")
CHANGES = ("os.mkdir", "os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.truncate")

PRINTED = io.StringIO()  # by Python, while inputs are tried


class Hang(BaseException):
    """Nobody catches it by mistake."""


class Forbidden(BaseException):
    pass


def main(group: str, folder: Path, only: str = "", first: str = "0", count: str = "") -> None:
    families: dict[str, Family] = import_module(f"tests.fuzz.{group}").FAMILIES
    chosen = {only: families[only]} if only else families
    folder = folder.resolve()
    started = {name: family.start(_made(folder / name)) for name, family in chosen.items()}
    # What is imported late is no input's doing. With it comes a part of torch that makes a folder.
    import_module("torchvision.models")
    for name, make in started.items():
        for number in range(WARM):
            with contextlib.suppress(DreamvidError):
                make(Random(f"{name} warm {number}"))()
    out = os.fdopen(os.dup(1), "w", buffering=1)
    said = _catch_words(folder / "said")
    _limit_memory()
    _guard(folder)
    signal.signal(signal.SIGALRM, _hang)
    warnings.simplefilter("error")
    logging.getLogger("dreamvid").handlers[:] = [logging.NullHandler()]  # which warns on purpose
    for name, make in started.items():
        many = int(count or chosen[name].count)
        for number in range(int(first), int(first) + many):
            (folder / "at").write_text(f"{name} {number}")  # whose fault it is if all ends
            case = make(Random(f"{name} {number}"))
            found = _fault(case, said)
            if found:
                print(json.dumps({"family": name, "input": number, "fault": found}), file=out)
        print(json.dumps({"family": name, "tried": many}), file=out, flush=True)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fault(case: Case, said: int) -> str | None:
    """What an input did that it must not."""
    before = os.fstat(said).st_size
    faulthandler.dump_traceback_later(
        3 * SECONDS, exit=True, file=2
    )  # where no Python runs any more
    signal.alarm(SECONDS)
    fault = None
    try:
        case()
    except DreamvidError as error:
        fault = _unfit(error)
    except BaseException as error:
        fault = "".join(traceback.format_exception(error)[-6:])[-3000:]
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
    return fault or _words(said, before)


def _words(said: int, before: int) -> str | None:
    """What was printed; of a library in C, plain text may stand."""
    printed = PRINTED.getvalue()
    PRINTED.seek(0)
    PRINTED.truncate()
    written = os.pread(said, 100_000, before).decode("utf-8", "replace")
    if printed or not written.replace("\n", "").isprintable():
        return f"words on the terminal: {(printed or written)[:500]!r}"
    return None


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
    faulthandler.enable(2)
    sys.stdout = sys.stderr = PRINTED
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
        if not f"{whole}/".startswith(f"{root}/") and whole != os.devnull:
            yield whole


def _hang(*_: object) -> None:
    raise Hang(f"no end after {SECONDS} seconds")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
