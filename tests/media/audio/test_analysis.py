import time
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest

from dreamvid.media.audio.analysis import analyse, follow

FPS = Fraction(30000, 1001)
LEVELS = ("rms", "bass", "mid", "high", "onset")


def peaks(curve):
    """Frames higher than the one before and not lower than the one after."""
    inner = curve[1:-1]
    rises = (inner > curve[:-2]) & (inner >= curve[2:]) & (inner > 0.3)
    return np.flatnonzero(np.concatenate([[curve[0] > curve[1]], rises, [False]]))


@pytest.mark.parametrize("hertz,band", [(60, "bass"), (100, "bass"), (440, "mid"), (5000, "high")])
def test_bands_separate_tones(hertz, band, write_sound, sine):
    path = write_sound("a.wav", sine(hertz, 6))
    curves = analyse(path, fps=FPS, frames=150)
    for name in ("bass", "mid", "high"):
        steady = getattr(curves, name)[60:]
        assert steady.min() > 0.95 if name == band else steady.max() < 0.15, name
    assert curves.rms[60:].min() > 0.95
    assert curves.onset[60:].max() < 0.05


def test_curves_of_a_soft_sound_use_the_whole_range(write_sound, sine):
    path = write_sound("a.wav", sine(440, 6) * 0.02)
    assert analyse(path, fps=FPS, frames=150).rms[10:].min() > 0.95


@pytest.mark.slow
def test_curves_are_not_scaled_by_one_bang(write_sound, sine):
    sound = sine(440, 60) * 0.1
    sound[480000:480100] = 0.99
    curves = analyse(write_sound("a.wav", sound), fps=FPS, frames=1780)
    assert np.median(curves.rms) > 0.9


@pytest.mark.parametrize("amplitude", [0, 1e-5])
def test_silence_stays_zero_and_counts_120_bpm(amplitude, write_sound):
    noise = np.random.default_rng(7).normal(size=200_000) * amplitude
    path = write_sound("a.wav", noise, codec="pcm_f32le")
    curves = analyse(path, fps=FPS, frames=100)
    for name in LEVELS:
        assert getattr(curves, name).max() < 0.1, name
        assert amplitude or not getattr(curves, name).any(), name
    np.testing.assert_allclose(curves.beat, np.arange(100) / float(FPS) * 2)


@pytest.mark.slow
def test_beat_of_noise_and_tones_is_120_bpm(write_sound, sine):
    noise = np.random.default_rng(7).normal(size=48000 * 30) * 0.1
    for sound in (noise, sine(55, 30), sine(55, 30) + 0.5 * sine(700, 30)):
        beat = analyse(write_sound("a.wav", sound), fps=FPS, frames=850).beat
        np.testing.assert_allclose(beat, np.arange(850) / float(FPS) * 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fps", [Fraction(12), Fraction(24), FPS, Fraction(60), Fraction(240)], ids=str
)
@pytest.mark.parametrize(
    "name,codec,rate", [("a.wav", "pcm_s16le", 44100), ("a.m4a", "aac", 48000)]
)
def test_onsets_and_beats_of_clicks(fps, name, codec, rate, write_sound, clicks):
    times = np.arange(0.3, 19.8, 0.5)  # 120 a minute
    path = write_sound(name, clicks(20, times, rate), rate, codec)
    frames = int(20 * fps)
    curves = analyse(path, fps=fps, frames=frames)
    found = peaks(curves.onset)
    assert len(found) == len(times)
    assert np.abs(found - times * float(fps)).max() <= max(1, 0.015 * fps)  # a hop and a half
    beat = np.interp(times, np.arange(frames) / float(fps), curves.beat)
    assert np.abs(beat - beat.round()).max() * 0.5 < 0.04
    np.testing.assert_allclose(np.diff(beat), 1, atol=0.1)
    assert np.all(np.diff(curves.beat) > 0) and 0 <= curves.beat[0] < 1


@pytest.mark.slow
@pytest.mark.parametrize("bpm", [70, 97.3, 128, 165])
def test_beat_tempo_is_found_in_noise(bpm, write_sound, clicks):
    times = np.arange(4.1, 30, 60 / bpm)
    sound = clicks(45, times) + np.random.default_rng(7).normal(size=45 * 48000) * 0.003
    curves = analyse(write_sound("a.wav", sound), fps=Fraction(25), frames=1125)
    beat = np.interp(times, np.arange(1125) / 25, curves.beat)
    assert np.abs(beat - beat.round()).max() * 60 / bpm < 0.04
    np.testing.assert_allclose(np.diff(curves.beat[:75]).mean() * 25 * 60, bpm, rtol=0.1)
    np.testing.assert_allclose(np.diff(curves.beat[800:]).mean() * 25 * 60, bpm, rtol=0.05)


