"""Training, as it is told on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.cli.terminal.console import note, share_progress
from dreamvid.cli.terminal.stopping import stop_signals
from dreamvid.cli.terminal.units import duration
from dreamvid.errors import Stopped

if TYPE_CHECKING:
    import torch

    from dreamvid.training.data.pairs import Corpus
    from dreamvid.training.data.split import Split
    from dreamvid.training.fit import Progress
    from dreamvid.training.run import Outcome
    from dreamvid.training.session import Wanted

Shown = Callable[[str, float], None]


def trained(
    wanted: "Wanted",
    corpus: "Corpus",
    parts: "Split",
    out: Path,
    device: "torch.device",
    fresh: bool,
) -> "Outcome":
    from dreamvid.training.run import Watch
    from dreamvid.training.run import train as run

    what = f"{len(parts.train)} photos on {wanted.base} by {device.type}"
    note(f"{wanted.name}: {what}, into {out}")
    with stop_signals() as stop, _shares() as show:
        watch = Watch(
            lambda done, count: show("looking", done / count),
            lambda progress: _tell(progress, show),
            stop,
        )
        outcome = run(wanted, corpus, parts, out, device=device, fresh=fresh, watch=watch)
    if not outcome.finished:
        done = f"{outcome.epochs} of {wanted.epochs} epochs are done"
        raise Stopped(f"stopped; {done}, and the same command goes on from there")
    return outcome


@contextmanager
def _shares() -> Iterator[Shown]:
    """A function to be called with what is being done, and its share: one bar at a time."""
    with ExitStack() as bars:
        shown: dict[str, Callable[[float], None]] = {}

        def show(what: str, share: float) -> None:
            if what not in shown:
                bars.close()
                shown[what] = bars.enter_context(share_progress(what))
            shown[what](share)

        yield show


def _tell(progress: "Progress", show: Shown) -> None:
    from dreamvid.training.fit import Halved, Judged, Stepped, Unjudged

    if isinstance(progress, Stepped):
        show("training", progress.done / progress.total)
    elif isinstance(progress, Halved):
        note(f"memory ran out: from here on {progress.batch} photos a step")
    elif isinstance(progress, Unjudged):
        note("too few photos tell when to stop: all epochs are done")
    elif isinstance(progress, Judged):
        losses, best = f"loss {progress.learning:.4g}", ""
        if progress.stopping is not None:
            losses += f", of photos kept apart {progress.stopping:.4g}"
            best = ", the best so far" if progress.best else ""
        spent = duration(progress.seconds)
        note(f"epoch {progress.epoch}/{progress.epochs}  {losses}{best}  {spent}")
