"""A batch, from its jobs to its summary: fill the queue, keep workers at it, watch."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch

from dreamvid.errors import DreamvidError, OutputError
from dreamvid.render.batch import cluster, worker
from dreamvid.render.batch.jobs import Job
from dreamvid.render.batch.queue import Queue, State
from dreamvid.render.batch.ticket import Ticket
from dreamvid.system.device import cores, pick

LOOK = 0.5  # seconds between two looks at the queue
SILENCE = (
    30.0  # that a program may take to end when it is told to, or all is done, and nobody has a job
)

Tickets = dict[str, tuple[State, Ticket]]


@dataclass(frozen=True)
class Program:
    """A process that takes jobs, and what it is told."""

    module: str
    orders: bytes
    environment: dict[str, str]


@dataclass
class _Hand:
    """A program that runs, and is begun again where it dies of a job."""

    program: Program
    log: Path
    process: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        words = [sys.executable, "-m", self.program.module]
        try:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    words,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=os.environ | self.program.environment,
                    start_new_session=True,  # Ctrl-C is for us, who tell it
                )
            assert self.process.stdin
            with suppress(BrokenPipeError):  # it is dead already: its last words say why
                self.process.stdin.write(self.program.orders)
                self.process.stdin.flush()
        except OSError as error:
            raise OutputError(f"{self.log}: {error.strerror}") from None

    def stop(self) -> None:
        """At its next frame; closes the pipe to it."""
        if self.process.stdin and not self.process.stdin.closed:
            with suppress(OSError):
                self.process.stdin.close()

    def last_words(self) -> str:
        with suppress(OSError):
            lines = self.log.read_text("utf-8", "replace").split("\n")[-50:]
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


def local_programs(out: Path, device: str, count: int | None, retries: int) -> list[Program]:
    """One a GPU; on a CPU one, or `count` that share its processors."""
    picked = pick(device)
    gpus = torch.cuda.device_count() if picked.type == "cuda" else 0
    number = count or max(1, gpus)
    threads = max(1, cores() // number) if number > 1 and not gpus else None
    orders = worker.Orders(str(out.resolve()), picked.type, threads, retries)
    shown = (os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpus)))).split(",")
    return [
        Program(
            "dreamvid.render.batch.worker",
            worker.orders_line(orders),
            {"CUDA_VISIBLE_DEVICES": shown[n % gpus]} if gpus else {},
        )
        for n in range(number)
    ]


def ray_program(
    out: Path, device: str, count: int | None, retries: int, address: str | None
) -> list[Program]:
    """Raises PresetError where no cluster can be reached."""
    if address:
        cluster.check_address(address)
    folder, processors = str(out.resolve()), max(count or 1, cores())
    orders = cluster.ClusterOrders(folder, device, count, retries, address, processors)
    environment = cluster.QUIET | ({} if address else cluster.ALONE)
    return [Program("dreamvid.render.batch.cluster", cluster.orders_line(orders), environment)]


def fill(queue: Queue, jobs: Sequence[Job], out: Path, *, retries: int) -> None:
    """Put into the queue what is not there, and what is to be done again.

    Raises ResumeError where the folder holds a job of the same name with other settings.
    """
    queue.release_dead(retries=10**9)
    queue.try_again()
    for job in jobs:
        queue.add(job.name, job.table)
    for name, (state, ticket) in queue.tickets().items():
        files = ticket.result.get("files", [])
        if state == "done" and not all((out / str(path)).exists() for path in files):
            queue.forget(name)


def run_batch(
    queue: Queue,
    programs: Sequence[Program],
    *,
    retries: int,
    show: Callable[[Tickets], None],
    stop: Callable[[], bool],
) -> bool:
    """Keep the programs at work until all is over; False if it was stopped before.

    Args:
        show: told every job's state, again and again.

    Raises DreamvidError where workers die of something that no job is to blame for.
    """
    hands = [
        _Hand(program, queue.folder / f"log-{os.getpid()}-{n}")
        for n, program in enumerate(programs)
    ]
    waited = 0.0
    try:
        while hands and waited < SILENCE:
            if stop():
                for hand in hands:
                    hand.stop()
            over = (stop() or queue.idle) and not queue.claimed
            waited = waited + LOOK if over else 0.0
            show(queue.tickets())
            time.sleep(LOOK)
            hands = [hand for hand in hands if _is_at_work(hand, queue, retries, stop())]
    finally:
        _end(hands)
    show(queue.tickets())
    return queue.idle


def _is_at_work(hand: _Hand, queue: Queue, retries: int, stopping: bool) -> bool:
    """False if it is through. One that a job has killed is begun again."""
    code = hand.process.poll()
    if code is None:
        return True
    hand.stop()
    freed = queue.release_dead(retries=retries)
    if code == 0 or stopping:
        return False
    if not any(f"~{hand.process.pid}~" in ticket.worker for ticket in freed):
        how = f"was killed by signal {-code}" if code < 0 else hand.last_words()
        error = DreamvidError(f"a worker cannot go on: {how or f'exit code {code}'}")
        error.exit_code = code if code > 0 else 1
        raise error
    hand.begin()
    return True


def _end(hands: Sequence[_Hand]) -> None:
    """After an error or a second Ctrl-C: what is not yet in a segment is lost."""
    for hand in hands:
        hand.stop()
    for hand in hands:
        hand.process.terminate()
    for hand in hands:
        try:
            hand.process.wait(30)
        except subprocess.TimeoutExpired:
            hand.process.kill()
            hand.process.wait()
