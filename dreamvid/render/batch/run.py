"""Run a batch: fill its queue and keep worker processes running until it is empty."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dreamvid.errors import DreamvidError, OutputError
from dreamvid.render.batch import cluster
from dreamvid.render.batch.jobs import Job
from dreamvid.render.batch.program import Orders
from dreamvid.render.batch.queue import Queue, State
from dreamvid.render.batch.ticket import Ticket

POLL = 0.5  # seconds between two checks of the queue
GRACE = 30.0  # seconds that programs without a job may take to end
DEATHS = 30  # of programs in a row that no job came of, before the batch is given up
FAULTS = 3  # the same, of programs that end with an error of their own
HOPELESS = (2, 3, 5)  # exit codes of errors that another try would meet too

Tickets = dict[str, tuple[State, Ticket]]


@dataclass(frozen=True)
class Program:
    """A worker program: its module, the orders on its stdin, and its environment."""

    module: str
    orders: Orders | cluster.ClusterOrders
    environment: dict[str, str]


@dataclass
class _Process:
    """A running program, restarted where a job kills it."""

    program: Program
    log: Path
    popen: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        argv = [sys.executable, "-m", self.program.module]
        try:
            with self.log.open("ab") as log:
                self.popen = subprocess.Popen(
                    argv,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    env=os.environ | self.program.environment,
                    start_new_session=True,  # so that Ctrl-C reaches this process alone
                )
            assert self.popen.stdin
            with suppress(BrokenPipeError):  # it is dead already; its log says why
                orders = json.dumps(asdict(self.program.orders))
                self.popen.stdin.write(orders.encode() + b"\n")
                self.popen.stdin.flush()
        except OSError as error:
            raise OutputError(f"{self.log}: {error.strerror}") from None

    def stop(self) -> None:
        """Ask the program to stop at its next frame, by closing its stdin."""
        if self.popen.stdin and not self.popen.stdin.closed:
            with suppress(OSError):
                self.popen.stdin.close()

    def last_line(self) -> str:
        with suppress(OSError):
            lines = self.log.read_text("utf-8", "replace").split("\n")[-50:]
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


def local_programs(out: Path, device: str, count: int | None, retries: int) -> list[Program]:
    """Make worker programs: one a GPU, or on a CPU `count` that share its cores."""
    import torch

    from dreamvid.system.device import cores, pick

    picked = pick(device)
    gpus = torch.cuda.device_count() if picked.type == "cuda" else 0
    number = count or max(1, gpus)
    threads = max(1, cores() // number) if number > 1 and not gpus else None
    orders = Orders(str(out.resolve()), picked.type, threads, retries)
    visible = (os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpus)))).split(",")
    return [
        Program(
            "dreamvid.render.batch.worker",
            orders,
            {"CUDA_VISIBLE_DEVICES": visible[n % gpus]} if gpus else {},
        )
        for n in range(number)
    ]


def ray_program(
    out: Path, device: str, count: int | None, retries: int, address: str | None
) -> list[Program]:
    """Make the program that runs workers on a Ray cluster; raises PresetError without one."""
    from dreamvid.system.device import cores  # which imports torch

    if address:
        cluster.check_address(address)
    folder, processors = str(out.resolve()), max(count or 1, cores())
    orders = cluster.ClusterOrders(folder, device, count, retries, address, processors)
    environment = cluster.QUIET | ({} if address else cluster.ALONE)
    return [Program("dreamvid.render.batch.cluster", orders, environment)]


def fill(
    queue: Queue,
    jobs: Sequence[Job],
    out: Path,
    *,
    on_progress: Callable[[float], None] = lambda share: None,
) -> None:
    """Add the jobs to the queue, and put failed jobs and those with missing films back.

    `on_progress` is called with the share of the jobs added.

    Raises ResumeError where the queue has a job of the same name with other settings.
    """
    queue.release_dead(retries=10**9)
    queue.try_again()
    for number, job in enumerate(jobs, 1):
        queue.add(job.name, job.table)
        on_progress(number / len(jobs))
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
    """Keep the programs running until all jobs are over; False if it was stopped before.

    Calls `show` with every job's state at each check. A program that dies is started again,
    whatever it was doing: its job may have been put back by another worker already. Raises
    DreamvidError where programs keep dying and no job comes of it.
    """
    processes = [
        _Process(program, queue.folder / f"log-{os.getpid()}-{n}")
        for n, program in enumerate(programs)
    ]
    waited, deaths = 0.0, _Deaths()
    try:
        while processes and waited < GRACE:
            if stop():
                for process in processes:
                    process.stop()
            over = (stop() or queue.idle) and not queue.claimed
            waited = waited + POLL if over else 0.0
            tickets = queue.tickets()
            show(tickets)
            deaths.forget_after_progress(tickets)
            time.sleep(POLL)
            ended = [process for process in processes if process.popen.poll() is not None]
            for process in ended:
                process.stop()
                queue.release_dead(retries=retries)
                if stop() or queue.idle:
                    processes.remove(process)
                    continue
                deaths.add(process)
                process.begin()
    finally:
        _end(processes)
    show(queue.tickets())
    return queue.idle


@dataclass
class _Deaths:
    """Count of the programs that died since a job was last begun or ended."""

    count: int = 0
    faults: int = 0
    seen: tuple[int, int] = (0, 0)

    def forget_after_progress(self, tickets: Tickets) -> None:
        over = sum(state in ("done", "failed") for state, _ in tickets.values())
        now = over, sum(ticket.tries for _, ticket in tickets.values())
        if now != self.seen:
            self.count, self.faults, self.seen = 0, 0, now

    def add(self, process: _Process) -> None:
        """Count the death of a program; raises DreamvidError after too many."""
        code = process.popen.poll() or 0
        self.count += 1
        self.faults += code > 0
        if self.count <= DEATHS and self.faults <= FAULTS and code not in HOPELESS:
            return
        how = f"was killed by signal {-code}" if code < 0 else process.last_line()
        error = DreamvidError(f"a worker cannot go on: {how or f'exit code {code}'}")
        error.exit_code = code if code > 0 else 1
        raise error


def _end(processes: Sequence[_Process]) -> None:
    """End all programs after an error or a second Ctrl-C; frames in no segment are lost."""
    for process in processes:
        process.stop()
    for process in processes:
        process.popen.terminate()
    for process in processes:
        try:
            process.popen.wait(30)
        except subprocess.TimeoutExpired:
            process.popen.kill()
            process.popen.wait()
