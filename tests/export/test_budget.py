"""The search for a file that is small enough, on files that are only numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import VideoError
from dreamvid.export.budget import search


class Files:
    """Plans are (step, number); a plan's file is smaller than those before it in its step."""

    def __init__(self, shape, wrong):
        self.steps = [[(s, n) for n in range(shape[1])] for s in range(shape[0])]
        self.wrong = wrong
        self.written = []

    def bytes(self, plan):
        step, number = plan
        return round(1_000_000 * 0.6**step * 0.9**number)

    def estimate(self, plan):
        return self.bytes(plan) * self.wrong * (1 + 0.03 * (plan[1] % 3))

    def write(self, plan):
        self.written.append(plan)
        return self.bytes(plan)


@given(
    shape=st.tuples(st.integers(1, 8), st.integers(1, 12)),
    limit=st.integers(1_000, 2_000_000),
    wrong=st.floats(0.2, 5),
)
def test_what_is_found_fits_and_is_the_last_one_written_that_does(shape, limit, wrong):
    files = Files(shape, wrong)
    smallest = files.bytes(files.steps[-1][-1])
    if smallest > limit:
        with pytest.raises(VideoError, match=f"{smallest} bytes, not {limit}"):
            search(files.steps, limit, files.estimate, files.write)
        return
    found = search(files.steps, limit, files.estimate, files.write)
    assert files.bytes(found) <= limit
    assert found == [plan for plan in files.written if files.bytes(plan) <= limit][-1]
    assert len(set(files.written)) == len(files.written)


@given(limit=st.integers(20_000, 999_000), wrong=st.floats(0.5, 2))
def test_few_whole_files_come_near_the_limit(limit, wrong):
    files = Files((8, 12), wrong)
    found = search(files.steps, limit, files.estimate, files.write)
    assert len(files.written) <= 6
    assert files.bytes(found) >= 0.75 * limit


def test_without_a_limit_the_first_plan_is_written_and_nothing_guessed():
    files = Files((3, 3), 1)

    def estimate(plan):
        raise AssertionError

    assert search(files.steps, None, estimate, files.write) == (0, 0)
    assert files.written == [(0, 0)]


def test_a_film_that_fits_is_left_as_it_is():
    files = Files((3, 3), 1)
    assert search(files.steps, 5_000_000, files.estimate, files.write) == (0, 0)
    assert files.written == [(0, 0)]
