"""Aside: tasks that need torch, run in a process of their own that stays for the next ones.

The server never imports torch: it would take seconds and hundreds of megabytes, and a stranger's
file is better read where a crash hurts nobody.
"""

import multiprocessing
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from dreamvid.errors import DreamvidError, PresetError

PATIENCE = 120.0  # seconds for a task, with the start of the process
IDLE = 90.0  # seconds without a task, after which the process ends


class Aside:
    """A process for one task at a time, started when it is needed."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience, self._lock = patience, threading.Lock()
        self._process: Any = None
        self._closed = False
        self._pipe: Connection | None = None

    def do(self, task: str, *arguments: Any, **options: Any) -> Any:
        """Run a task of `checks.TASKS`, and return its result: seconds, so call it in a thread.

        Raises the task's DreamvidError; one is also raised where it takes too long, or dies.
        """
        with self._lock:
            if self._closed:
                raise DreamvidError("the studio has ended")
            try:
                failed, result = self._ask((task, arguments, options))
            except (EOFError, OSError):  # it may just have ended for want of tasks
                self._end()
                if self._closed:
                    raise DreamvidError("the studio has ended") from None
                try:
                    failed, result = self._ask((task, arguments, options))
                except (EOFError, OSError):
                    self._end()
                    raise DreamvidError("the process that reads and checks films dies") from None
        if failed:
            raise _error(*result)
        return result

    def close(self) -> None:
        """End the process; a task that it does is given up."""
        self._closed = True
        if process := self._process:
            process.kill()
        with self._lock:
            self._end()

    def _ask(self, request: object) -> tuple[bool, Any]:
        if self._pipe is None:
            self._start()
        assert self._pipe
        self._pipe.send(request)
        if not self._pipe.poll(self._patience):
            self._end()
            raise DreamvidError(f"given up after {self._patience:g} seconds")
        return self._pipe.recv()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._pipe:
            self._pipe.close()
        if self._process:
            self._process.kill()
            self._process.join()
        self._process = self._pipe = None


def _error(option: str | None, message: str) -> DreamvidError:
    if option is None:
        return DreamvidError(message)
    error = PresetError(option, "")
    error.args = (message,)  # which names the option already
    return error


def _serve(pipe: Connection) -> None:
    """Run tasks until the pipe is closed, or none comes for a while."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes the pipe
    from dreamvid.studio.queue.checks import TASKS  # which imports torch

    with suppress(EOFError, OSError):
        while pipe.poll(IDLE):
            task, arguments, options = pipe.recv()
            pipe.send(_answer(TASKS[task], arguments, options))


def _answer(task: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[bool, Any]:
    try:
        return False, task(*arguments, **options)
    except DreamvidError as error:
        return True, (error.option if isinstance(error, PresetError) else None, str(error))
    except Exception as error:
        return True, (None, f"{type(error).__name__}: {error}")
