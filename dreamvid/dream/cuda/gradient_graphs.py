"""A score's gradient as one CUDA graph for each size of picture.

A gradient is some 300 short operations, which Python hands to a GPU more slowly than it does them.
Recorded once, they are started as one. What changes from step to step goes in as data: the
picture, and the parts' shares. Whatever cannot be recorded is done as it was.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from dreamvid.dream.objectives.grid import STILL, Shift
from dreamvid.dream.objectives.score import Features, Score
from dreamvid.image import Image
from dreamvid.models.layers.kernels import note
from dreamvid.models.layers.reference_mode import in_reference_mode

DEVICE = "cuda"
AFTER = 3  # gradients of a kind: a single picture's are not worth recording
MOST = 24  # kinds for each model; each keeps its activations' memory
LONG = 20 * MOST  # calls, after which a kind that was in none of them may go
FORGET = 1000  # kinds that were asked for: some films have new ones in each frame


@dataclass
class Graphs:
    """What was recorded of one model."""

    _asked: Counter[Any] = field(default_factory=Counter)
    _known: dict[Any, Any] = field(default_factory=dict)  # latest used last
    _failed: set[Any] = field(default_factory=set)
    _used: dict[Any, int] = field(default_factory=dict)  # at which of the calls
    _calls: int = 0
    _pool: Any = None  # of memory, shared: no two are replayed at once

    def find(self, key: Any, after: int, make: Callable[[Any], Any]) -> Any:
        """What was recorded under the key, or is now; None where that is not worth it or fails.

        Args:
            after: so many times nothing is recorded.
            make: records into a pool of memory.
        """
        self._calls += 1
        if key in self._known:
            self._known[key] = self._known.pop(key)
            self._used[key] = self._calls
            return self._known[key]
        if len(self._asked) > FORGET:
            self._asked.clear()
            self._failed.clear()
        self._asked[key] += 1
        if self._asked[key] <= after or key in self._failed or not self._has_room():
            return None
        made = self._made(make)
        if made is None:
            self._failed.add(key)
        else:
            self._known[key], self._used[key] = made, self._calls
        return made

    def _has_room(self) -> bool:
        """If need be by letting one go that nobody has used for long."""
        if len(self._known) < MOST:
            return True
        oldest = next(iter(self._known))
        if self._calls - self._used[oldest] < LONG:
            return False
        del self._known[oldest], self._used[oldest]
        return True

    def _made(self, make: Callable[[Any], Any]) -> Any:
        try:
            if self._pool is None:
                self._pool = new_pool()
            made = make(self._pool)
        except RuntimeError as error:  # of torch: no memory, or an operation that cannot be
            note("CUDA graphs", str(error), logging.INFO)
            return None
        note("CUDA graphs")
        return made


# The graphs of a model go with it.
_KEPT: WeakKeyDictionary[Features, Graphs] = WeakKeyDictionary()


def graphs_of(score: Score, image: Image) -> Graphs | None:
    """Where recordings of the score's model are kept; None where it is not recorded."""
    if image.device.type != DEVICE or in_reference_mode() or not score.parts:
        return None
    if any(part.objective.placed for part in score.parts):  # which sees how far it was rolled
        return None
    return _KEPT.setdefault(score.features, Graphs())


def kind_of(score: Score, image: Image) -> tuple[Any, ...]:
    """What a recording of a score cannot change."""
    return image.shape, *((part.layer, id(part.objective)) for part in score.parts)


@dataclass(frozen=True)
class GraphedScore(Score):
    """A score whose gradient is replayed from a CUDA graph, where one can be recorded."""

    def gradient(self, image: Image, shift: Shift = STILL) -> Image:
        graphs = graphs_of(self, image)
        make = lambda pool: _Gradient(self, image, pool)
        recorded = graphs and graphs.find(kind_of(self, image), AFTER, make)
        return recorded(self, image) if recorded else super().gradient(image, shift)


class Shares:
    """The shares of a score's parts as data; keeps the objectives, whose ids are in the key."""

    def __init__(self, score: Score, image: Image) -> None:
        self._values = torch.zeros(len(score.parts), device=image.device)
        self._objectives = [part.objective for part in score.parts]

    def within(self, score: Score) -> Score:
        """The score with these as its factors, one operation after the other."""
        pairs = zip(score.parts, self._values, strict=True)
        parts = (replace(part, weight=1.0, factor=share) for part, share in pairs)
        return Score(score.features, tuple(parts))

    def put(self, score: Score) -> None:
        for share, part in zip(self._values, score.parts, strict=True):
            if isinstance(part.factor, Tensor):
                torch.mul(part.factor, part.weight, out=share)
            else:
                share.fill_(part.factor * part.weight)


class _Gradient:
    """Keeps nothing of the model, which it goes with."""

    def __init__(self, score: Score, image: Image, pool: Any) -> None:
        self._image = image.detach().clone()
        self._shares = Shares(score, image)
        self._shares.put(score)
        of_shares = self._shares.within(score)
        self._replay, self._found = record(lambda: of_shares.gradient(self._image), pool)

    def __call__(self, score: Score, image: Image) -> Image:
        self._image.copy_(image)
        self._shares.put(score)
        self._replay()
        return self._found.clone()


def new_pool() -> Any:
    return torch.cuda.graph_pool_handle()


def record(work: Callable[[], Tensor], pool: Any) -> tuple[Callable[[], None], Tensor]:
    """How to do the work again, and where its result then is.

    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs: once in a stream of its own,
    so that what runs once has run, and then once recorded.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        work()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Meanwhile the encoder's thread may wait for its frames, which "global" would not allow.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        found = work()
    return graph.replay, found


def replays(device: torch.device) -> bool:
    """Record and replay a small piece of work."""
    x = torch.ones(3, device=device)
    replay, doubled = record(lambda: 2 * x, new_pool())
    x.fill_(4)
    replay()
    return bool((doubled == 8).all())
