from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import PresetError
from dreamvid.export.formats import FORMATS
from dreamvid.export.plans import Plan, ladder, sound_bit_rate
from dreamvid.export.timing import at_rate, rate_within, repeat, trim
from dreamvid.media.clip import Pictures
from dreamvid.preset.sites import Target, find, targets

RATE = 48_000
RATES = st.sampled_from([Fraction(n) for n in (1, 8, 12, 24, 25, 30, 50, 60, 120)])


def numbered(count, fps, sound=False):
    """A film whose frame n is filled with n, and whose sound sample n is n."""

    def read():
        for n in range(count):
            yield np.full((2, 2, 3), n, np.uint8)

    def read_sound():
        samples = np.arange(round(count / fps * RATE), dtype=np.float32)
        yield from np.array_split(np.stack([samples, samples]), 5, axis=1)

    return Pictures(
        read=read, size=(2, 2), fps=Fraction(fps), count=count, sound=read_sound if sound else None
    )


def numbers(film):
    result = [int(frame[0, 0, 0]) for frame in film.read()]
    assert len(result) == film.count
    return result


def samples(film):
    return np.concatenate([block for block in film.sound()], axis=1)[0]


@given(fps=RATES, low=RATES, span=RATES)
def test_rate_within_is_a_fraction_or_multiple(fps, low, span):
    rate = rate_within(fps, low, low + span)
    assert rate <= low + span
    if rate != low + span:
        assert (fps / rate).denominator == 1 or (rate / fps).denominator == 1
        assert rate >= low or (fps / rate).denominator == 1


@given(count=st.integers(1, 60), fps=RATES, other=RATES)
def test_at_rate_shows_the_frame_of_each_time(count, fps, other):
    film = at_rate(numbered(count, fps), other)
    expected = [int(n / other * fps) for n in range(film.count)]
    assert numbers(film) == expected
    assert abs(film.seconds - count / fps) <= max(1 / other, 1 / fps)


def test_trim_cuts_frames_and_sound():
    film = trim(numbered(40, 10, sound=True), Fraction(1), Fraction(2))
    assert numbers(film) == list(range(10, 30))
    sound = samples(film)
    assert sound[0] == RATE and len(sound) >= 2 * RATE
    second = trim(film, Fraction(1, 2), None)
    assert numbers(second) == list(range(15, 30))
    assert samples(second)[0] == 1.5 * RATE


@given(start=st.fractions(0, 3), seconds=st.fractions("1/100", 5))
def test_trim_is_never_too_long_nor_empty(start, seconds):
    film = trim(numbered(40, 10), start, seconds)
    assert film.count == len(numbers(film)) >= 1
    assert film.seconds <= max(seconds, Fraction(1, 10))


def test_repeat_repeats_the_sound():
    film = repeat(numbered(3, 10, sound=True), 3)
    assert numbers(film) == [0, 1, 2] * 3
    sound = samples(film)
    assert len(sound) == 3 * 14_400
    np.testing.assert_array_equal(sound[14_400:28_800], sound[:14_400])


def test_target_values_are_consistent():
    for name, target in targets().items():
        assert target.name == name and target.source and target.about
        form = FORMATS[target.format]
        assert target.codec in form.codecs or not form.codecs
        assert all(side % 2 == 0 for size in target.sizes for side in size)
        assert not (target.sizes and target.within)
        assert bool(target.sound) <= form.sound
        for span in (target.fps, target.seconds):
            assert span is None or span[0] < span[1]


@pytest.mark.parametrize("name,suggestion", [("reel", "reels"), ("telegram", "telegram-sticker")])
def test_target_unknown_gets_a_suggestion(name, suggestion):
    with pytest.raises(PresetError, match=f"--for: no target is called '{name}'.*{suggestion}"):
        find(name)


def test_target_size_is_the_nearest_shape():
    x: Target = find("x")
    assert x.size_for((1920, 1080)) == (1280, 720)
    assert x.size_for((300, 400)) in ((720, 720), (720, 1280))
    assert x.size_for((500, 500)) == (720, 720)
    assert find("discord").size_for((500, 500)) is None


def test_target_bytes_are_limited_by_size_and_bit_rate():
    reels = find("reels")
    assert reels.most_bytes(Fraction(20)) == 25_000_000 * 20 // 8
    assert reels.most_bytes(Fraction(90)) == 100_000_000
    assert find("web").most_bytes(Fraction(20)) is None


@pytest.mark.parametrize("rate_first", [True, False])
def test_ladder_steps_get_smaller(rate_first):
    first = Plan(size=(720, 1280), fps=Fraction(24), codec="h264", quality=16)
    steps = ladder(first, range(17, 20), rate_first=rate_first)
    assert steps[0][0] == first
    assert all([plan.quality for plan in step] == [16, 17, 18, 19] for step in steps)
    pixels = [plan.size[0] * plan.size[1] * plan.fps for plan, *_ in steps]
    assert pixels == sorted(pixels, reverse=True) and len(set(pixels)) == len(pixels)
    assert all(side % 2 == 0 for step in steps for side in step[0].size)
    fixed = ladder(first, (), fixed_size=True, min_fps=Fraction(12))
    assert {plan.size for (plan,) in fixed} == {(720, 1280)}
    assert [plan.fps for (plan,) in fixed] == [24, 12]


def test_sound_bit_rate_is_a_share_of_the_limit():
    assert sound_bit_rate(192_000, None, Fraction(20)) == 192_000
    assert sound_bit_rate(192_000, 8_000_000, Fraction(20)) == 192_000
    assert sound_bit_rate(192_000, 8_000_000, Fraction(80)) == 96_000
    assert sound_bit_rate(192_000, 8_000_000, Fraction(3600)) == 64_000
    assert sound_bit_rate(128_000, 10**9, Fraction(20)) == 128_000
    assert sound_bit_rate(0, 8_000_000, Fraction(20)) == 0
