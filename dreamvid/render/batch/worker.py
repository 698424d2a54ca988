"""Render jobs from the queue, one after another, until none is left.

Run as a program (`python -m dreamvid.render.batch.worker`) it reads its orders as one line of
JSON from stdin, and stops at the next frame when stdin is closed: by the command that started
it, or by that command's death.
"""

import json
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from dreamvid.errors import BusyError, DreamvidError, ModelError, PresetError, ResumeError
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store
from dreamvid.preset.load import check
from dreamvid.preset.schema import Preset
from dreamvid.render.batch.program import Orders, run_program
from dreamvid.render.batch.queue import Claim, Queue
from dreamvid.render.extend import extend, plan
from dreamvid.render.render import Outcome, Progress, render_film
from dreamvid.system.device import pick
from dreamvid.system.memory import ran_out
from dreamvid.system.process import this_process

BEAT = 5.0  # seconds between two heartbeats
WAIT = 1.0  # seconds before looking again, where other workers have all jobs


@dataclass
class WarmModel:
    """A loader of models that caches the latest one."""

    cached: tuple[object, FeatureModel] | None = None

    def load(self, name: str, device: torch.device) -> FeatureModel:
        key = (store.find(name), name, device)  # with the digest of its file
        if self.cached is None or self.cached[0] != key:
            self.cached = None  # free its memory before the next one is loaded
            self.cached = key, store.load(name, device)
        return self.cached[1]


@dataclass
class _Heartbeat:
    """A thread that beats for a claim, however long a frame takes."""

    claim: Claim
    frames: int = 0
    lost: bool = False  # another process took the job, taking this worker for dead
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "_Heartbeat":
        self.thread = threading.Thread(target=self._beat, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _beat(self) -> None:
        while not self.lost and not self.over.wait(BEAT):
            self.lost = not self.claim.beat(self.frames)


class Witness:
    """Observer of a worker's jobs, which does nothing here; its methods raise no errors."""

    def begin(self, name: str, preset: Preset, out: Path) -> None:
        """Take note of a job before its first frame."""

    def on_frame(self, progress: Progress) -> None:
        """Take note of a frame."""

    def finish(self, outcome: Outcome) -> None:
        """Take note of a finished film."""


def work(orders: Orders, stop: Callable[[], bool], witness: Witness | None = None) -> None:
    """Render what can be had from the queue, until every job is done or failed.

    `stop` is called after each frame; if it returns True, the job is given back. Raises PresetError
    where there is no such device, OutputError or ResumeError for the queue.
    """
    witness = witness or Witness()
    device = pick(orders.device)
    if orders.threads and device.type == "cpu":
        torch.set_num_threads(orders.threads)
    queue, me, model = Queue(Path(orders.out) / ".queue"), this_process(), WarmModel()
    while not stop():
        if claim := queue.take(me):
            render = _Rendering(claim, Path(orders.out), device, model, stop, witness)
            _settle(render, orders.retries)
        elif queue.idle:
            return
        else:  # another worker has it, which may yet fail or die
            time.sleep(WAIT)
            queue.release_dead(retries=orders.retries)


@dataclass(frozen=True)
class _Rendering:
    """Render of a claimed job."""

    claim: Claim
    out: Path
    device: torch.device
    model: WarmModel
    stop: Callable[[], bool]
    witness: Witness

    def run(self) -> tuple[Outcome, bool]:
        """Render the film; True where another process took the job meanwhile. Raises its errors."""
        ticket = self.claim.ticket
        folder = self.out / ticket.name
        with _Heartbeat(self.claim) as heartbeat:

            def show(progress: Progress) -> None:
                heartbeat.frames = max(0, progress.done - progress.leading)
                heartbeat.lost |= not self.claim.beat(heartbeat.frames)
                self.witness.on_frame(progress)

            def stopped() -> bool:
                return self.stop() or heartbeat.lost

            load = self.model.load
            if ticket.to:
                longer = plan(folder, to=ticket.to)
                self.witness.begin(ticket.name, longer.preset, folder)
                how = {"device": self.device, "on_frame": show, "stop": stopped}
                return extend(longer, load_model=load, **how), heartbeat.lost
            preset = check(ticket.preset)
            self.witness.begin(ticket.name, preset, folder)
            outcome = render_film(
                preset,
                folder,
                device=self.device,
                on_frame=show,
                stop=stopped,
                load_model=load,
            )
            return outcome, heartbeat.lost


def _settle(rendering: _Rendering, retries: int) -> None:
    """Render a job, and leave it done, failed or given back."""
    claim, started = rendering.claim, time.monotonic()
    again = claim.ticket.tries <= retries
    try:
        outcome, lost = rendering.run()
        if outcome.finished:
            rendering.witness.finish(outcome)
            claim.finish(_result(outcome, rendering.out, time.monotonic() - started))
        elif not lost:
            claim.give_back()
    except BusyError:  # by a worker that was taken for dead, or by a `render` command
        claim.give_back()
        time.sleep(WAIT)
    except (PresetError, ModelError, ResumeError) as error:  # another try would fail too
        claim.fail(str(error), error.exit_code, again=False)
    except DreamvidError as error:
        claim.fail(str(error), error.exit_code, again=again)
    except Exception as error:
        traceback.print_exc()
        reason = "out of memory" if ran_out(error) else f"{type(error).__name__}: {error}"
        claim.fail(reason, DreamvidError.exit_code, again=again)


def _result(outcome: Outcome, out: Path, seconds: float) -> dict[str, object]:
    """Make a job's result: relative paths of its files, and seconds with those of earlier runs."""
    files = [str(path.relative_to(out)) for path in outcome.files]
    took = json.loads((outcome.out / "run.json").read_text("utf-8")).get("render_seconds", seconds)
    return {"frames": outcome.frames, "render_seconds": took, "seconds": seconds, "files": files}


if __name__ == "__main__":
    run_program(lambda orders, stopped: work(Orders(**orders), stopped.is_set))
