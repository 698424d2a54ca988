"""A worker: takes jobs from the queue, one after another, until nothing is left to do.

Run as a program (`python -m dreamvid.render.batch.worker`) it reads what to do as one line of JSON
from stdin, and stops at a frame when stdin ends: when it is told to, or when whoever began it
is dead.
"""

import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from dreamvid.errors import (
    BusyError,
    DreamvidError,
    ModelError,
    PresetError,
    ResumeError,
)
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store
from dreamvid.preset.load import check
from dreamvid.render.batch.identity import this_worker
from dreamvid.render.batch.queue import Claim, Queue
from dreamvid.render.render import Outcome, Progress, render_film
from dreamvid.system.device import pick
from dreamvid.system.memory import ran_out

logger = logging.getLogger(__name__)

BEAT = 5.0  # seconds between two signs of life
WAIT = 1.0  # before looking again, where others have all that is left


@dataclass(frozen=True)
class Orders:
    """What a worker is told."""

    out: str
    device: str = "auto"
    threads: int | None = None  # of torch on a CPU; None: as many as torch likes
    retries: int = 2


@dataclass
class WarmModel:
    """As `store.load`, but the latest model stays."""

    kept: tuple[object, FeatureModel] | None = None

    def load(self, name: str, device: torch.device) -> FeatureModel:
        key = (store.find(name), name, device)  # its file's digest is in it
        if self.kept is None or self.kept[0] != key:
            self.kept = None  # before the next one takes memory
            self.kept = key, store.load(name, device)
        return self.kept[1]


@dataclass
class _Life:
    """A thread that tells that a claim is worked on, whatever a frame takes."""

    claim: Claim
    frames: int = 0
    lost: bool = False  # somebody took it away, thinking that we are dead
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "_Life":
        self.thread = threading.Thread(target=self._beat, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _beat(self) -> None:
        while not self.lost and not self.over.wait(BEAT):
            self.lost = not self.claim.beat(self.frames)


def work(orders: Orders, stop: Callable[[], bool]) -> None:
    """Render what can be had from the queue, until every job is done or failed.

    Args:
        stop: asked after each frame; if it says so, the film is kept and given back.

    Raises:
        PresetError: there is no such device. OutputError, ResumeError: of the queue itself.
    """
    device = pick(orders.device)
    if orders.threads and device.type == "cpu":
        torch.set_num_threads(orders.threads)
    queue, me, model = Queue(Path(orders.out) / ".queue"), this_worker(), WarmModel()
    while not stop():
        if claim := queue.take(me):
            _render(claim, Path(orders.out), device, orders.retries, model, stop)
        elif queue.idle:
            return
        else:  # somebody else's: it may yet fail or die, and come back
            time.sleep(WAIT)
            queue.release_dead(retries=orders.retries)


def _render(
    claim: Claim,
    out: Path,
    device: torch.device,
    retries: int,
    model: WarmModel,
    stop: Callable[[], bool],
) -> None:
    """One job, whatever becomes of it."""
    name, begun = claim.ticket.name, time.monotonic()
    again = claim.ticket.tries <= retries
    try:
        with _Life(claim) as life:

            def show(progress: Progress) -> None:
                life.frames = max(0, progress.done - progress.leading)
                claim.beat(life.frames)

            outcome = render_film(
                check(claim.ticket.preset),
                out / name,
                device=device,
                on_frame=show,
                stop=lambda: stop() or life.lost,
                load_model=model.load,
            )
        if outcome.finished:
            claim.finish(_result(outcome, out, time.monotonic() - begun))
        elif not life.lost:
            claim.give_back()
    except BusyError:  # by one that was thought to be dead, or by a plain render
        claim.give_back()
        time.sleep(WAIT)
    except (PresetError, ModelError, ResumeError) as error:  # no better the next time
        claim.fail(str(error), error.exit_code, again=False)
    except DreamvidError as error:
        claim.fail(str(error), error.exit_code, again=again)
    except Exception as error:
        traceback.print_exc()
        reason = "out of memory" if ran_out(error) else f"{type(error).__name__}: {error}"
        claim.fail(reason, DreamvidError.exit_code, again=again)


def _result(outcome: Outcome, out: Path, seconds: float) -> dict[str, object]:
    """Paths of files from the batch's folder, and what the film took, earlier runs included."""
    files = [str(path.relative_to(out)) for path in outcome.files]
    took = json.loads((outcome.out / "run.json").read_text("utf-8")).get("render_seconds", seconds)
    return {"frames": outcome.frames, "render_seconds": took, "seconds": seconds, "files": files}


def main() -> int:
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)  # the command that began us decides
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    logging.basicConfig(level=logging.WARNING)
    orders = Orders(**json.loads(sys.stdin.readline()))

    def listen() -> None:
        sys.stdin.read()
        told.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        work(orders, told.is_set)
    except DreamvidError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def orders_line(orders: Orders) -> bytes:
    return json.dumps(asdict(orders)).encode() + b"\n"


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the thread that listens holds stdin, which Python would wait for