def test_beat_follows_a_drifting_tempo(write_sound, clicks):
    times = 0.2 + np.cumsum(np.linspace(0.5, 0.55, 60))
    path = write_sound("a.wav", clicks(33, times))
    curves = analyse(path, fps=Fraction(50), frames=1600)
    beat = np.interp(times[:55], np.arange(1600) / 50, curves.beat)
    assert np.abs(beat - beat.round()).max() * 0.5 < 0.04
    assert (beat[-1] - beat[0]).round() == 54


def test_beat_of_a_given_bpm_counts_from_frame_0(write_sound, clicks):
    path = write_sound("a.wav", clicks(10, np.arange(0.3, 9, 0.5)))
    curves = analyse(path, fps=FPS, frames=250, bpm=90)
    np.testing.assert_allclose(curves.beat, np.arange(250) / float(FPS) * 1.5)


def test_analyse_first_shifts_the_curves(write_sound, clicks):
    path = write_sound("a.wav", clicks(10, [5]))
    for first, frame in ((0.0, 120), (2.0, 72), (4.9, 2), (-1.0, 144)):
        onset = analyse(path, fps=Fraction(24), frames=200, first=first).onset
        assert abs(int(onset.argmax()) - frame) <= 1


def test_analyse_is_silent_after_the_sound(write_sound, sine):
    curves = analyse(write_sound("a.wav", sine(440, 2)), fps=FPS, frames=300, release=0.1)
    assert curves.rms[2:59].min() > 0.9
    assert curves.rms[90:].max() < 0.01
    assert all(len(getattr(curves, field.name)) == 300 for field in fields(curves))


@pytest.mark.parametrize("attack,release", [(0.01, 0.25), (0.5, 0.1), (0, 0), (0, 2)])
def test_follow_equals_its_recursion(attack, release):
    curve = np.random.default_rng(7).uniform(0, 1, 50).astype(np.float32)
    level, expected = 0.0, []
    for value in curve:
        seconds = attack if value > level else release
        step = 1.0 if seconds == 0 else 1 - 2.718281828459045 ** (-1 / 25 / seconds)
        level = level + step * (float(value) - level)
        expected.append(level)
    np.testing.assert_allclose(follow(curve, 25.0, attack, release), expected, rtol=1e-5)


def test_release_is_the_time_constant(write_sound, sine):
    path = write_sound("a.wav", sine(440, 2))
    rms = analyse(path, fps=Fraction(100), frames=400, release=0.5).rms
    # From 2.02 s, where the window has left the tone, to 0.5 s later.
    assert rms[252] / rms[202] == pytest.approx(np.exp(-1), rel=0.01)


def test_curves_at_a_frame_are_clamped(write_sound, clicks):
    curves = analyse(write_sound("a.wav", clicks(3, [1])), fps=FPS, frames=60)
    assert set(curves.at(30)) == {*LEVELS, "beat"}
    assert curves.at(30)["onset"] == curves.onset[30]
    assert curves.at(-5) == curves.at(0) and curves.at(1000) == curves.at(59)
    assert all(type(value) is float for value in curves.at(7).values())


@pytest.mark.parametrize(
    "wrong", [{"frames": 0}, {"bpm": 0.0}, {"attack": -1.0}, {"fps": Fraction(0)}]
)
def test_analyse_refuses_senseless_arguments(wrong, write_sound, clicks):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        analyse(write_sound("a.wav", clicks(1, [])), **{"fps": FPS, "frames": 9, **wrong})


def test_analyse_of_one_frame(write_sound, clicks):
    curves = analyse(write_sound("a.wav", clicks(1, [0])), fps=FPS, frames=1)
    assert len(curves.beat) == 1 and curves.onset[0] == 1


@pytest.mark.slow
def test_analyse_of_ten_minutes_takes_seconds(write_sound, clicks):
    path = write_sound("a.wav", clicks(600, np.arange(0.3, 599, 0.5), 44100), 44100)
    began = time.process_time()  # others may use the processors
    curves = analyse(path, fps=Fraction(24), frames=14400)
    assert (
        time.process_time() - began < 60
    )  # 1 s on one core of 2026; minutes where it is quadratic
    assert curves.beat[-1] == pytest.approx(1200, abs=2)
