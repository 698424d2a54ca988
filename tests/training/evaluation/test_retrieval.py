from itertools import permutations
from statistics import fmean

import numpy as np
import pytest
import torch

from dreamvid.training.evaluation import retrieval
from dreamvid.training.evaluation.retrieval import best, chance, measure

# Scores of 12 answers for two queries, and their right answers: at places 1, 3 and 12 of the
# first query's ranking, and at place 7 of the second's.
SCORES = [
    [9, 0, 8, 3, 4, 5, 6, 7, 2, 1, -1, -2],
    [-6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5],
]
RIGHT = [[0, 7, 11], [5]]


def test_measures_of_a_known_ranking(monkeypatch):
    answers = torch.tensor(SCORES, dtype=torch.float32).T.contiguous()
    queries = torch.eye(2)
    found = measure(queries, answers, RIGHT)
    assert found.precision == pytest.approx({1: 1 / 2, 5: 2 / 5 / 2, 10: (2 / 10 + 1 / 10) / 2})
    assert found.recall == pytest.approx((2 / 3 + 1) / 2)
    assert found.median_rank == (1 + 7) / 2
    monkeypatch.setattr(retrieval, "TOGETHER", 1)  # one query at a time
    assert measure(queries, answers, RIGHT) == found


def test_precision_of_few_answers():
    found = measure(torch.eye(1), torch.tensor([[1.0], [3.0], [2.0]]), [[0, 1]])
    assert found.precision == pytest.approx({1: 1.0, 5: 2 / 3, 10: 2 / 3})
    assert found.recall == 1 and found.median_rank == 1


def test_ties_keep_their_order():
    assert measure(torch.ones(1, 1), torch.ones(5, 1), [[3]]).median_rank == 4


def test_best_is_a_perfect_ranking():
    answers = torch.tensor([[2.0, 0], [1, 0], [1, 0], [0, 1], [0, 0], [0, 0]])
    right = [[0, 1, 2], [3]]
    assert best(right, len(answers)) == measure(torch.eye(2), answers, right)
    assert best(right, 6).precision == pytest.approx({1: 1, 5: (3 / 5 + 1 / 5) / 2, 10: 4 / 6 / 2})


def test_chance_is_the_mean_over_all_orders():
    right, count = [[0, 1], [2]], 5
    expected = chance(right, count)
    found = [
        measure(torch.ones(1, 1), torch.tensor(order, dtype=torch.float32)[:, None], [row])
        for row in right
        for order in permutations(range(count))
    ]
    for k in (1, 5, 10):
        assert expected.precision[k] == pytest.approx(fmean(f.precision[k] for f in found))
    assert expected.recall == 1
    ranks = sorted(f.median_rank for f in found)
    assert expected.median_rank == ranks[len(ranks) // 2 - 1] == 2


def test_chance_recall_is_the_share_of_answers_counted():
    assert chance([[3], [1, 2]], 40).recall == 10 / 40


def test_chance_median_rank_of_many_queries():
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 30, 400)
    right = [list(range(size)) for size in sizes]
    drawn = [rng.permutation(500)[:size].min() + 1 for size in sizes for _ in range(50)]
    assert chance(right, 500).median_rank == pytest.approx(np.median(drawn), rel=0.05)
