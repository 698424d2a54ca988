"""A worker that renders nothing: it counts frames, and obeys as the real one does."""

import time
from pathlib import Path

from dreamvid.render.batch.program import run_program
from dreamvid.render.batch.queue import Queue
from dreamvid.system.process import this_process


def work(orders, stopped):
    queue = Queue(Path(orders["out"]) / ".queue")
    while not stopped.is_set():
        claim = queue.take(this_process())
        if claim is None:
            if queue.idle:
                return
            time.sleep(0.02)
            queue.release_dead(retries=orders["retries"])
            continue
        preset, count = claim.ticket.preset, claim.ticket.preset["video"]["frames"]
        if "broken" in preset["title"] and not (queue.folder / "mended").exists():
            claim.fail("start.path: there is no picture.png", 2, again=False)
            continue
        done, held = queue.frames(claim.ticket.name), True
        while held and done < count and not stopped.is_set():
            time.sleep(0.02)
            done += 1
            held = claim.beat(done)
        if held and done >= count:
            claim.finish({"frames": count, "files": []})
        elif held:
            claim.give_back()


if __name__ == "__main__":
    run_program(work)
