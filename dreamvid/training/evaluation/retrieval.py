"""Measures of retrieval, with their best possible values and their values by chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean, median

from jaxtyping import Float
from torch import Tensor

FIRST = (1, 5, 10)  # numbers of answers for precision
RECALLED = 10  # answers for recall
TOGETHER = 1000  # queries ranked at a time, which bounds the memory

Relevant = Sequence[Sequence[int]]
"""Numbers of the right answers to each query, at least one."""


@dataclass(frozen=True)
class Measures:
    """Measures of a ranking of all answers, averaged over the queries."""

    precision: dict[int, float]  # by k: right ones of the first k, over k or all answers, if fewer
    recall: float  # right ones of the first 10, over all right ones
    median_rank: float  # of the first right answer, from 1


def measure(
    queries: Float[Tensor, "queries dimensions"],
    answers: Float[Tensor, "answers dimensions"],
    relevant: Relevant,
) -> Measures:
    """Rank answers by their scalar product with each query, the largest first, and measure.

    Ties are broken by the answers' order.
    """
    count = len(answers)
    hits: dict[int, list[float]] = {k: [] for k in FIRST}
    recalls: list[float] = []
    ranks: list[int] = []
    for begin in range(0, len(queries), TOGETHER):
        scores = queries[begin : begin + TOGETHER] @ answers.T
        order = scores.argsort(dim=1, descending=True, stable=True)
        rank = order.argsort(dim=1)
        for row, right in zip(rank, relevant[begin : begin + TOGETHER], strict=True):
            right_ranks = row[list(right)]
            for k in FIRST:
                hits[k].append(int((right_ranks < k).sum()) / min(k, count))
            recalls.append(float((right_ranks < RECALLED).float().mean()))
            ranks.append(int(right_ranks.min()) + 1)
    return Measures({k: fmean(shares) for k, shares in hits.items()}, fmean(recalls), median(ranks))


def best(relevant: Relevant, answers: int) -> Measures:
    """Compute the measures of a perfect ranking, all right answers first."""
    sizes = [len(right) for right in relevant]
    precision = {k: fmean(min(k, n) / min(k, answers) for n in sizes) for k in FIRST}
    return Measures(precision, fmean(min(RECALLED, n) / n for n in sizes), 1.0)


def chance(relevant: Relevant, answers: int) -> Measures:
    """Compute the expected measures of a random order.

    Precision is the share of right answers, recall at 10 the share that 10 are of all answers. The
    median rank is the smallest t that a random query reaches with a probability of at least a
    half: the first t of n answers, r of them right, are all wrong with probability
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
