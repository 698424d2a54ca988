"""Schedules of a whole preset, found and evaluated before any rendering."""

from fractions import Fraction

import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.film.job import build, still
from dreamvid.film.parts import Parts
from dreamvid.film.settings_at import ascent_at, grade_at, motion_at
from dreamvid.film.timeline import Timeline, check_schedules, make_timeline
from dreamvid.preset.load import check, with_settings
from dreamvid.preset.schedules import schedules
from dreamvid.preset.schema import (
    ColourOptions,
    DreamOptions,
    FlowOptions,
    MotionOptions,
    Options,
)
from dreamvid.schedule.curve import Bounds, Curve, value_at
from tests.support.climb import Climb

CPU = torch.device("cpu")
TABLES: dict[str, type[Options]] = {
    "dream": DreamOptions,
    "motion": MotionOptions,
    "flow": FlowOptions,
    "colour": ColourOptions,
}


def numbers(table):
    """Yield the scheduled options of a table, with their bounds."""
    for name, field in TABLES[table].model_fields.items():
        for bounds in field.metadata:
            if isinstance(bounds, Bounds):
                yield name, bounds


def timeline(frames=9, **options):
    return Timeline(fps=Fraction(8), frames=frames, **options)


def test_schedules_are_found_in_all_tables_with_their_names():
    preset = with_settings(
        [
            "video.frames=9",
            "motion.zoom=1+t",
            'motion.shift=["t", 0.5]',
            'dream.layers=["stem", {name="head", weight="t"}]',
            'dream.guide=[{path="a.png", weight="1-p"}, "b.png"]',
            'colour.keep="mean"',
            "colour.strength=0:(0.5), 4:(0.1)",
            "flow.frames=1",
            'flow.decay=[{at=0, value=1}, {at="4f", value=0.5}]',
            "seed=4",
        ]
    )
    found = dict(schedules(preset))
    assert set(found) == {
        "motion.zoom",
        "motion.shift[0]",
        "dream.layers[1].weight",
        "dream.guide[0].weight",
        "colour.strength",
        "flow.decay",
    }
    assert found["motion.zoom"].source == "1+t"
    assert list(schedules(with_settings(["video.frames=9"]))) == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("dream.octaves=1+frame*10", r"^dream.octaves: is 21 at frame 2; .*equal to 20"),
        ("motion.zoom=1/(frame-3)", r"^motion.zoom: .*is -0.333333 at frame 0"),
        ("motion.turn=1/(frame-3)", r"^motion.turn: at frame 3: .*1 / 0 has no finite value"),
        ("motion.turn=rms", r"^motion.turn: at frame 0: rms needs a sound"),
        ("motion.turn=beat", r"^motion.turn: at frame 0: beat needs sound.bpm or a sound"),
        (
            'dream.layers=[{name="stem", weight="1e7*frame"}]',
            r"^dream.layers\[0\].weight: is 1e\+07 at frame 1",
        ),
        (
            'dream.step_size=[{at="2f", value=1}, {at=0.1, value=2}]',
            r"^dream.step_size: .*key 2.* is not after that of key 1",
        ),
    ],
)
def test_schedule_out_of_bounds_names_option_and_frame_before_any_work(setting, message, dreamless):
    with pytest.raises(PresetError, match=message) as error:
        build(with_settings(["video.frames=9", "video.fps=8", setting]), CPU)
    assert "\n" not in str(error.value)


def test_schedule_out_of_bounds_in_a_still(image, dreamless):
    with pytest.raises(PresetError, match=r"^dream.steps: at frame 0: .*1 / 0 has no finite value"):
        still(image, with_settings(["video.frames=1", "dream.steps=1/t"]), CPU)


@pytest.fixture
def dreamless(monkeypatch):
    def dream(*args, **options):
        pytest.fail("something was dreamed")

    monkeypatch.setattr("dreamvid.film.parts.dream", dream)


