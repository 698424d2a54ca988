"""What one training run is: what was asked for, spelled out, and what its weights depend on."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

from dreamvid.system.files import sha256
from dreamvid.training.base import Base
from dreamvid.training.batches import Look
from dreamvid.training.cache import Records, views_within
from dreamvid.training.data.pairs import Corpus, Rules
from dreamvid.training.data.split import Split, names_digest
from dreamvid.training.dataset import Lesson
from dreamvid.training.frozen_features import blank
from dreamvid.training.losses import LOSSES, Loss

MANY = 4000  # photos from which on a step has as many as the recipe's
FEW_A_STEP, MANY_A_STEP = 32, 120
MOST_USED = 20  # words that a model names


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for; None stands for what fits the loss or the number of photos."""

    name: str
    base: str
    rules: Rules = field(default_factory=Rules)
    text: Literal["words", "labels"] = "words"
    vectors: Path | None = None
    dimensions: int = 300
    loss: str = next(iter(LOSSES))
    epochs: int = 20
    batch: int | None = None
    rate: float | None = None
    patience: int = 5
    seed: int = 0
    cache: float = 4.0  # GB of disk
    workers: int | None = None  # processes that read photos
    credits: str = ""
    dreams: bool = True


@dataclass(frozen=True)
class Session:
    wanted: Wanted
    base: Base
    lesson: Lesson
    device: torch.device
    broken: dict[str, str] = field(default_factory=dict)
    """Photos that could not be read any more, and why."""

    @property
    def loss(self) -> Loss:
        return LOSSES[self.wanted.loss]

    @property
    def workers(self) -> int:
        """A CPU that trains has nothing left for other processes."""
        usual = 2 if self.device.type == "cuda" else 0
        return usual if self.wanted.workers is None else self.wanted.workers

    @cached_property
    def records(self) -> Records:
        learning, stopping = self.lesson.learning, self.lesson.stopping
        shape = tuple(blank(self.base, self.device).shape[1:])
        budget = int(self.wanted.cache * 1e9)
        return Records(learning, stopping, views_within(budget, learning, stopping, shape), shape)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What is asked for, spelled out; JSON values."""
        wanted, many = self.wanted, self.lesson.learning >= MANY
        batch = MANY_A_STEP if many else FEW_A_STEP
        rate = self.loss.rate_of_many if many else self.loss.rate
        return {
            "base": wanted.base,
            "text": wanted.text,
            "vectors": sha256(wanted.vectors) if wanted.vectors else None,
            "dimensions": len(self.lesson.mean),
            "loss": wanted.loss,
            "epochs": wanted.epochs,
            "batch": wanted.batch or batch,
            "rate": wanted.rate or rate,
            "patience": wanted.patience,
            "seed": wanted.seed,
            "views": self.records.views,
        }

    @cached_property
    def key(self) -> dict[str, Any]:
        """All that the weights depend on: a run is only resumed with the same."""
        data = {"photos": self.lesson.learning, "data": self.lesson.digest()}
        own = {"base sha256": self.base.fingerprint, "dreamvid": version("dreamvid")}
        return self.settings | data | own

    @property
    def cache_key(self) -> dict[str, Any]:
        """All that what is kept of the photos depends on."""
        return {name: self.key[name] for name in ("base sha256", "data", "seed", "dreamvid")}

    def note_broken(self, look: Look, reason: str) -> None:
        self.broken.setdefault(self.lesson.pairs[look.photo].name, reason)

    def about(
        self, corpus: Corpus, parts: Split, history: list[tuple[float, float | None]]
    ) -> dict[str, Any]:
        """What a finished model says of itself; JSON values, the same in each run.

        Args:
            history: for each epoch, the losses.
        """
        learning, stopping = self.lesson.learning, self.lesson.stopping
        return {
            "name": self.wanted.name,
            "seed": self.wanted.seed,
            "rules": asdict(self.wanted.rules),
            "settings": self.settings,
            "captions": corpus.source,
            "counts": {"train": learning, "stopping": stopping, "test": len(parts.test)},
            "names_sha256": names_digest(parts.test or corpus.pairs),
            "most_used": self.lesson.most_used(MOST_USED),
            "losses": history,
            "credits": self.wanted.credits,
            "versions": {name: version(name) for name in ("dreamvid", "torch")},
        }
