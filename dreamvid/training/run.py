"""A whole training run: start reading here.

    pairs, split in three -> a space of their words -> what the frozen part sees of the photos
    -> late layers and a head that lead from there into the space -> NAME.safetensors, installed

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
from dreamvid.training.dataset import make_lesson
from dreamvid.training.finish import DREAMED, finish, sample
from dreamvid.training.fit import Progress, Stepped, Task, fit
from dreamvid.training.frozen_features import Fresh, Source, blank
from dreamvid.training.head import make_top
from dreamvid.training.log import open_log
from dreamvid.training.session import Session, Wanted
from dreamvid.training.state import Position, State, restore, save
from dreamvid.training.words.text_space import make_text_space

CHECKPOINT_SECONDS = 60.0  # what a crash may cost at most, beside the step under way
SAMPLED = (1, 2, 4)  # eighths of the epochs after which a dream is written


@dataclass(frozen=True)
class Watch:
    """What a run tells on its way, and asks."""

    looked: Callable[[int, int], None]  # views that the frozen part has seen, of how many
    learned: Callable[[Progress], None]
    stop: Callable[[], bool]


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. A stopped one is finished by running it again."""

    finished: bool
    epochs: int  # done
    best_epoch: int  # whose weights were kept
    files: tuple[Path, ...]
    words: tuple[str, ...]  # the most used
    broken: int  # photos that could not be read any more
    unknown: int  # pairs without a word that the space knows


def train(
    wanted: Wanted,
    corpus: Corpus,
    parts: Split,
    out: Path,
    *,
    device: torch.device,
    fresh: bool,
    watch: Watch,
) -> Outcome:
    """Train a city model into `out` and install it, or go on where the last run stopped.

    Args:
        fresh: forget what an earlier run learned.

    Raises:
        PresetError, ModelError: something is wrong with what is asked for.
        ResumeError: `out` holds a run of other settings or data, a damaged one, or is in use.
        OutputError: the disk failed; what was done is kept.
    """
    base = read_base(wanted.base, device)
    space = make_text_space(
        wanted.text,
        # Also of those that tell when to stop: else a word that one of them shares with a single
        # other caption would be lost.
        [pair.words for pair in (*parts.train, *parts.stopping)],
        seed=wanted.seed,
        dimensions=wanted.dimensions,
        vectors=wanted.vectors,
        without=stop_words(wanted.rules.stop_words),
    )
    session = Session(wanted, base, make_lesson(parts, space), device)
    unknown = _without_known_words(session, parts)
    listed = replace(corpus, dropped=(*corpus.dropped, *unknown))
    with open_folder(out, session.key, fresh=fresh) as folder:
        write_check(listed, parts, out, wanted.seed)
        with _source(session, folder, watch) as source:
            task = _task(session, source)
            state = _begun(session, task, folder)
            finished = _learn(session, task, state, folder, watch)
            files: tuple[Path, ...] = ()
            if finished:
                about = session.about(corpus, parts, state.position.history)
                files = finish(session, task, state, out, about)
    if session.broken:
        broken = (Dropped(name, "damaged picture", why) for name, why in session.broken.items())
        write_dropped((*listed.dropped, *broken), out / "dropped.csv")
    return Outcome(
        finished,
        state.position.epoch,
        state.position.best_epoch,
        files,
        tuple(word for word, _ in session.lesson.most_used(DREAMED)),
        len(session.broken),
        len(unknown),
    )


def _without_known_words(session: Session, parts: Split) -> list[Dropped]:
    taught = {pair.name for pair in session.lesson.pairs}
    return [
        Dropped(pair.name, "no known word", pair.caption)
        for pair in (*parts.train, *parts.stopping)
        if pair.name not in taught
    ]


@contextmanager
def _source(session: Session, folder: RenderFolder, watch: Watch) -> Iterator[Source]:
    """What sees the photos, or what is kept of them; raises Stopped where that is not whole."""
    lesson, device = session.lesson, session.device
    broken, seed = session.note_broken, session.wanted.seed
    fresh = Fresh(lesson.pairs, session.base, device, seed, session.workers, broken)
    if not session.records.views:
        yield fresh
        return
    path = fill_cache(
        folder.work,
        session.cache_key,
        session.records,
        fresh,
        progress=watch.looked,
        stop=watch.stop,
    )
    with open_cache(path, session.records, device, broken) as cache:
        yield cache


def _task(session: Session, source: Source) -> Task:
    lesson, settings = session.lesson, session.settings
    shown = blank(session.base, session.device)
    return Task(
        top=make_top(session.base, shown, len(lesson.mean), seed=session.wanted.seed),
        source=source,
        targets=partial(lesson.captions, centred=session.loss.centred),
        loss=session.loss,
        learning=lesson.learning,
        stopping=lesson.stopping,
        views=session.records.views,
        epochs=settings["epochs"],
        rate=settings["rate"],
        patience=settings["patience"],
        seed=session.wanted.seed,
        device=session.device,
    )


def _begun(session: Session, task: Task, folder: RenderFolder) -> State:
    """Where the last run stopped, or the beginning; raises ResumeError."""
    weights = task.top.weights
    position = Position(session.settings["batch"])
    state = State(position, weights, session.loss.make_optimiser(weights))
    if folder.checkpoint.exists():
        restore(state, folder.checkpoint)
    return state


def _learn(session: Session, task: Task, state: State, folder: RenderFolder, watch: Watch) -> bool:
    """Fit, keeping the state in the folder, with log.csv and sample dreams beside it."""
    saved, kept = time.monotonic(), state.position.step

    def keep() -> None:
        nonlocal saved
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            save(state, folder.checkpoint)
            saved = time.monotonic()

    with open_log(folder.out / "log.csv", state.position.step) as log:

        def learned(progress: Progress) -> None:
            log.note(progress)
            watch.learned(progress)
            if not (isinstance(progress, Stepped) and session.wanted.dreams):
                return
            if _is_sampled(progress):
                sample(session, task, progress.step, folder.out)

        finished = fit(task, state, on_progress=learned, keep=keep, stop=watch.stop)
    if state.position.step > kept:
        save(state, folder.checkpoint)
    return finished


def _is_sampled(progress: Stepped) -> bool:
    """Whether one of the `SAMPLED` shares was reached in this step."""
    before, after = (
        8 * done // progress.total for done in (progress.done - progress.photos, progress.done)
    )
    return any(before < eighths <= after for eighths in SAMPLED)
