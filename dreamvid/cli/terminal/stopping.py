"""Ctrl-C and SIGTERM for commands that keep what is done so far."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

NOTICE = "stopping soon, and keeping everything; once more stops at once\n"


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that tells if Ctrl-C or SIGTERM came; a second one stops at once.

    A stop at once loses less than a minute's work.
    """
    received: list[int] = []

    def handle(number: int, _frame: object) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)
        with suppress(OSError):  # print may not nest, and nobody may be listening
            os.write(2, NOTICE.encode("ascii"))

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
