from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import PresetError
from dreamvid.export.formats import FORMATS
from dreamvid.export.plans import Plan, ladder, sound_rate
from dreamvid.export.timing import at_rate, part, rate_within, repeated
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Target, find, targets

RATE = 48_000
RATES = st.sampled_from([Fraction(n) for n in (1, 8, 12, 24, 25, 30, 50, 60, 120)])


def numbered(count, fps, sound=False):
    """A film whose frame n is flat of n, and whose sample n is n."""

    def read():
        for n in range(count):
            yield np.full((2, 2, 3), n, np.uint8)

    def heard():
        samples = np.arange(round(count / fps * RATE), dtype=np.float32)
        yield from np.array_split(np.stack([samples, samples]), 5, axis=1)

    return Pictures(
        read=read, size=(2, 2), fps=Fraction(fps), count=count, sound=heard if sound else None
    )


def numbers(pictures):
    found = [int(frame[0, 0, 0]) for frame in pictures.read()]
    assert len(found) == pictures.count
    return found


def samples(pictures):
    return np.concatenate([block for block in pictures.sound()], axis=1)[0]


@given(fps=RATES, low=RATES, span=RATES)
def test_a_rate_is_a_whole_part_or_multiple_within_the_bounds(fps, low, span):
    found = rate_within(fps, low, low + span)
    assert found <= low + span
    if found != low + span:
        assert (fps / found).denominator == 1 or (found / fps).denominator == 1
        assert found >= low or (fps / found).denominator == 1


@given(count=st.integers(1, 60), fps=RATES, other=RATES)
def test_each_picture_is_the_one_shown_at_its_time(count, fps, other):
    film = at_rate(numbered(count, fps), other)
    wanted = [int(n / other * fps) for n in range(film.count)]
    assert numbers(film) == wanted
    assert abs(film.seconds - count / fps) <= max(1 / other, 1 / fps)


def test_a_part_begins_and_ends_where_it_is_asked_with_its_sound():
    film = part(numbered(40, 10, sound=True), Fraction(1), Fraction(2))
    assert numbers(film) == list(range(10, 30))
    heard = samples(film)
    assert heard[0] == RATE and len(heard) >= 2 * RATE
    again = part(film, Fraction(1, 2), None)
    assert numbers(again) == list(range(15, 30))
    assert samples(again)[0] == 1.5 * RATE


@given(start=st.fractions(0, 3), seconds=st.fractions("1/100", 5))
def test_a_part_is_never_longer_than_asked_and_never_empty(start, seconds):
    film = part(numbered(40, 10), start, seconds)
    assert film.count == len(numbers(film)) >= 1
    assert film.seconds <= max(seconds, Fraction(1, 10))


def test_a_film_played_again_has_its_sound_again():
    film = repeated(numbered(3, 10, sound=True), 3)
    assert numbers(film) == [0, 1, 2] * 3
    heard = samples(film)
    assert len(heard) == 3 * 14_400
    np.testing.assert_array_equal(heard[14_400:28_800], heard[:14_400])


def test_every_target_can_be_made():
    for name, target in targets().items():
        assert target.name == name and target.source and target.about
        form = FORMATS[target.format]
        assert target.codec in form.codecs or not form.codecs
        assert all(side % 2 == 0 for size in target.sizes for side in size)
        assert not (target.sizes and target.within)
        assert bool(target.sound) <= form.sound
        for span in (target.fps, target.seconds):
            assert span is None or span[0] < span[1]


@pytest.mark.parametrize("asked,near", [("reel", "reels"), ("telegram", "telegram-sticker")])
def test_an_unknown_target_gets_a_suggestion(asked, near):
    with pytest.raises(PresetError, match=f"--for: no target is called '{asked}'.*{near}"):
        find(asked)


def test_of_several_sizes_the_nearest_shape_is_taken():
    x: Target = find("x")
    assert x.size_for((1920, 1080)) == (1280, 720)
    assert x.size_for((300, 400)) in ((720, 720), (720, 1280))
    assert x.size_for((500, 500)) == (720, 720)
    assert find("discord").size_for((500, 500)) is None


def test_bytes_are_limited_by_the_site_and_by_its_bit_rate():
    reels = find("reels")
    assert reels.most_bytes(Fraction(20)) == 25_000_000 * 20 // 8
    assert reels.most_bytes(Fraction(90)) == 100_000_000
    assert find("web").most_bytes(Fraction(20)) is None


@pytest.mark.parametrize("rate_first", [True, False])
def test_each_step_gives_up_something_more(rate_first):
    first = Plan(size=(720, 1280), fps=Fraction(24), codec="h264", quality=16)
    steps = ladder(first, range(17, 20), rate_first=rate_first)
    assert steps[0][0] == first
    assert all([plan.quality for plan in step] == [16, 17, 18, 19] for step in steps)
    pixels = [plan.size[0] * plan.size[1] * plan.fps for plan, *_ in steps]
    assert pixels == sorted(pixels, reverse=True) and len(set(pixels)) == len(pixels)
    assert all(side % 2 == 0 for step in steps for side in step[0].size)
    fixed = ladder(first, (), fixed_size=True, slowest=Fraction(12))
    assert {plan.size for (plan,) in fixed} == {(720, 1280)}
    assert [plan.fps for (plan,) in fixed] == [24, 12]


def test_sound_leaves_most_bytes_to_the_pictures():
    assert sound_rate(192_000, None, Fraction(20)) == 192_000
    assert sound_rate(192_000, 8_000_000, Fraction(20)) == 192_000
    assert sound_rate(192_000, 8_000_000, Fraction(80)) == 96_000
    assert sound_rate(192_000, 8_000_000, Fraction(3600)) == 64_000
    assert sound_rate(128_000, 10**9, Fraction(20)) == 128_000
    assert sound_rate(0, 8_000_000, Fraction(20)) == 0
