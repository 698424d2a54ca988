"""Loops are as long as their target allows: one frame more would be too long."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import PresetError
from dreamvid.export.job import plan_export
from dreamvid.export.loop.plan import LoopPlan, placeholder, plan_loop
from dreamvid.export.request import ExportRequest
from dreamvid.export.timing import at_rate
from dreamvid.preset.sites import find

RATES = st.sampled_from([*map(Fraction, (1, 4, 12, 24, 25, 30, 60, 240)), Fraction(24_000, 1001)])
SHORT = {"slack-emoji": "a.gif", "x-gif": "a.gif", "telegram-sticker": "a.webm"}
LONGEST = {"slack-emoji": 4, "x-gif": 12, "telegram-sticker": 3}  # seconds


def planned(film, kind, target, **options):
    return plan_loop(film, kind, Path(SHORT[target]), target=find(target), **options)


def lasts(plan: LoopPlan, fps, target):
    """Seconds of the finished file if nothing is cut."""
    loop = placeholder(plan.times * plan.round, fps)
    output_fps = plan_export(loop, Path(SHORT[target]), find(target), ExportRequest()).film.fps
    return at_rate(loop, output_fps).seconds


@given(
    count=st.integers(4, 3000),
    fps=RATES,
    kind=st.sampled_from(["ping-pong", "cross-fade"]),
    times=st.integers(1, 5),
    target=st.sampled_from(sorted(SHORT)),
)
def test_loop_is_as_long_as_the_target_allows(count, fps, kind, times, target):
    plan = planned(placeholder(count, fps), kind, target, times=times)
    longest = LONGEST[target]
    assert lasts(plan, fps, target) <= longest
    assert plan.count <= count and plan.times <= times
    if plan.times < times:
        more = LoopPlan(kind=kind, count=plan.count, fade=plan.fade, times=plan.times + 1)
        assert lasts(more, fps, target) > longest and "rounds" in plan.changes[0]
    if plan.count < count:
        more = LoopPlan(kind=kind, count=plan.count + 1, fade=plan.fade, times=1)
        assert plan.times == 1 and lasts(more, fps, target) > longest


@pytest.mark.parametrize(
    "kind,seconds,times,expected",
    [
        ("ping-pong", 1.5, 1, (36, 1, ())),
        ("ping-pong", 1.5, 3, (36, 1, ("rounds 3 -> 1: ",))),
        ("ping-pong", 9, 3, (49, 1, ("rounds 3 -> 1: ", "made of the first 2.042 of 9 seconds: "))),
        ("ping-pong", 9, 1, (49, 1, ("made of the first 2.042 of 9 seconds: ",))),
        ("cross-fade", 9, 1, (120, 1, ("made of the first 5 of 9 seconds: ",))),
        ("cross-fade", 2.5, 2, (60, 2, ())),
        ("repeat", 1.5, None, (36, 2, ())),
        ("repeat", 3, None, (72, 1, ("rounds 2 -> 1: ",))),
        ("repeat", 4, 1, (96, 1, ())),
    ],
)
def test_loop_drops_rounds_first_then_the_end(kind, seconds, times, expected):
    count, rounds, changes = expected
    plan = planned(placeholder(round(24 * seconds), Fraction(24)), kind, "slack-emoji", times=times)
    assert (plan.count, plan.times) == (count, rounds)
    assert len(plan.changes) == len(changes)
    for change, start in zip(plan.changes, changes, strict=True):
        assert change.startswith(f"{start}slack-emoji takes 4 seconds at most")


@pytest.mark.parametrize(
    "kind,count,seconds,message",
    [
        ("repeat", 97, None, "--for: slack-emoji takes 4 seconds at most, and one round has 4.042"),
        ("cross-fade", 480, 4.5, r"--seconds: .* the cross-fade alone has 4.5 \(up to 4\)"),
        ("cross-fade", 480, 11, "--seconds: 11 s is not within the film's half"),
        ("cross-fade", 1, None, "--kind: .*one picture"),
    ],
)
def test_loop_that_is_impossible_is_refused(kind, count, seconds, message):
    with pytest.raises(PresetError, match=message):
        planned(placeholder(count, Fraction(24)), kind, "slack-emoji", seconds=seconds)


def test_loop_without_a_limit_keeps_its_length():
    film = placeholder(100_000, Fraction(24))
    plan = plan_loop(film, "ping-pong", Path("a.mp4"), times=7, target=find("web"))
    assert plan == plan_loop(film, "ping-pong", Path("a.mp4"), times=7)
    assert (plan.count, plan.times, plan.changes) == (100_000, 7, ())
