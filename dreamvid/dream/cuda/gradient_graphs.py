"""A score's gradient as one CUDA graph for each size of image.

A gradient is some 300 short operations, which Python hands to a GPU more slowly than it does them.
Recorded once, they are started as one. What changes from step to step goes in as data: the
image, and the parts' weights. Whatever cannot be recorded runs as it would without.
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
AFTER = 3  # gradients of a kind that are not recorded: a single image's are not worth it
MOST = 24  # kinds for each model; each holds its activations' memory
LONG = 20 * MOST  # calls, after which a kind that was in none of them may be dropped
FORGET = 1000  # kinds that are counted: some films have new ones in each frame


@dataclass
class Graphs:
    """Recordings of one model by kind, the least recently used dropped first."""

    _requests: Counter[Any] = field(default_factory=Counter)
    _recorded: dict[Any, Any] = field(default_factory=dict)  # latest used last
    _failed: set[Any] = field(default_factory=set)
    _used: dict[Any, int] = field(default_factory=dict)  # at which of the calls
    _calls: int = 0
    _pool: Any = None  # memory, shared: no two recordings are replayed at once

    def find(self, key: Any, after: int, make: Callable[[Any], Any]) -> Any:
        """Look up a recording, or after so many requests make it, in a pool of memory.

        None where that is not worth it or fails.
        """
        self._calls += 1
        if key in self._recorded:
            self._recorded[key] = self._recorded.pop(key)
            self._used[key] = self._calls
            return self._recorded[key]
        if len(self._requests) > FORGET:
            self._requests.clear()
            self._failed.clear()
        self._requests[key] += 1
        if self._requests[key] <= after or key in self._failed or not self._make_room():
            return None
        recording = self._try(make)
        if recording is None:
            self._failed.add(key)
        else:
            self._recorded[key], self._used[key] = recording, self._calls
        return recording

    def _make_room(self) -> bool:
        """Drop a recording that has long not been used, if need be; False where there is none."""
        if len(self._recorded) < MOST:
            return True
        oldest = next(iter(self._recorded))
        if self._calls - self._used[oldest] < LONG:
            return False
        del self._recorded[oldest], self._used[oldest]
        return True

    def _try(self, make: Callable[[Any], Any]) -> Any:
        try:
            if self._pool is None:
                self._pool = new_pool()
            recording = make(self._pool)
        except RuntimeError as error:  # of torch: no memory, or an operation that cannot be
            note("CUDA graphs", str(error), logging.INFO)
            return None
        note("CUDA graphs")
        return recording


# The graphs of a model are dropped with it.
_GRAPHS: WeakKeyDictionary[Features, Graphs] = WeakKeyDictionary()


def graphs_of(score: Score, image: Image) -> Graphs | None:
    """Look up the recordings of the score's model; None where its gradient cannot be recorded."""
    if image.device.type != DEVICE or in_reference_mode() or not score.parts:
        return None
    if any(part.objective.placed for part in score.parts):  # which depends on the jitter
        return None
    return _GRAPHS.setdefault(score.features, Graphs())


def kind_of(score: Score, image: Image) -> tuple[Any, ...]:
    """Key of what is fixed in a recording of a score: the size, the layers, the objectives."""
    return image.shape, *((part.layer, id(part.objective)) for part in score.parts)


@dataclass(frozen=True)
class GraphedScore(Score):
    """A score whose gradient is replayed from a CUDA graph, where one can be recorded."""

    def gradient(self, image: Image, shift: Shift = STILL) -> Image:
        cached = graphs_of(self, image)
        make = lambda pool: _RecordedGradient(self, image, pool)
        recorded = cached and cached.find(kind_of(self, image), AFTER, make)
        return recorded(self, image) if recorded else super().gradient(image, shift)


class Weights:
    """The weights of a score's parts as data; holds the objectives, whose ids are in the key."""

    def __init__(self, score: Score, image: Image) -> None:
        self._values = torch.zeros(len(score.parts), device=image.device)
        self._objectives = [part.objective for part in score.parts]

    def within(self, score: Score) -> Score:
        """Build a score with these as its factors, and the gradient of plain autograd."""
        pairs = zip(score.parts, self._values, strict=True)
        parts = (replace(part, weight=1.0, factor=value) for part, value in pairs)
        return Score(score.features, tuple(parts))

    def put(self, score: Score) -> None:
        """Copy the weights of a score of the same kind."""
        for value, part in zip(self._values, score.parts, strict=True):
            if isinstance(part.factor, Tensor):
                torch.mul(part.factor, part.weight, out=value)
            else:
                value.fill_(part.factor * part.weight)


class _RecordedGradient:
    """A gradient as a graph; holds nothing of the model, with which it is dropped."""

    def __init__(self, score: Score, image: Image, pool: Any) -> None:
        self._image = image.detach().clone()
        self._weights = Weights(score, image)
        self._weights.put(score)
        weighted = self._weights.within(score)
        self._replay, self._gradient = record(lambda: weighted.gradient(self._image), pool)

    def __call__(self, score: Score, image: Image) -> Image:
        self._image.copy_(image)
        self._weights.put(score)
        self._replay()
        return self._gradient.clone()


def new_pool() -> Any:
    return torch.cuda.graph_pool_handle()


def record(work: Callable[[], Tensor], pool: Any) -> tuple[Callable[[], None], Tensor]:
    """Record work as a CUDA graph: what replays it, and where its result then lies.

    As in https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs: first in a stream of
    its own, so that whatever runs only once has run, and then recorded.
    """
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        work()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Meanwhile the encoder's thread may wait for its frames, which "global" would not allow.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        result = work()
    return graph.replay, result


def replays(device: torch.device) -> bool:
    """Record and replay a small piece of work."""
    x = torch.ones(3, device=device)
    replay, doubled = record(lambda: 2 * x, new_pool())
    x.fill_(4)
    replay()
    return bool((doubled == 8).all())
