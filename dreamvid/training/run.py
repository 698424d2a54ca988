"""A whole training run: start reading here.

    pairs, split in three -> a space of their words -> features of the frozen layers
    -> late layers and a head trained into the space -> NAME.safetensors, installed

Progress leaves as values; nothing here prints.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from dreamvid.render.work.folder import RenderFolder, open_folder
from dreamvid.training.base import read_base
from dreamvid.training.cache import fill_cache, open_cache
from dreamvid.training.data.check import write_check, write_dropped
from dreamvid.training.data.cleaning import stop_words
from dreamvid.training.data.dropped import Dropped
from dreamvid.training.data.pairs import Corpus
from dreamvid.training.data.split import Split
from dreamvid.training.dataset import make_dataset
from dreamvid.training.finish import DREAMED, dream_samples, finish
from dreamvid.training.fit import Progress, StepDone, Task, fit
from dreamvid.training.frozen_features import FeatureExtractor, FeatureSource, blank_features
from dreamvid.training.head import make_head
from dreamvid.training.log import open_log
from dreamvid.training.session import Request, Session
from dreamvid.training.state import Position, State, restore, save
from dreamvid.training.words.text_space import make_text_space

CHECKPOINT_SECONDS = 60.0  # work, at most, that a crash may cost beside the current step
SAMPLED = (1, 2, 4)  # eighths of the epochs after which a sample dream is written


@dataclass(frozen=True)
class Callbacks:
    """Functions that a run reports to, and asks whether to stop."""

    on_features: Callable[[int, int], None]  # views through the frozen layers, of how many
    on_progress: Callable[[Progress], None]
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """Results of a run. A stopped one is finished by running it again."""

    finished: bool
    epochs: int  # done
    best_epoch: int  # whose weights were kept
    files: tuple[Path, ...]
    words: tuple[str, ...]  # the most used
    broken: int  # photos that could not be read any more
    unknown: int  # pairs without a word that the space knows


def train(
    request: Request,
    corpus: Corpus,
    parts: Split,
    out: Path,
    *,
    device: torch.device,
    fresh: bool,
    callbacks: Callbacks,
) -> Outcome:
    """Train a city model into `out` and install it, or resume where the last run stopped.

    Raises:
        PresetError, ModelError: the request cannot be met.
        ResumeError: `out` holds a run of other settings or data, a damaged one, or is in use.
        OutputError: the disk failed; what was done is kept.
    """
    session = _open_session(request, parts, device)
    unknown = _without_known_words(session, parts)
    dropped = (*corpus.dropped, *unknown)
    with open_folder(out, session.key, fresh=fresh) as folder:
        write_check(replace(corpus, dropped=dropped), parts, out, session.seed)
        with _open_source(session, folder, callbacks) as source:
            task = _task(session, source)
            state = _restored_state(session, task, folder)
            finished = _fit(session, task, state, folder, callbacks)
            files: tuple[Path, ...] = ()
            if finished:
                about = session.about(corpus, parts, state.position.history)
                files = finish(session, task, state, out, about)
    if session.broken:
        broken = (Dropped(name, "damaged picture", why) for name, why in session.broken.items())
        write_dropped((*dropped, *broken), out / "dropped.csv")
    return Outcome(
        finished,
        state.position.epoch,
        state.position.best_epoch,
        files,
        tuple(word for word, _ in session.dataset.most_used(DREAMED)),
        len(session.broken),
        len(unknown),
    )


def _open_session(request: Request, parts: Split, device: torch.device) -> Session:
    """Load the base network and make the space of words."""
    base = read_base(request.base, device)
    space = make_text_space(
        request.text,
        # With the validation captions: else a word that one of them shares with a single other
        # caption would be lost.
        [pair.words for pair in (*parts.train, *parts.validation)],
        seed=request.hyper.seed,
        dimensions=request.dimensions,
        vectors=request.vectors,
        without=stop_words(request.rules.stop_words),
    )
    return Session(request, base, make_dataset(parts, space), device)


def _without_known_words(session: Session, parts: Split) -> list[Dropped]:
    known = {pair.name for pair in session.dataset.pairs}
    return [
        Dropped(pair.name, "no known word", pair.caption)
        for pair in (*parts.train, *parts.validation)
        if pair.name not in known
    ]


@contextmanager
def _open_source(
    session: Session, folder: RenderFolder, callbacks: Callbacks
) -> Iterator[FeatureSource]:
    """Open the cache, completed first, or a feature extractor; raises Stopped while filling."""
    dataset, device, on_broken = session.dataset, session.device, session.note_broken
    extractor = FeatureExtractor(
        dataset.pairs, session.base, device, session.seed, session.workers, on_broken
    )
    if not session.records.views:
        yield extractor
        return
    path = fill_cache(
        folder.work,
        session.cache_key,
        session.records,
        extractor,
        on_progress=callbacks.on_features,
        stop=callbacks.stop,
    )
    with open_cache(path, session.records, device, on_broken) as cache:
        yield cache


def _task(session: Session, source: FeatureSource) -> Task:
    dataset, settings = session.dataset, session.settings
    features = blank_features(session.base, session.device)
    return Task(
        head=make_head(session.base, features, len(dataset.mean), seed=session.seed),
        source=source,
        targets=partial(dataset.captions, centred=session.loss.centred),
        loss=session.loss,
        train=dataset.train,
        validation=dataset.validation,
        views=session.records.views,
        epochs=settings["epochs"],
        rate=settings["rate"],
        patience=settings["patience"],
        seed=session.seed,
        device=session.device,
    )


def _restored_state(session: Session, task: Task, folder: RenderFolder) -> State:
    """Load the last run's state, or make the initial one; raises ResumeError."""
    weights = task.head.weights
    optimiser = session.loss.make_optimiser(weights)
    state = State(Position(session.settings["batch"]), weights, optimiser)
    if folder.checkpoint.exists():
        restore(state, folder.checkpoint)
    return state


def _fit(
    session: Session, task: Task, state: State, folder: RenderFolder, callbacks: Callbacks
) -> bool:
    """Run `fit`, writing checkpoints, log.csv and sample dreams into the folder."""
    saved_at, first_step = time.monotonic(), state.position.step

    def save_checkpoint() -> None:
        nonlocal saved_at
        if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
            save(state, folder.checkpoint)
            saved_at = time.monotonic()

    with open_log(folder.out / "log.csv", state.position.step) as log:

        def on_progress(progress: Progress) -> None:
            log.note(progress)
            callbacks.on_progress(progress)
            if isinstance(progress, StepDone) and session.request.dreams and _is_sampled(progress):
                dream_samples(session, task, progress.step, folder.out)

        finished = fit(
            task, state, on_progress=on_progress, save=save_checkpoint, stop=callbacks.stop
        )
    if state.position.step > first_step:
        save(state, folder.checkpoint)
    return finished


def _is_sampled(progress: StepDone) -> bool:
    """Tell if this step reached one of the `SAMPLED` shares."""
    before = 8 * (progress.done - progress.photos) // progress.total
    after = 8 * progress.done // progress.total
    return any(before < eighths <= after for eighths in SAMPLED)
