"""Run workers as actors on a Ray cluster, over storage that all its machines share.

It is a program (`python -m dreamvid.render.batch.cluster`), as `worker` is, so Ray's output goes
to a log and its threads end with the program. Only orders and paths pass through Ray, no frames.
"""

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, PresetError, quote
from dreamvid.render.batch.program import run_program
from dreamvid.render.batch.queue import Queue
from dreamvid.system.process import Process, this_process

POLL = 1.0  # seconds between two checks of the actors
DEATHS = 30  # of an actor that has not started yet, before it is given up
REACH = 5.0  # seconds in which a cluster must answer
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}  # environment, which Ray reads when it is imported
# On Linux Ray listens to the whole network, whatever address it is given, in case others join.
# On macOS and Windows it listens to 127.0.0.1 only; this variable makes it do so on Linux too.
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
STORE = 80 * 2**20  # bytes of shared memory, the least that Ray takes


@dataclass(frozen=True)
class ClusterOrders:
    """Settings of the program."""

    out: str
    device: str
    workers: int | None
    retries: int
    address: str | None  # None: start Ray on this machine
    processors: int  # for a Ray on this machine


class Actor:
    """A worker on one device, with its model cached."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self.working = threading.Lock()

    def who(self) -> tuple[str, int, int]:
        me = this_process()
        return me.host, me.pid, me.born

    def work(self, orders: dict[str, Any]) -> None:
        from dreamvid.render.batch.worker import Orders, work

        with self.working:  # Ray may take the actor for dead and call again
            work(Orders(**orders), self.stopped.is_set)

    def stop(self) -> None:
        self.stopped.set()


class _Process:
    """An actor and its task; Ray restarts an actor that dies."""

    def __init__(self, actor: Any, orders: dict[str, Any]) -> None:
        self.actor, self.orders = actor, orders
        self.who: Process | None = None
        self.task: Any = None

    def begin(self, stopped: threading.Event) -> bool:
        """Start working; False if `stopped` is set before the cluster has room for the actor.

        Raises DreamvidError where the actor keeps dying.
        """
        import ray
        from ray.exceptions import ActorUnavailableError, RayActorError

        reply, deaths = self.actor.who.remote(), 0
        while not stopped.is_set():
            if not ray.wait([reply], timeout=POLL)[0]:
                continue
            try:
                self.who = Process(*ray.get(reply))
            except RayActorError as error:  # Ray is still restarting it
                deaths += not isinstance(error, ActorUnavailableError)
                if deaths > DEATHS:
                    reason = " ".join(str(error).split())
                    raise DreamvidError(f"--ray: a worker does not start: {reason}") from None
                stopped.wait(POLL)
                reply = self.actor.who.remote()
            else:
                self.task = self.actor.work.remote(self.orders)
                return True
        return False


def run(orders: ClusterOrders, stopped: threading.Event) -> None:
    """Work until the queue is empty; raises PresetError, and what a worker raises."""
    import ray

    _connect(orders)
    try:
        processes = [one for one in _make_actors(orders) if one.begin(stopped)]
        queue = Queue(Path(orders.out) / ".queue")
        while processes:
            if stopped.is_set():
                for process in processes:
                    process.actor.stop.remote()
            ready, _ = ray.wait([process.task for process in processes], timeout=POLL)
            over = [process for process in processes if process.task in ready]
            processes = [p for p in processes if p not in over or _goes_on(p, queue, stopped)]
    finally:
        ray.shutdown()


def _goes_on(process: _Process, queue: Queue, stopped: threading.Event) -> bool:
    """Check on a task that is over: restart it if its actor died; False if its work is done."""
    import ray
    from ray.exceptions import RayActorError, RayTaskError

    try:
        ray.get(process.task)
    except RayActorError:
        queue.release_dead(retries=process.orders["retries"], worker=process.who)
        return process.begin(stopped)
    except RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, DreamvidError) else DreamvidError(str(cause))) from None
    return False


def _connect(orders: ClusterOrders) -> None:
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if orders.address:
        try:
            ray.init(address=orders.address, **quiet)
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            raise PresetError("--ray", f"{orders.address}: {reason}") from None
        return
    own: dict[str, Any] = {"num_cpus": orders.processors, "object_store_memory": STORE}
    ray.init(address="local", include_dashboard=False, **own, **quiet)


def check_address(address: str) -> None:
    """Raise PresetError where nothing answers; Ray itself would try for minutes."""
    if address in ("auto", "local"):  # on this machine, which Ray finds itself
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 2**16:
        raise PresetError("--ray", f"{quote(address)} is no address", "give HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: not a host's name
        reason = getattr(error, "strerror", None) or "it does not answer"
        problem = f"nothing can be reached at {quote(address)}: {reason}"
        raise PresetError("--ray", problem, "give the HOST:PORT of a Ray that runs") from None


def _make_actors(orders: ClusterOrders) -> list[_Process]:
    """Make an actor for each GPU, or --workers actors that share the CPU cores."""
    import ray

    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    cpus = [int(machine.get("CPU", 0)) for machine in machines]
    gpus = sum(int(machine.get("GPU", 0)) for machine in machines)
    on_gpu = orders.device == "cuda" or (orders.device == "auto" and gpus > 0)
    count = orders.workers or (gpus if on_gpu else sum(cpu > 0 for cpu in cpus))
    each = 0 if on_gpu else processors_each(cpus, count)
    if count > gpus if on_gpu else not each:
        device, there = ("GPU", gpus) if on_gpu else ("processor", sum(cpus))
        problem = f"{count} workers want a {device} each, and the cluster has {there}"
        raise PresetError("--ray", problem)
    wants = {"num_gpus": 1, "num_cpus": 0} if on_gpu else {"num_cpus": each}
    make = ray.remote(Actor).options(max_restarts=-1, max_concurrency=4, **wants)
    own = {"out": orders.out, "device": "cuda" if on_gpu else orders.device}
    own |= {"retries": orders.retries, "threads": each or None}
    return [_Process(actor, own) for actor in [make.remote() for _ in range(count)]]


def processors_each(cpus: Sequence[int], count: int) -> int:
    """The most cores that each of `count` workers can have on machines of `cpus`; 0: too few."""
    fitting = (each for each in range(max(cpus, default=0), 0, -1))
    return next((each for each in fitting if sum(cpu // each for cpu in cpus) >= count), 0)


if __name__ == "__main__":
    run_program(lambda orders, stopped: run(ClusterOrders(**orders), stopped))
