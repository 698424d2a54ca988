"""The same workers as actors on a Ray cluster, over storage that all its machines see.

A program of its own (`python -m dreamvid.render.batch.cluster`), as `worker` is: what Ray
prints goes to a log, and its threads end with it. What passes through Ray is orders and paths,
no frames.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, PresetError, quote
from dreamvid.render.batch.identity import Worker, this_worker
from dreamvid.render.batch.queue import Queue

LOOK = 1.0  # seconds between two looks at the actors
DEATHS = 30  # of an actor in a row, before it has done anything: it will not live
REACH = 5.0  # seconds in which a cluster is to answer
QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}  # as environment: Ray reads it when it is imported
# On Linux a Ray listens to the whole network, whatever address it is given, in case others join.
# On macOS and Windows this is off, and by the same name it is switched off on Linux: 127.0.0.1.
ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
STORE = 80 * 2**20  # bytes of shared memory, the least Ray takes: no frame passes through it


@dataclass(frozen=True)
class ClusterOrders:
    out: str
    device: str
    workers: int | None
    retries: int
    address: str | None  # None: a Ray of our own, on this machine
    processors: int  # for that one


class Actor:
    """A worker on one device; its model stays warm as long as it lives."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.at_work = threading.Lock()

    def who(self) -> tuple[str, int, int]:
        me = this_worker()
        return me.host, me.pid, me.born

    def work(self, orders: dict[str, Any]) -> None:
        from dreamvid.render.batch.worker import Orders, work

        with self.at_work:  # where Ray took it for dead, and begins anew
            work(Orders(**orders), self.told.is_set)

    def stop(self) -> None:
        self.told.set()


class _Hand:
    """An actor and what it is at; Ray makes it anew where it dies."""

    def __init__(self, actor: Any, orders: dict[str, Any]) -> None:
        self.actor, self.orders = actor, orders
        self.who: Worker | None = None
        self.task: Any = None

    def begin(self, told: threading.Event) -> bool:
        """False if it was told to stop before the cluster had room for the actor.

        Raises DreamvidError where the actor dies again and again.
        """
        import ray
        from ray.exceptions import ActorUnavailableError, RayActorError

        asked, deaths = self.actor.who.remote(), 0
        while not told.is_set():
            if not ray.wait([asked], timeout=LOOK)[0]:
                continue
            try:
                self.who = Worker(*ray.get(asked))
            except RayActorError as error:  # Ray is still making it anew
                deaths += not isinstance(error, ActorUnavailableError)
                if deaths > DEATHS:
                    reason = " ".join(str(error).split())
                    raise DreamvidError(f"--ray: a worker does not start: {reason}") from None
                told.wait(LOOK)
                asked = self.actor.who.remote()
            else:
                self.task = self.actor.work.remote(self.orders)
                return True
        return False


def run(orders: ClusterOrders, told: threading.Event) -> None:
    """Work until the queue is empty; raises what a worker raises, and PresetError."""
    import ray

    _connect(orders)
    try:
        hands = [hand for hand in _hire(orders) if hand.begin(told)]
        queue = Queue(Path(orders.out) / ".queue")
        while hands:
            if told.is_set():
                for hand in hands:
                    hand.actor.stop.remote()
            ready, _ = ray.wait([hand.task for hand in hands], timeout=LOOK)
            over = [hand for hand in hands if hand.task in ready]
            hands = [hand for hand in hands if hand not in over or _goes_on(hand, queue, told)]
    finally:
        ray.shutdown()


def _goes_on(hand: _Hand, queue: Queue, told: threading.Event) -> bool:
    """False if it is through; a dead one's job is put back, and its successor begins."""
    import ray
    from ray.exceptions import RayActorError, RayTaskError

    try:
        ray.get(hand.task)
    except RayActorError:
        queue.release_dead(retries=hand.orders["retries"], worker=hand.who)
        return hand.begin(told)
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
    """Raises PresetError where nobody listens: Ray itself would try for minutes."""
    if address in ("auto", "local"):  # it looks for one on this machine
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) < 2**16:
        raise PresetError("--ray", f"{quote(address)} is no address", "give HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH).close()
    except (OSError, UnicodeError) as error:  # UnicodeError: of a name that no host can have
        reason = getattr(error, "strerror", None) or "it does not answer"
        problem = f"nothing can be reached at {quote(address)}: {reason}"
        raise PresetError("--ray", problem, "give the HOST:PORT of a Ray that runs") from None


def _hire(orders: ClusterOrders) -> list[_Hand]:
    """One actor a device: a GPU, or what --workers leaves each of the processors."""
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
    mine = {"out": orders.out, "device": "cuda" if on_gpu else orders.device}
    mine |= {"retries": orders.retries, "threads": each or None}
    return [_Hand(actor, mine) for actor in [make.remote() for _ in range(count)]]


def processors_each(cpus: Sequence[int], count: int) -> int:
    """The most that each of `count` workers can have on machines of `cpus`; 0: too few."""
    fitting = (each for each in range(max(cpus, default=0), 0, -1))
    return next((each for each in fitting if sum(cpu // each for cpu in cpus) >= count), 0)


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    orders = ClusterOrders(**json.loads(sys.stdin.readline()))

    def listen() -> None:
        sys.stdin.read()
        told.set()

    threading.Thread(target=listen, daemon=True).start()
    try:
        run(orders, told)
    except DreamvidError as error:
        print(error, file=sys.stderr, flush=True)
        return error.exit_code
    return 0


def orders_line(orders: ClusterOrders) -> bytes:
    return json.dumps(asdict(orders)).encode() + b"\n"


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the thread that listens holds stdin, which Python would wait for
