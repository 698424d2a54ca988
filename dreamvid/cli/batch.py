from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dreamvid.cli.arguments import Device, Json, out_folder
from dreamvid.cli.terminal.console import note, say, say_json, share_progress, table
from dreamvid.cli.terminal.stopping import stop_signals
from dreamvid.errors import DreamvidError, PresetError, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from dreamvid.render.batch.jobs import Job
    from dreamvid.render.batch.queue import Queue
    from dreamvid.render.batch.run import Program, Tickets


def batch(
    jobs: Annotated[Path, typer.Argument(help="a .toml file of presets, seeds, inputs, settings")],
    out: Annotated[
        Path | None, typer.Option(help="folder for the films; default: the file's, or out/JOBS")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, help="default: one a GPU; else one, with all processors"),
    ] = None,
    device: Device = "auto",
    ray: Annotated[
        bool, typer.Option("--ray", help="on a Ray cluster, or a Ray begun here")
    ] = False,
    address: Annotated[
        str | None, typer.Argument(metavar="[ADDRESS]", help="with --ray: the cluster's")
    ] = None,
    retries: Annotated[
        int, typer.Option(min=0, max=100, help="how often a job that failed is tried again")
    ] = 2,
    as_json: Json = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check the jobs and list them, and do nothing")
    ] = False,
) -> None:
    """Render many films; the same command goes on, and a second one helps."""
    from dreamvid.render.batch.jobs import load_jobs

    if address is not None and not ray:
        raise PresetError("ADDRESS", "has no effect without --ray")
    if ray:
        from dreamvid.cli.extra import check_ray

        check_ray()
    asked = load_jobs(jobs)
    target = out_folder(asked.out if out is None else out, jobs.stem)

    from dreamvid.render.batch.checks import check_jobs

    check_jobs(asked.jobs)
    if dry_run:
        _list(asked.jobs, as_json)
        return

    from dreamvid.render.batch.queue import Queue
    from dreamvid.render.batch.run import fill, local_programs, ray_program, run_batch

    programs: list[Program]
    if ray:
        programs = ray_program(target, device, workers, retries, address)
    else:
        programs = local_programs(target, device, workers, retries)
    queue = Queue(target / ".queue")
    fill(queue, asked.jobs, target, retries=retries)
    note(f"{len(asked.jobs)} jobs, into {target}")
    try:
        with stop_signals() as stop, share_progress("batch") as share:
            show = _Show(queue, asked.jobs, share)
            over = run_batch(queue, programs, retries=retries, show=show, stop=stop)
    except KeyboardInterrupt:
        raise Stopped("stopped at once; the same command goes on from there") from None
    _tell([job.name for job in asked.jobs], queue.tickets(), target, as_json, over)


class _Show:
    """Tells of each job's changes once, and of the share of all frames that is done."""

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
        words = {"claimed": "begins", "done": "done", "failed": "failed", "todo": "waits"}[state]
        why = f": {reason}" if reason and state in ("failed", "todo") else ""
        note(f"{name} {words}{why}")

    def _done(self, name: str, state: str, reason: str) -> int:
        count = self.frames[name]
        if state in ("done", "failed"):
            return count
        return min(count, self.queue.frames(name)) if state == "claimed" else 0


def _list(jobs: "tuple[Job, ...]", as_json: bool) -> None:
    from dreamvid.render.batch.checks import describe

    found = [describe(job) for job in jobs]
    if as_json:
        say_json(found)
    else:
        table(tuple(found[0]), [tuple(one.values()) for one in found])


def _tell(names: list[str], tickets: "Tickets", out: Path, as_json: bool, over: bool) -> None:
    from dreamvid.render.batch.summary import COLUMNS, records, rows, write_summary

    found = records(names, tickets)
    write_summary(out, found)
    if as_json:
        say_json(found)
    else:
        table(COLUMNS, rows(found))
        say(str(out / "summary.json"))
    if not over:
        done = sum(one["state"] == "done" for one in found)
        text = f"stopped; {done} of {len(found)} jobs are done, and the same command goes on"
        raise Stopped(f"{text} from there")
    failed = {name: ticket for name, (state, ticket) in tickets.items() if state == "failed"}
    if failed:
        codes = {ticket.code for ticket in failed.values()}
        error = DreamvidError(f"{len(failed)} of {len(found)} jobs failed: {', '.join(failed)}")
        error.exit_code = codes.pop() or 1 if len(codes) == 1 else 1
        raise error
