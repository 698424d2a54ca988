"""How well one kind of thing finds another: measures of rankings, and what to hold them against."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean, median

from jaxtyping import Float
from torch import Tensor

FIRST = (1, 5, 10)  # answers that are looked at
RECALLED = 10
TOGETHER = 1000  # queries ranked at a time: what bounds the memory

Relevant = Sequence[Sequence[int]]
"""For each query the numbers of its right answers, at least one."""


@dataclass(frozen=True)
class Measures:
    """Of a ranking of all answers for each query; means over the queries.

    Attributes:
        precision: at k, for k = 1, 5, 10: right ones among the first k, over k (over all answers,
            where they are fewer than k).
        recall: at 10: right ones among the first 10, over all right ones.
        median_rank: the median over the queries of the place of the first right answer, from 1.
    """

    precision: dict[int, float]
    recall: float
    median_rank: float


def measure(
    queries: Float[Tensor, "queries dimensions"],
    answers: Float[Tensor, "answers dimensions"],
    relevant: Relevant,
) -> Measures:
    """Answers ranked by their scalar product with a query, the largest first.

    Of unit vectors that is the cosine. Of equal answers the one with the lower number is first.
    """
    count = len(answers)
    hits: dict[int, list[float]] = {k: [] for k in FIRST}
    recalls: list[float] = []
    ranks: list[int] = []
    for begin in range(0, len(queries), TOGETHER):
        scores = queries[begin : begin + TOGETHER] @ answers.T
        order = scores.argsort(dim=1, descending=True, stable=True)
        places = order.argsort(dim=1)
        for row, right in zip(places, relevant[begin : begin + TOGETHER], strict=True):
            found = row[list(right)]
            for k in FIRST:
                hits[k].append(int((found < k).sum()) / min(k, count))
            recalls.append(float((found < RECALLED).float().mean()))
            ranks.append(int(found.min()) + 1)
    return Measures({k: fmean(shares) for k, shares in hits.items()}, fmean(recalls), median(ranks))


def best(relevant: Relevant, answers: int) -> Measures:
    """What nothing can exceed: all right answers first."""
    sizes = [len(right) for right in relevant]
    precision = {k: fmean(min(k, n) / min(k, answers) for n in sizes) for k in FIRST}
    return Measures(precision, fmean(min(RECALLED, n) / n for n in sizes), 1.0)


def chance(relevant: Relevant, answers: int) -> Measures:
    """What a random order has on average.

    Precision is the share of right answers, recall at 10 the share that 10 are of all. The rank
    is the smallest that, for a query drawn at random, is reached with a probability of a half or
    more: of n answers with r right ones all of the first t are wrong with a probability of
    C(n - t, r) / C(n, r).
    """
    sizes = [len(right) for right in relevant]
    share = fmean(n / answers for n in sizes)
    recall = min(RECALLED, answers) / answers
    return Measures(dict.fromkeys(FIRST, share), recall, float(_median_by_chance(sizes, answers)))


def _median_by_chance(sizes: Sequence[int], answers: int) -> int:
    low, high = 1, answers
    while low < high:
        middle = (low + high) // 2
        missed = fmean(comb(answers - middle, n) / comb(answers, n) for n in sizes)
        low, high = (low, middle) if missed <= 0.5 else (middle + 1, high)
    return low
