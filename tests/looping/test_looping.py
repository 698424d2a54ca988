"""A loop's step across its seam is like the steps inside it."""

from fractions import Fraction

import numpy as np
import pytest

from dreamvid.errors import PresetError
from dreamvid.looping.kinds import cross_fade, ping_pong
from dreamvid.sound.decode import RATE
from dreamvid.video.footage import read_footage
from dreamvid.video.pictures import Pictures
from dreamvid.video.writer import Encoding, encode

H, W, N = 64, 96, 24


@pytest.fixture
def moving(texture):
    """Pictures of a texture that goes right by two pixels a frame, and never comes back."""
    wide = texture(H, W + 2 * N)

    def read():
        for n in range(N):
            yield np.ascontiguousarray(wide[:, 2 * n : 2 * n + W])

    def sound():
        yield np.full((2, RATE * 2), 0.25, np.float32)

    return Pictures(read=read, size=(H, W), fps=Fraction(12), count=N, sound=sound)


def steps(frames):
    """Mean absolute change to the next picture, the last one's being the seam."""
    whole = np.stack([*frames, frames[0]]).astype(float)
    return np.abs(np.diff(whole, axis=0)).mean((1, 2, 3))


def test_a_cross_fade_has_no_seam(moving):
    film = cross_fade(moving, 8)
    frames = list(film.read())
    change = steps(frames)
    plain = steps(list(moving.read()))
    assert len(frames) == film.count == N - 8
    assert plain[-1] > 2 * plain[:-1].mean()  # the film itself has one
    assert change[-1] < 1.5 * change[:-1].mean() and change.max() < 2 * np.median(change)


def test_a_cross_fade_s_sound_is_as_long_and_goes_on(moving):
    film = cross_fade(moving, 8)
    assert film.sound
    samples = np.concatenate(list(film.sound()), axis=1)
    assert samples.shape == (2, round(film.seconds * RATE))
    assert abs(samples[0, -1] - 0.25) < 1e-3 and abs(samples[0, 0] - 0.25) < 1e-6


def test_a_cross_fade_has_room(moving):
    with pytest.raises(PresetError, match="--seconds"):
        cross_fade(moving, N // 2 + 1)


def test_there_and_back_shows_both_ends_once(tmp_path):
    grey = np.full((H // 2, W), 128, np.uint8)
    frames = [np.concatenate([np.full((H, W), 20 + 8 * n, np.uint8), grey]) for n in range(N)]
    encode(frames, tmp_path / "a.mp4", Encoding(size=(H, W), fps=Fraction(12)))
    film = ping_pong(tmp_path / "a.mp4")
    shown = list(film.read())
    forward = list(read_footage(tmp_path / "a.mp4", fps=Fraction(12)))
    expected = [*forward, *forward[-2:0:-1]]
    assert film.count == len(shown) == 2 * N - 2
    assert all((a == b).all() for a, b in zip(shown, expected, strict=True))
    change = steps(shown)
    assert change[-1] < 1.5 * change[:-1].mean()
