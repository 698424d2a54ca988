"""Loops whose change across the seam is like the changes inside them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dreamvid.errors import PresetError
from dreamvid.export.loop.kinds import cross_fade, ping_pong
from dreamvid.export.reverse.backwards import _Decoder
from dreamvid.export.timing import trim
from dreamvid.media.audio.decode import RATE
from dreamvid.media.clip import Pictures, pictures_of
from dreamvid.media.footage.footage import read_footage
from dreamvid.media.video.writer import Encoding, encode
from tests.export.reverse.test_reverse import PICTURES, ffmpeg
from tests.export.test_timing import numbered, samples

H, W, N = 64, 96, 24


@pytest.fixture
def moving(texture):
    """A texture that moves right by two pixels a frame and never returns."""
    wide = texture(H, W + 2 * N)

    def read():
        for n in range(N):
            yield np.ascontiguousarray(wide[:, 2 * n : 2 * n + W])

    def sound():
        yield np.full((2, RATE * 2), 0.25, np.float32)

    return Pictures(read=read, size=(H, W), fps=Fraction(12), count=N, sound=sound)


def changes(frames):
    """Mean absolute change to the next frame; the last one is the seam."""
    whole = np.stack([*frames, frames[0]]).astype(float)
    return np.abs(np.diff(whole, axis=0)).mean((1, 2, 3))


def test_cross_fade_has_no_seam(moving):
    film = cross_fade(moving, 8)
    frames = list(film.read())
    change = changes(frames)
    original = changes(list(moving.read()))
    assert len(frames) == film.count == N - 8
    assert original[-1] > 2 * original[:-1].mean()  # the film itself has one
    assert change[-1] < 1.5 * change[:-1].mean() and change.max() < 2 * np.median(change)


def test_cross_fade_sound_has_the_film_s_length(moving):
    film = cross_fade(moving, 8)
    assert film.sound
    samples = np.concatenate(list(film.sound()), axis=1)
    assert samples.shape == (2, round(film.seconds * RATE))
    assert abs(samples[0, -1] - 0.25) < 1e-3 and abs(samples[0, 0] - 0.25) < 1e-6


def test_cross_fade_longer_than_half_is_refused(moving):
    with pytest.raises(PresetError, match="--seconds"):
        cross_fade(moving, N // 2 + 1)


def test_cross_fade_sound_has_equal_power():
    ramp = numbered(24, 12, sound=True)  # sample n is n
    sound, fade = samples(cross_fade(ramp, 8)), 8 * RATE // 12
    alone = 2 * RATE - 2 * fade
    np.testing.assert_array_equal(sound[:alone], np.arange(fade, fade + alone))
    angle = (np.arange(fade) + 0.5) / fade * np.pi / 2
    tail, head = np.arange(2 * RATE - fade, 2 * RATE), np.arange(fade)
    expected = tail * np.cos(angle) + head * np.sin(angle)
    np.testing.assert_allclose(sound[alone:], expected, rtol=1e-4, atol=1)


def test_cross_fade_of_one_frame_is_refused():
    with pytest.raises(PresetError, match=r"--kind: .*one picture cannot be dissolved"):
        cross_fade(numbered(1, 12), 1)


def test_ping_pong_reverses_the_sound():
    ramp = numbered(5, 10, sound=True)
    sound, half = samples(ping_pong(Path("unread.mp4"), ramp)), 4 * RATE // 10
    forward = np.arange(half)
    np.testing.assert_array_equal(sound, np.concatenate([forward, forward[::-1]]))


@pytest.mark.parametrize(
    "name,args",
    [
        ("b.mp4", ("-c:v", "libx264", "-bf", 3, "-g", 12)),
        ("b.avi", ("-c:v", "libx264", "-bf", 2)),
        ("b.mkv", ("-c:v", "mpeg4", "-bf", 2)),
        ("b.gif", ()),
    ],
)
def test_ping_pong_of_the_first_frames(name, args, tmp_path):
    path = tmp_path / name
    ffmpeg(*PICTURES, *args, path)
    for fps in (Fraction(24), Fraction(24_000, 1001), Fraction(10), Fraction(60)):
        forward = list(read_footage(path, fps=fps))
        film = replace(pictures_of(path), read=lambda fps=fps: read_footage(path, fps=fps), fps=fps)
        for count in {3, 12, 13, len(forward)}:
            used = trim(replace(film, count=len(forward)), Fraction(0), count / fps)
            shown = ping_pong(path, used).read()
            expected = [*forward[:count], *forward[count - 2 : 0 : -1]]
            assert all((a == b).all() for a, b in zip(shown, expected, strict=True))


def test_ping_pong_decodes_nothing_behind_the_turn(tmp_path, monkeypatch):
    ffmpeg(*PICTURES, "-c:v", "libx264", "-g", 6, tmp_path / "a.mp4")
    film = pictures_of(tmp_path / "a.mp4")
    calls = []
    real = _Decoder._collect
    monkeypatch.setattr(
        _Decoder, "_collect", lambda self, *args: (calls.append(args), real(self, *args))[1]
    )
    list(ping_pong(tmp_path / "a.mp4", trim(film, Fraction(0), Fraction(1, 2))).read())
    assert max(end for _, _, end in calls) <= 13  # of 36; one more for times that are rounded


def test_ping_pong_shows_both_ends_once(tmp_path):
    grey = np.full((H // 2, W), 128, np.uint8)
    frames = [np.concatenate([np.full((H, W), 20 + 8 * n, np.uint8), grey]) for n in range(N)]
    encode(frames, tmp_path / "a.mp4", Encoding(size=(H, W), fps=Fraction(12)))
    film = ping_pong(tmp_path / "a.mp4", pictures_of(tmp_path / "a.mp4"))
    shown = list(film.read())
    forward = list(read_footage(tmp_path / "a.mp4", fps=Fraction(12)))
    expected = [*forward, *forward[-2:0:-1]]
    assert film.count == len(shown) == 2 * N - 2
    assert all((a == b).all() for a, b in zip(shown, expected, strict=True))
    change = changes(shown)
    assert change[-1] < 1.5 * change[:-1].mean()