def test_schedule_out_of_bounds_in_the_last_frame():
    preset = with_settings(["video.frames=50", "motion.droste=1+1/(49-frame)"])
    check_schedules(preset, timeline(frames=49))
    with pytest.raises(
        PresetError, match=r"^motion.droste: at frame 49: .*1 / 0 has no finite value"
    ):
        check_schedules(preset, timeline(frames=50))


def test_check_of_a_very_long_film_tries_some_frames(caplog, monkeypatch):
    """Ten million frames of a long formula would take an hour to try."""
    formula = "1+0.001*(" + "+".join(["noise(t)"] * 48) + ")"
    preset = with_settings(["video.frames=10_000_000", f"motion.zoom={formula}"])
    # 48 calls, their t, 47 sums, 2 constants, a product and a sum; and the overhead of 5.
    assert make_timeline(preset, None).stride == -(-10_000_000 * (147 + 5) // 500_000) == 3040
    short = with_settings(["video.frames=3289", f"motion.zoom={formula}"])
    assert make_timeline(short, None).stride == 1
    monkeypatch.setattr("dreamvid.film.timeline.OPERATIONS", 5000)
    film = make_timeline(preset, None)
    check_schedules(preset, film)
    assert len(film.tried) == 33 and film.tried[-1] < 10_000_000
    assert f"of 10000000 frames one in {film.stride} is tried" in caplog.text


def test_frame_without_a_value_keeps_the_last_that_was_tried():
    """No film is lost halfway; the same frame has the same value in a resumed one."""
    film = timeline(frames=100, stride=10)
    curve = Curve("0:(1/(t-25))", Bounds(ge=-1, le=0.3))
    assert list(film.tried) == [*range(0, 100, 10)]
    found = {n: curve.at(film.moment(n)) for n in (20, 24, 25, 28, 29, 30, 35)}
    assert found == {20: -0.2, 24: -1, 25: -0.2, 28: -0.2, 29: 0.25, 30: 0.2, 35: 0.1}
    with pytest.raises(ValueError, match=r"^at frame 25: .*has no finite value$"):
        curve.at(timeline(frames=100).moment(25))


def test_sound_of_the_last_tried_frame_serves_too():
    heard = timeline(frames=100, stride=10, levels=lambda n: {"rms": n % 10 / 10})
    assert Curve("1/(rms - 0.5)").at(heard.moment(15)) == 1 / -0.5


def test_wave_passes_by_the_speed_of_each_frame():
    """Speeds are evaluated up to the frame that is rendered, not up to a far end."""
    options = MotionOptions.model_validate({"per": "frame", "wave": 1, "wave_speed": "frame/10"})
    film = timeline(frames=10_000_000)
    phases = [motion_at(options, film.moment(n)).wave_phase for n in (0, 3, 1, 4)]
    assert phases == pytest.approx([0, 0.6, 0.1, 1.0])


def test_seed_of_a_preset_is_known_to_its_deforum_strings():
    preset = with_settings(["video.frames=9", "seed=5", "motion.turn=0:(s)"])
    film = make_timeline(preset, None)
    assert motion_at(preset.motion, film.moment(3)).turn == 5


def test_timeline_wraps_in_a_loop_and_is_negative_before_a_film():
    loop, film = timeline(frames=10, loops=True), timeline(frames=10)
    assert [loop.moment(n).frame for n in (-12, -1, 0, 9, 10)] == [8, 9, 0, 9, 0]
    assert [film.moment(n).frame for n in (-1, 0, 9, 10)] == [-1, 0, 9, 10]
    assert loop.moment(-2).t == 1.0 and film.moment(-2).t == -0.25


def test_timeline_of_a_loop_wraps_the_sound():
    heard = timeline(frames=4, loops=True, levels=lambda n: {"rms": n / 10})
    assert [heard.moment(n).value("rms") for n in (0, 3, -1, 4)] == [0, 0.3, 0.3, 0]
    assert timeline(bpm=120).moment(4).value("beat") == 1.0  # half a second


def test_scheduled_options_are_bounded():
    """Options of plain numbers take no schedule; the exceptions are counts."""
    counted = {"dream": {"tour", "every", "rate"}, "flow": {"frames"}}
    for table, options in TABLES.items():
        for name, field in options.model_fields.items():
            plain = field.annotation in (int, float)
            assert not plain or name in counted.get(table, ()), f"{table}.{name}"
        assert len(list(numbers(table))) >= 2


def in_between(bounds):
    """Choose two values within the bounds, whole where they must be."""
    low = bounds.gt if bounds.ge is None else bounds.ge
    low = max(-4.0, low)
    high = min(low + 8, bounds.le if bounds.le is not None else bounds.lt)
    return (low + 1, high - 1) if high - low > 3 else (low + (high - low) / 4, (low + high) / 2)


@pytest.mark.parametrize(
    ("table", "name", "bounds"),
    [(table, name, bounds) for table in TABLES for name, bounds in numbers(table)],
)
def test_scheduled_option_takes_its_schedules_values(table, name, bounds):
    first, last = (round(v) if bounds.whole else v for v in in_between(bounds))
    needs = {
        "colour": {"keep": "spread"},
        "flow": {"frames": 0 if name == "restart" else 2},
        "motion": {
            "border": "dream" if name == "border_steps" else "mirror",
        },
    }
    settings = needs.get(table, {}) | {name: f"{first} + ({last} - {first}) * p"}
    start = {"kind": "video", "path": "clip.mp4"} if name == "restart" else {}
    preset = check({"video": {"frames": 9}, "start": start, table: settings})
    options = getattr(preset, table)
    curve = getattr(options, name)
    assert isinstance(curve, Curve) and dict(schedules(preset)) == {f"{table}.{name}": curve}
    for frame, expected in ((0, first), (8, last)):
        moment = timeline().moment(frame)
        assert used(options, name, moment) == pytest.approx(expected)


def used(options, name, moment):
    """Evaluate an option as the dream, the camera or the grading gets it."""
    made = {DreamOptions: ascent_at, MotionOptions: motion_at, ColourOptions: grade_at}
    make = made.get(type(options))
    result = make(options, moment) if make else None
    if name == "wave_speed":
        return value_at(options.wave_speed, moment)
    return getattr(result, name, value_at(getattr(options, name), moment))


def test_schedule_decides_what_is_dreamed(image, monkeypatch):
    asked = []

    def dream(image, score, ascent, *, rng, mask=None):
        asked.append((ascent.steps, ascent.step_size))
        return image

    monkeypatch.setattr("dreamvid.film.parts.dream", dream)
    preset = with_settings(["video.frames=9", "dream.steps=frame", "dream.step_size=2-t*2"])
    parts = Parts(preset, timeline(), lambda moment, image: Climb(torch.sum), CPU)
    for n in (0, 1, 6, 8):
        parts.dreamed(image, parts.timeline.moment(n))
    # Of no steps or no size nothing is dreamed.
    assert asked == [(1, 1.75), (6, 0.5)]


@pytest.mark.parametrize("name", ["strength", "decay"])
def test_schedule_of_blending_is_followed(name):
    """Compare a schedule that steps at frame 3 with a constant."""

    def frames(value):
        settings = ["start.size=48x32", "video.fps=8", "video.frames=4", "flow.frames=3"]
        quick = ["dream.octaves=1", "dream.steps=1", "dream.layers=stem", f"flow.{name}={value}"]
        job = build(with_settings(settings + quick), CPU)
        with job.steps({}) as step:
            frame, images = job.start, []
            for _ in range(4):
                frame = step(frame)
                images.append(frame.image)
        return images

    scheduled, constant = frames("where(frame<3, 0.9, 0.2)"), frames(0.9)
    assert all(torch.equal(scheduled[n], constant[n]) for n in range(3))
    assert not torch.equal(scheduled[3], constant[3])
