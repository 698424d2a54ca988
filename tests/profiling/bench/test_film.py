"""Parts of a film's time, measured in a small render."""

import time
from tempfile import TemporaryDirectory

import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.media.images.writing import save
from dreamvid.profiling.bench.film import PARTS, film_preset, measure_film
from dreamvid.profiling.bench.instrument import Watch, timed_render
from dreamvid.render import render
from dreamvid.render.render import render_film
from dreamvid.render.work import segmented

CPU = torch.device("cpu")
SEAMS = [
    *((render, name) for name in ("build", "write_films")),
    *((segmented, name) for name in ("samples", "PendingFrames", "TwinSegments")),
]


@pytest.fixture
def small(small_preset):
    """(frames, settings) -> preset."""
    settings = ("start.size=64x48", "dream.layers=block_3/expand", "outputs.loop=false")
    return lambda frames, *more: small_preset(*settings, f"video.frames={frames}", *more)


@pytest.fixture
def times(small):
    return measure_film("small", (64, 48), small(9, "colour.keep=mean"), CPU)


@pytest.mark.slow
def test_parts_add_up_to_the_film(times):
    assert set(times.parts) == set(PARTS)
    assert sum(times.shares.values()) == pytest.approx(1.0, abs=1e-9)
    assert sum(times.parts.values()) == pytest.approx(times.seconds, abs=1e-9)
    assert min(times.parts.values()) >= 0
    working = set(PARTS) - {"copy"}  # on the CPU nothing has to be copied to the host
    assert {name for name in PARTS if times.parts[name] > 0} == working
    assert (times.frames, times.size) == (9, (64, 48))
    assert 0 < times.frame.low <= times.frame.median <= times.frame.high
    assert times.encoding > 0


@pytest.mark.slow
def test_film_time_excludes_its_folder(small, monkeypatch):
    class Slow(TemporaryDirectory):
        def cleanup(self):
            time.sleep(1.0)
            super().cleanup()

    monkeypatch.setattr("dreamvid.profiling.bench.film.TemporaryDirectory", Slow)
    monkeypatch.setattr("dreamvid.profiling.bench.peak._give_back", lambda: time.sleep(1.0))
    begin = time.perf_counter()
    times = measure_film("small", (64, 48), small(9, "colour.keep=mean"), CPU)
    took = time.perf_counter() - begin - 2.0
    assert 0.5 * took <= times.seconds <= took


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seam", "part"),
    [
        ("dreamvid.film.parts.dream", "dream"),
        ("dreamvid.film.parts.keep_colours", "colour"),
        ("dreamvid.film.grow.read", "motion"),
        ("dreamvid.render.work.segmented.samples", "conversion"),
        ("dreamvid.render.render.write_films", "films"),
        ("dreamvid.render.render.build", "start"),
        ("dreamvid.render.work.segmented.chunk_length", "rest"),
    ],
)
def test_parts_include_their_functions(small, monkeypatch, seam, part):
    module, name = seam.rsplit(".", 1)
    real = getattr(__import__(module, fromlist=[name]), name)

    def slow(*words, **named):
        time.sleep(2.0)
        return real(*words, **named)

    monkeypatch.setattr(seam, slow)
    # Frame 0 is dreamed and coloured; frame 1, which is not, is moved.
    times = measure_film("small", (64, 48), small(2, "colour.keep=mean", "dream.every=2"), CPU)
    repeated = 2 if part == "conversion" else 1
    assert times.parts[part] >= 2.0 * repeated


@pytest.mark.slow
def test_waiting_is_for_the_encoder(small, monkeypatch):
    def slow(frames, path, encoding):
        time.sleep(1.0)
        encode(frames, path, encoding)

    encode = __import__("dreamvid.media.video.segments", fromlist=["encode"]).encode
    monkeypatch.setattr("dreamvid.media.video.segments.encode", slow)
    times = measure_film("small", (64, 48), small(5), CPU)  # two segments, both ways
    assert times.encoding >= 4.0
    assert times.parts["waiting"] > 0.5  # for the last one, which takes 2 seconds, at least


@pytest.mark.slow
def test_waiting_for_room_is_waiting(small, monkeypatch):
    def slow(frames, path, encoding):
        time.sleep(1.0)
        encode(frames, path, encoding)

    encode = __import__("dreamvid.media.video.segments", fromlist=["encode"]).encode
    monkeypatch.setattr("dreamvid.media.video.segments.encode", slow)
    times = measure_film("small", (64, 48), small(13), CPU)  # four segments: two seconds each
    assert times.parts["waiting"] > 5.0 > times.parts["rest"]


@pytest.mark.slow
def test_timed_film_is_identical(small, tmp_path):
    preset = small(5)
    render_film(preset, tmp_path / "plain", device=CPU)
    with timed_render(Watch(CPU)):
        render_film(preset, tmp_path / "watched", device=CPU)
    for name in ("forward.mp4", "reverse.mp4", "poster.png"):
        plain, seen = (tmp_path / folder / name for folder in ("plain", "watched"))
        assert plain.read_bytes() == seen.read_bytes()


def test_render_is_restored_after_timing(small, monkeypatch):
    before = [getattr(*seam) for seam in SEAMS]
    monkeypatch.setattr("dreamvid.film.parts.dream", lambda *words, **named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        measure_film("small", (64, 48), small(2), CPU)
    assert [getattr(*seam) for seam in SEAMS] == before


def test_film_preset_has_no_lead_in():
    preset = film_preset("endless-barcelona", (128, 96), 3, CPU)
    assert (preset.loop.kind, preset.video.frames, preset.start.size) == ("none", 3, (128, 96))


def test_film_preset_takes_settings(tmp_path):
    save(torch.rand(1, 3, 64, 64), tmp_path / "guide.png")
    preset = film_preset("guided", (128, 96), 3, CPU, [f"dream.guide={tmp_path / 'guide.png'}"])
    assert preset.dream.guide[0].path == tmp_path / "guide.png"


def test_film_preset_errors_are_raised():
    with pytest.raises(PresetError, match="no preset of this name"):
        film_preset("quickstar", (64, 48), 3, CPU)
