"""A worker that renders nothing: it takes jobs, waits a moment, and says that they are done."""

import sys
import time
from pathlib import Path

from dreamvid.render.batch.program import run_program
from dreamvid.render.batch.queue import Queue
from dreamvid.system.process import this_process


def work(orders, stopped):
    if orders["device"] == "broken":
        sys.exit("there is no such device")
    queue = Queue(Path(orders["out"]) / ".queue")
    while not stopped.is_set():
        if claim := queue.take(this_process()):
            time.sleep(0.02)
            claim.finish({"files": []})
        elif queue.idle:
            return
        else:
            time.sleep(0.02)
            queue.release_dead(retries=orders["retries"])


if __name__ == "__main__":
    run_program(work)
