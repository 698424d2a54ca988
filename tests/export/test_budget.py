"""Search for a file that is small enough, on simulated files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import VideoError
from dreamvid.export.budget import search


class Files:
    """Plans are (step, number); a plan's file is smaller than those before it in its step."""

    def __init__(self, shape, error):
        self.steps = [[(s, n) for n in range(shape[1])] for s in range(shape[0])]
        self.error = error
        self.written = []

    def bytes(self, plan):
        step, number = plan
        return round(1_000_000 * 0.6**step * 0.9**number)

    def estimate(self, plan):
        return self.bytes(plan) * self.error * (1 + 0.03 * (plan[1] % 3))

    def write(self, plan):
        self.written.append(plan)
        return self.bytes(plan)


@given(
    shape=st.tuples(st.integers(1, 8), st.integers(1, 12)),
    limit=st.integers(1_000, 2_000_000),
    error=st.floats(0.2, 5),
)
def test_search_finds_a_plan_that_fits(shape, limit, error):
    files = Files(shape, error)
    smallest = files.bytes(files.steps[-1][-1])
    if smallest > limit:
        with pytest.raises(VideoError, match=f"{smallest} bytes, not {limit}"):
            search(files.steps, limit, files.estimate, files.write)
        return
    plan = search(files.steps, limit, files.estimate, files.write)
    assert files.bytes(plan) <= limit
    assert plan == [other for other in files.written if files.bytes(other) <= limit][-1]
    assert len(set(files.written)) == len(files.written)


@given(limit=st.integers(20_000, 999_000), error=st.floats(0.5, 2))
def test_search_writes_few_files_and_comes_near_the_limit(limit, error):
    files = Files((8, 12), error)
    plan = search(files.steps, limit, files.estimate, files.write)
    assert len(files.written) <= 6
    assert files.bytes(plan) >= 0.75 * limit


def test_search_without_a_limit_writes_the_first_plan():
    files = Files((3, 3), 1)

    def estimate(plan):
        raise AssertionError

    assert search(files.steps, None, estimate, files.write) == (0, 0)
    assert files.written == [(0, 0)]


def test_search_keeps_the_first_plan_if_it_fits():
    files = Files((3, 3), 1)
    assert search(files.steps, 5_000_000, files.estimate, files.write) == (0, 0)
    assert files.written == [(0, 0)]
