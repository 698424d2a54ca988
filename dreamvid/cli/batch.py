"""`dreamvid batch`: render many films."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import Device, Json, out_folder
from dreamvid.cli.extra import check_ray
from dreamvid.cli.terminal.console import note, say, say_json, share_progress, table
from dreamvid.cli.terminal.stopping import stop_signals
from dreamvid.errors import DreamvidError, PresetError, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from dreamvid.render.batch.jobs import Job
    from dreamvid.render.batch.queue import Queue
    from dreamvid.render.batch.run import Program, Tickets


def batch(
    jobs: Annotated[Path, Argument(help="a .toml file of presets, seeds, inputs, settings")],
    out: Annotated[
        Path | None, Option(help="folder for the films; default: the file's, or out/JOBS")
    ] = None,
    workers: Annotated[
        int | None, Option(min=1, max=256, help="default: one a GPU; else one, with all processors")
    ] = None,
    device: Device = "auto",
    ray: Annotated[
        bool, Option("--ray", help="on a Ray cluster, or on a Ray started here")
    ] = False,
    address: Annotated[
        str | None, Argument(metavar="[ADDRESS]", help="with --ray: the cluster's")
    ] = None,
    retries: Annotated[
        int, Option(min=0, max=100, help="how often a failed job is tried again")
    ] = 2,
    as_json: Json = False,
    dry_run: Annotated[
        bool, Option("--dry-run", help="check the jobs and list them, and do nothing")
    ] = False,
) -> None:
    """Render many films; the same command goes on, and a second one helps."""
    from dreamvid.render.batch.checks import check_jobs
    from dreamvid.render.batch.jobs import load_jobs

    if address is not None and not ray:
        raise PresetError("ADDRESS", "has no effect without --ray")
    if ray:
        check_ray()
    with share_progress("checking the jobs") as share:
        plan = load_jobs(jobs, share)
    target = out_folder(plan.out if out is None else out, jobs.stem)
    check_jobs(plan.jobs)
    if dry_run:
        _list(plan.jobs, as_json)
        return

    from dreamvid.render.batch.run import local_programs, ray_program

    how = target, device, workers, retries
    programs = ray_program(*how, address) if ray else local_programs(*how)
    _run(plan.jobs, programs, target, retries, as_json)


def _run(
    jobs: "tuple[Job, ...]", programs: "list[Program]", out: Path, retries: int, as_json: bool
) -> None:
    from dreamvid.render.batch.queue import Queue
    from dreamvid.render.batch.run import fill, run_batch

    queue = Queue(out / ".queue")
    with share_progress("writing the queue") as share:
        fill(queue, jobs, out, on_progress=share)
    note(f"{len(jobs)} jobs, into {out}")
    try:
        with stop_signals() as stop, share_progress("batch") as share:
            show = _Show(queue, jobs, share)
            over = run_batch(queue, programs, retries=retries, show=show, stop=stop)
    except KeyboardInterrupt:
        raise Stopped("stopped at once; the same command goes on from there") from None
    _report([job.name for job in jobs], queue.tickets(), out, as_json, over)


class _Show:
    """Progress of a batch: each job's changes, once, and the share of all frames done."""

    def __init__(
        self, queue: "Queue", jobs: "tuple[Job, ...]", share: "Callable[[float], None]"
    ) -> None:
        self.queue, self.share = queue, share
        self.frames = {job.name: job.preset.video.count for job in jobs}
        self.said: dict[str, tuple[str, str]] | None = None

    def __call__(self, tickets: "Tickets") -> None:
        now = {name: (state, ticket.reason) for name, (state, ticket) in tickets.items()}
        for name, (state, reason) in now.items():
            if self.said is not None and self.said.get(name) != (state, reason):
                self._say(name, state, reason)
        self.said = now
        done = sum(self._done(name, *now.get(name, ("todo", ""))) for name in self.frames)
        self.share(done / sum(self.frames.values()))

    def _say(self, name: str, state: str, reason: str) -> None:
        verb = {"claimed": "begins", "done": "done", "failed": "failed", "todo": "waits"}[state]
        why = f": {reason}" if reason and state in ("failed", "todo") else ""
        note(f"{name} {verb}{why}")

    def _done(self, name: str, state: str, reason: str) -> int:
        count = self.frames[name]
        if state in ("done", "failed"):
            return count
        return min(count, self.queue.frames(name)) if state == "claimed" else 0


def _list(jobs: "tuple[Job, ...]", as_json: bool) -> None:
    from dreamvid.render.batch.checks import describe

    rows = [describe(job) for job in jobs]
    if as_json:
        say_json(rows)
    else:
        table(tuple(rows[0]), [tuple(row.values()) for row in rows])


def _report(names: list[str], tickets: "Tickets", out: Path, as_json: bool, over: bool) -> None:
    from dreamvid.render.batch.summary import COLUMNS, records, rows, write_summary

    results = records(names, tickets, out)
    write_summary(out, results)
    if as_json:
        say_json(results)
    else:
        table(COLUMNS, rows(results))
        say(str(out / "summary.json"))
    if not over:
        done = sum(result["state"] == "done" for result in results)
        text = f"stopped; {done} of {len(results)} jobs are done, and the same command goes on"
        raise Stopped(f"{text} from there")
    failed = {name: ticket for name, (state, ticket) in tickets.items() if state == "failed"}
    if failed:
        codes = {ticket.code for ticket in failed.values()}
        error = DreamvidError(f"{len(failed)} of {len(results)} jobs failed: {', '.join(failed)}")
        error.exit_code = codes.pop() or 1 if len(codes) == 1 else 1
        raise error
