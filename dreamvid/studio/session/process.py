"""Process of the worker: begins it, and sees that it ends."""

import os
import signal
import sys
import threading
import traceback
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from dreamvid.errors import DreamvidError
from dreamvid.studio.session.messages import Trouble
from dreamvid.studio.session.worker import Worker
from dreamvid.system.memory import advice, ran_out


def main(pipe: Connection, device: str) -> None:
    """Run the worker in a process of its own, which ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        Worker(pipe, device).run()
    except Exception as error:
        pipe.send(Trouble(_said(error)))
        sys.exit(1)


def _said(error: Exception) -> str:
    if ran_out(error):
        return advice(error)
    if isinstance(error, DreamvidError):
        return str(error)
    traceback.print_exc()  # in the server's terminal, for a report of the fault
    return f"the dream stopped: {type(error).__name__}: {error}"


def _end_with_parent() -> None:
    """Wait for the server's death, however it died, and end; a long dream is not waited for."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
