"""Worker programs: they read their orders from stdin, and stop when it is closed."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dreamvid.errors import DreamvidError


@dataclass(frozen=True)
class Orders:
    """Settings of a worker."""

    out: str
    device: str = "auto"
    threads: int | None = None  # torch's on a CPU; None: its own choice
    retries: int = 2


def run_program(run: Callable[[dict[str, Any], threading.Event], None]) -> None:
    """Run a worker program, and end the process with its exit code.

    `run` gets the orders, one line of JSON on stdin, and an event that is set when stdin is closed
    or SIGTERM arrives.
    """
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)  # the command that started the program decides
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    logging.basicConfig(level=logging.WARNING)
    orders = json.loads(sys.stdin.readline())

    def listen() -> None:
        sys.stdin.read()
        stopped.set()

    threading.Thread(target=listen, daemon=True).start()
    code = 0
    try:
        run(orders, stopped)
    except DreamvidError as error:
        print(error, file=sys.stderr)
        code = error.exit_code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Python would wait for stdin, which the listening thread holds
