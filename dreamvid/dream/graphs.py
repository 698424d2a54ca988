"""A score's gradient as one CUDA graph for each size of picture.

A gradient is some 300 short operations, which Python hands to a GPU more slowly than it does them.
Recorded once, they are started as one. What changes from step to step goes in as data: the
picture, and the parts' shares. Whatever cannot be recorded is done as it was.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from dreamvid.image import Image
from dreamvid.models.plain import is_plain

if TYPE_CHECKING:
    from dreamvid.dream.score import Features, Score

DEVICE = "cuda"
AFTER = 3  # gradients of a kind: a single picture's are not worth recording
MOST = 24  # kinds for each model; each keeps its activations' memory
FORGET = 1000  # kinds that were asked for: some films have new ones in each frame

log = logging.getLogger("dreamvid")


@dataclass
class _Graphs:
    """What was recorded of one model."""

    asked: Counter[Any] = field(default_factory=Counter)
    known: "dict[Any, _Graph | None]" = field(default_factory=dict)
    pool: Any = None  # of memory, shared: no two are replayed at once


# The graphs of a model go with it.
_KEPT: "WeakKeyDictionary[Features, _Graphs]" = WeakKeyDictionary()


def gradient(score: "Score", image: Image) -> Image | None:
    """The score's gradient at a picture, rolled or not; None where it is not recorded."""
    if image.device.type != DEVICE or is_plain() or not score.parts:
        return None
    if any(part.objective.placed for part in score.parts):  # which sees how far it was rolled
        return None
    graphs = _KEPT.setdefault(score.features, _Graphs())
    key = (image.shape, *((part.layer, id(part.objective)) for part in score.parts))
    if len(graphs.asked) > FORGET:
        graphs.asked.clear()
    graphs.asked[key] += 1
    if key not in graphs.known:
        if graphs.asked[key] <= AFTER or len(graphs.known) >= MOST:
            return None
        graphs.known[key] = _record(score, image, graphs)
    graph = graphs.known[key]
    return graph and graph(score, image)


class _Graph:
    """Keeps the objectives that it was recorded of, but not the model, which it goes with."""

    def __init__(self, score: "Score", image: Image, pool: Any) -> None:
        self._image = image.detach().clone()
        self._shares = torch.zeros(len(score.parts), device=image.device)
        self._objectives = [part.objective for part in score.parts]
        pairs = zip(score.parts, self._shares, strict=True)
        parts = (replace(part, weight=1.0, factor=share) for part, share in pairs)
        of_shares = replace(score, parts=tuple(parts))
        self._put(score, image)
        self._replay, self._found = record(lambda: of_shares.slope(self._image), pool)

    def __call__(self, score: "Score", image: Image) -> Image:
        self._put(score, image)
        self._replay()
        return self._found.clone()

    def _put(self, score: "Score", image: Image) -> None:
        self._image.copy_(image)
        for share, part in zip(self._shares, score.parts, strict=True):
            if isinstance(part.factor, Tensor):
                torch.mul(part.factor, part.weight, out=share)
            else:
                share.fill_(part.factor * part.weight)


def _record(score: "Score", image: Image, graphs: _Graphs) -> _Graph | None:
    try:
        if graphs.pool is None:
            graphs.pool = new_pool()
        return _Graph(score, image, graphs.pool)
    except RuntimeError as error:  # of torch: no memory for it, or an operation that cannot be
        log.info("not recorded as a CUDA graph: %s", error)
        return None


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
    with torch.cuda.graph(graph, pool=pool):
        found = work()
    return graph.replay, found
