"""Process in the place of the worker's, without torch: it plays what films tell it to."""

import os
import signal
import sys
import time

from dreamvid.studio.session.messages import Built, Condition, Film, GiveWay, Go, Position, Trouble

SLEEP = 3.0


def main(pipe, device):
    pipe.send(Condition("ready"))
    try:
        while True:
            order = pipe.recv()
            if isinstance(order, Film):
                _build(pipe, order)
            elif isinstance(order, Go):
                pipe.send(Position(order.to == "play", 0, 0, 0))
            elif isinstance(order, GiveWay):
                pipe.send(Trouble(f"gives way: {order.on}"))
    except EOFError:
        sys.exit()


def _build(pipe, film):
    match film.table.get("do"):
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "tell":
            pipe.send(Trouble("memory is short"))
            sys.exit(1)
        case "sleep":
            time.sleep(SLEEP)
    pipe.send(Built(film.revision, 8, 8, 1, 24.0, False, False, (str(film.restart),)))
