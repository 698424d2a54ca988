"""Ctrl-C and SIGTERM, where what is done so far is to be kept."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

NOTICE = "stopping soon, and keeping everything; once more stops at once\n"


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """While inside, the first Ctrl-C or SIGTERM only sets what the function tells.

    A second one stops at once; what is lost then is less than a minute's work.
    """
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        with suppress(OSError):  # print may not nest, and nobody may be listening
            os.write(2, NOTICE.encode("ascii"))

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
