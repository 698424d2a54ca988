"""Progress of a training run on the terminal."""

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
    from dreamvid.training.session import Request

ShowShare = Callable[[str, float], None]


def run_training(
    request: "Request",
    corpus: "Corpus",
    parts: "Split",
    out: Path,
    device: "torch.device",
    fresh: bool,
) -> "Outcome":
    """Train with progress on stderr; raises Stopped if it was interrupted."""
    from dreamvid.training.run import Callbacks
    from dreamvid.training.run import train as run

    photos = f"{len(parts.train)} photos on {request.base} by {device.type}"
    note(f"{request.name}: {photos}, into {out}")
    with stop_signals() as stop, _shares() as show:
        callbacks = Callbacks(
            lambda done, count: show("looking", done / count),
            lambda progress: _show(progress, show),
            stop,
        )
        outcome = run(request, corpus, parts, out, device=device, fresh=fresh, callbacks=callbacks)
    if not outcome.finished:
        done = f"{outcome.epochs} of {request.hyper.epochs} epochs are done"
        raise Stopped(f"stopped; {done}, and the same command goes on from there")
    return outcome


@contextmanager
def _shares() -> Iterator[ShowShare]:
    """Yield a function to call with a task's name and its share done; one bar at a time."""
    with ExitStack() as bars:
        bars_shown: dict[str, Callable[[float], None]] = {}

        def show(what: str, share: float) -> None:
            if what not in bars_shown:
                bars.close()
                bars_shown[what] = bars.enter_context(share_progress(what))
            bars_shown[what](share)

        yield show


def _show(progress: "Progress", show: ShowShare) -> None:
    from dreamvid.training.fit import BatchHalved, EpochDone, NoValidation, StepDone

    if isinstance(progress, StepDone):
        show("training", progress.done / progress.total)
    elif isinstance(progress, BatchHalved):
        note(f"memory ran out: from here on {progress.batch} photos a step")
    elif isinstance(progress, NoValidation):
        note("too few photos tell when to stop: all epochs are done")
    elif isinstance(progress, EpochDone):
        losses, best = f"loss {progress.loss:.4g}", ""
        if progress.validation_loss is not None:
            losses += f", of photos kept apart {progress.validation_loss:.4g}"
            best = ", the best so far" if progress.best else ""
        spent = duration(progress.seconds)
        note(f"epoch {progress.epoch}/{progress.epochs}  {losses}{best}  {spent}")
