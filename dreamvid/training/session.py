"""A training run's request, its resolved settings, and the keys that its results depend on."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch

from dreamvid.system.files import sha256
from dreamvid.system.version import __version__
from dreamvid.training.base import Base
from dreamvid.training.batches import Sample
from dreamvid.training.cache import Records, views_within
from dreamvid.training.data.pairs import Corpus, Rules
from dreamvid.training.data.split import Split, names_digest
from dreamvid.training.dataset import Dataset
from dreamvid.training.frozen_features import blank_features
from dreamvid.training.losses import LOSSES, Loss

MANY = 4000  # photos from which on a step has as many as the recipe's
FEW_A_STEP, MANY_A_STEP = 32, 120
MOST_USED = 20  # words listed in a model


@dataclass(frozen=True)
class Hyperparameters:
    """Settings of the optimisation; None: the default for the loss and the number of photos."""

    loss: str = next(iter(LOSSES))
    epochs: int = 20
    batch: int | None = None  # photos a step
    rate: float | None = None
    patience: int = 5  # epochs without improvement
    seed: int = 0


@dataclass(frozen=True)
class Request:
    """Settings of a training run, as the user gives them."""

    name: str
    base: str
    rules: Rules = field(default_factory=Rules)
    text: Literal["words", "labels"] = "words"
    vectors: Path | None = None
    dimensions: int = 300
    hyper: Hyperparameters = field(default_factory=Hyperparameters)
    cache: float = 4.0  # GB of disk
    workers: int | None = None  # processes that read photos; None: by the device
    credits: str = ""
    dreams: bool = True


@dataclass(frozen=True)
class Session:
    """A request with what it needs loaded: the base network and the dataset."""

    request: Request
    base: Base
    dataset: Dataset
    device: torch.device
    broken: dict[str, str] = field(default_factory=dict)  # why a photo could not be read, by name

    @property
    def seed(self) -> int:
        return self.request.hyper.seed

    @property
    def loss(self) -> Loss:
        return LOSSES[self.request.hyper.loss]

    @property
    def workers(self) -> int:
        """Number of processes that read photos: 0 by default on a CPU, which is busy training."""
        if self.request.workers is not None:
            return self.request.workers
        return 2 if self.device.type == "cuda" else 0

    @cached_property
    def records(self) -> Records:
        """Layout of the feature cache; with 0 views if it would not fit."""
        train, validation = self.dataset.train, self.dataset.validation
        shape = tuple(blank_features(self.base, self.device).shape[1:])
        budget = int(self.request.cache * 1e9)
        return Records(train, validation, views_within(budget, train, validation, shape), shape)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The request with defaults filled in; JSON values."""
        request, hyper, many = self.request, self.request.hyper, self.dataset.train >= MANY
        batch = MANY_A_STEP if many else FEW_A_STEP
        rate = self.loss.rate_of_many if many else self.loss.rate
        return {
            "base": request.base,
            "text": request.text,
            "vectors": sha256(request.vectors) if request.vectors else None,
            "dimensions": len(self.dataset.mean),
            **asdict(hyper),
            "batch": hyper.batch or batch,
            "rate": hyper.rate or rate,
            "views": self.records.views,
        }

    @cached_property
    def key(self) -> dict[str, Any]:
        """Everything that the weights depend on: a run is only resumed with the same."""
        data = {"photos": self.dataset.train, "data": self.dataset.digest()}
        own = {"base sha256": self.base.fingerprint, "dreamvid": __version__}
        return self.settings | data | own

    @property
    def cache_key(self) -> dict[str, Any]:
        """Everything that the cached features depend on."""
        return {name: self.key[name] for name in ("base sha256", "data", "seed", "dreamvid")}

    def note_broken(self, sample: Sample, reason: str) -> None:
        self.broken.setdefault(self.dataset.pairs[sample.photo].name, reason)

    def about(
        self, corpus: Corpus, parts: Split, history: list[tuple[float, float | None]]
    ) -> dict[str, Any]:
        """Describe the run for a finished model; JSON values, the same in each run."""
        train, validation = self.dataset.train, self.dataset.validation
        return {
            "name": self.request.name,
            "seed": self.seed,
            "rules": asdict(self.request.rules),
            "settings": self.settings,
            "captions": corpus.source,
            "counts": {"train": train, "stopping": validation, "test": len(parts.test)},
            "names_sha256": names_digest(parts.test or corpus.pairs),
            "most_used": self.dataset.most_used(MOST_USED),
            "losses": history,
            "credits": self.request.credits,
            "versions": {"dreamvid": __version__, "torch": version("torch")},
        }
