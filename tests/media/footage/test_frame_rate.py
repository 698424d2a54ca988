"""Frame rates from tables of times, worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest

from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.frame_rate import constant_rate, grid_rate
from tests.media.footage.test_footage import film, numbers

MS, TS = Fraction(1, 1000), Fraction(1, 90000)
NTSC = Fraction(24000, 1001)


@pytest.mark.parametrize(
    "ticks,tick,declared,rate",
    [
        # 24 a second, the last pictures of a trimmed film two steps apart
        ([0, 512, 1024, 1536, 2048, 3072, 4096], Fraction(1, 12288), [24], 24),
        # one of three dropped: 16 a second on average
        ([0, 512, 1536, 2048, 3072, 3584, 4608], Fraction(1, 12288), [16, 24], 24),
        # 24 a second in milliseconds: 0, 41.7, 83.3, 166.7, 208.3, 333.3, 375, 416.7
        ([0, 42, 83, 167, 208, 333, 375, 417], MS, [], 24),
        # 50 a second, six of fifty left out
        ([n * 20 for n in range(50) if n % 8 != 5], MS, [44], 50),
        # a screen recorded at 60 a second that stands still for seconds
        ([0, 17, 33, 50, 67, 5067, 5083, 5100, 9000, 9017], MS, [], 60),
        # 24000/1001 a second in MPEG-TS: 3753.75 ticks a frame, 11261.25 for three
        ([0, 3754, 7508, 11261, 22523, 26276, 30030], TS, [NTSC], NTSC),
        # 25 a second, the first for 21.4 ms longer, as fragments of MP4 with AAC have it
        ([0, *(786 + 512 * n for n in range(10))], Fraction(1, 12800), [24], 25),
        # 18 a second as Super 8, in exact ticks: no usual rate
        ([0, 500, 1000, 2000, 2500, 3000], Fraction(1, 9000), [15], 18),
    ],
)
def test_rate_of_a_grid_with_gaps(ticks, tick, declared, rate):
    declared = [Fraction(rate) for rate in declared]
    assert constant_rate(ticks, tick, declared) is None
    assert grid_rate(ticks, tick, declared) == rate


def test_rate_of_no_grid():
    # 24 a second on a grid of 60: two and three steps apart
    assert grid_rate([0, 33, 83, 117, 167, 200, 250, 283, 333], MS, [Fraction(24)]) is None
    # a GIF of 0.07 and 0.05 seconds
    assert grid_rate([0, 7, 12, 19, 24, 31], Fraction(1, 100), []) is None
    # neither of two frames out of step
    assert grid_rate([0, 786, *(1500 + 512 * n for n in range(10))], Fraction(1, 12800), []) is None
    rng = np.random.default_rng(3)  # a phone: about 30 a second, 5 ms to and fro
    phone = np.round(np.cumsum(rng.uniform(28.3, 38.3, 60))).astype(int).tolist()
    assert grid_rate(phone, MS, [Fraction(30)]) is None


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
def test_film_with_dropped_frames_shows_each_at_its_time(kind, tmp_path):
    kept = [0, 1, 3, 4, 6, 7, 9, 10, 12, 13]
    path = film(tmp_path / f"drops.{kind}", kept, tick=Fraction(1, 24), rate=24)
    info = probe_footage(path)
    assert (info.fps, info.frames, info.seconds) == (24, 14, Fraction(14, 24))
    assert numbers(read_footage(path, fps=info.fps)) == [0, 1, 1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9]
