"""Deforum's settings as a preset: its numbers, by hand and by Deforum's own arithmetic."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from dreamvid.film.settings_at import motion_at
from dreamvid.motion.camera import frame_map
from dreamvid.preset.deforum_settings import convert
from dreamvid.preset.load import check
from dreamvid.schedule.moment import Moment

SIDE = 64


def converted(**settings):
    """Preset of settings, and what became of each."""
    table, rows = convert({"W": SIDE, "H": SIDE, "max_frames": 60, **settings})
    return check(table), dict(rows)


def motion(preset, frame):
    moment = Moment(frame=frame, fps=Fraction(24), frames=preset.video.count, seed=preset.seed)
    return motion_at(preset.motion, moment)


def source_2d(pixels, *, zoom, angle, x, y):
    """Positions in the frame before, by OpenCV's documented matrix after the translation."""
    cos, sin = zoom * math.cos(math.radians(angle)), zoom * math.sin(math.radians(angle))
    middle = (SIDE - 1) / 2
    turn = np.array(
        [
            [cos, sin, (1 - cos) * middle - sin * middle],
            [-sin, cos, sin * middle + (1 - cos) * middle],
            [0, 0, 1],
        ]
    )
    shift = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])
    whole = np.concatenate([pixels, np.ones_like(pixels[..., :1])], -1)
    return (whole @ np.linalg.inv(turn @ shift).T)[..., :2]


def source_3d(pixels, *, x=0.0, y=0.0, z=0.0, pitch=0.0, yaw=0.0, roll=0.0, fov=70.0):
    """Positions in the frame before: a plane at distance 1, projected before and after."""
    place = (pixels + 0.5) / (SIDE / 2) - 1
    world = np.concatenate([place, np.ones_like(place[..., :1])], -1)
    a, b, c = np.radians([pitch, yaw, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    moved = world @ (about_x @ about_y @ about_z) + np.array([-x, y, -z]) / 200
    focal = 1 / np.tan(np.radians(fov) / 2)
    offset = focal * (moved[..., :2] / moved[..., 2:] - world[..., :2])
    return (place - offset + 1) * (SIDE / 2) - 0.5


def source_here(preset, frame):
    found = frame_map(
        motion(preset, frame), seconds=1, height=SIDE, width=SIDE, device=torch.device("cpu")
    )
    assert found is not None
    return found.numpy()


PIXELS = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(float)


def test_camera_has_deforums_numbers_in_2d():
    preset, rows = converted(
        zoom="0:(1.0025+0.002*sin(1.25*3.14*t/30))", angle="0:(0), (max_f/2):(10), (max_f-1):(0)"
    )
    assert rows["zoom"] == "motion.zoom" and rows["angle"] == "motion.turn"
    assert preset.motion.per == "frame"
    for frame in (1, 15, 29, 40, 59):
        found = motion(preset, frame)
        wave = math.sin(1.25 * 3.14 * frame / 30)
        assert found.zoom == pytest.approx(1.0025 + 0.002 * wave, rel=1e-12)
        assert found.turn == pytest.approx(np.interp(frame, [0, 29, 58, 59], [0, 10, 0, 0]))


@pytest.mark.parametrize(
    ("settings", "at_20"),
    [
        ({"zoom": "0:(1.04)"}, {"zoom": 1.04}),
        ({"angle": "0:(3)"}, {"angle": 3}),
        ({"translation_x": "0:(5)"}, {"x": 5}),
        ({"translation_y": "0:(t/4)", "zoom": 1.1}, {"y": 5, "zoom": 1.1}),
        (
            {"translation_x": "0:(0), 40:(8)", "translation_y": "0:(2)", "angle": "0:(t)"},
            {"x": 4, "y": 2, "angle": 20},
        ),
        (
            {"translation_x": "0:(4)", "zoom": "0:(1), 40:(1.2)", "angle": "0:(-9)"},
            {"x": 4, "zoom": 1.1, "angle": -9},
        ),
    ],
)
def test_picture_moves_as_deforums_in_2d(settings, at_20):
    preset, _ = converted(**settings)
    here = source_here(preset, 20)
    there = source_2d(PIXELS, **{"zoom": 1.0, "angle": 0.0, "x": 0.0, "y": 0.0, **at_20})
    assert np.abs(here - there).max() < 1e-4  # pixels


@pytest.mark.parametrize(
    ("settings", "at_20", "reach", "tolerance"),
    [
        ({"translation_z": "0:(10)"}, {"z": 10}, 32, 1e-4),
        ({"translation_z": "0:(t/2)", "fov_schedule": "0:(40)"}, {"z": 10, "fov": 40}, 32, 1e-4),
        ({"translation_x": "0:(10)"}, {"x": 10}, 32, 1e-4),
        ({"translation_y": "0:(0), 40:(-8)", "fov_schedule": 90}, {"y": -4, "fov": 90}, 32, 1e-4),
        # Deforum's turns are as here in the middle; its multiplied displacements bend the rest.
        ({"rotation_3d_x": "0:(1)"}, {"pitch": 1}, 2, 0.01),
        ({"rotation_3d_y": "0:(-1)"}, {"yaw": -1}, 2, 0.01),
        ({"rotation_3d_z": "0:(1)"}, {"roll": 1}, 32, 0.03),
    ],
)
def test_picture_moves_as_deforums_in_3d(settings, at_20, reach, tolerance):
    preset, rows = converted(animation_mode="3D", **settings)
    assert not any(rows[key].startswith("left out") for key in settings)
    here, there = source_here(preset, 20), source_3d(PIXELS, **at_20)
    middle = slice(SIDE // 2 - reach, SIDE // 2 + reach)
    assert np.abs(here - there)[middle, middle].max() < tolerance
    assert np.abs(there - PIXELS)[middle, middle].max() > 10 * tolerance  # it does move


def test_settings_become_options():
    preset, rows = converted(
        W=513,
        H="289",
        fps=12.5,
        seed=2**31 + 5,
        diffusion_cadence="3",
        batch_name="a cat",
        border="replicate",
        color_coherence="Match Frame 0 LAB",
        contrast_schedule="0:(1), 10:(1.1)",
        add_soundtrack="File",
        soundtrack_path="song.mp3",
        use_init=True,
        init_image="start.png",
    )
    assert preset.start.size == (512, 288) and rows["W"] == rows["H"] == "start.size (even)"
    assert preset.video.fps == Fraction(25, 2) and preset.video.frames == 60
    assert preset.seed == 5 and rows["seed"] == "seed (% 2**31)"
    assert preset.dream.every == 3 and preset.title == "a cat"
    assert preset.motion.border == "clamp"
    assert (preset.colour.keep, preset.colour.strength) == ("palette", 1)
    assert str(preset.sound.path) == "song.mp3"
    assert (preset.start.kind, str(preset.start.path)) == ("image", "start.png")
    assert not any(to.startswith("left out") for to in rows.values())


def test_footage_is_dreamed_on():
    preset, rows = converted(
        animation_mode="Video Input", video_init_path="clip.mp4", zoom="0:(1.1)", border="wrap"
    )
    assert preset.of_footage and str(preset.start.path) == "clip.mp4"
    assert rows["zoom"] == "left out: has an effect in 2D only, animation_mode is Video Input"
    assert rows["border"].startswith("left out: ")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"prompts": {"0": "cat"}}, "no text is dreamed; dream.layers, dream.classes and"),
        ({"strength_schedule": "0:(0.65)"}, "of diffusion; dream.steps and dream.step_size"),
        ({"rotation_3d_x": "0:(1)"}, "has an effect in 3D only, animation_mode is 2D"),
        ({"zoom": "0:(1-t)"}, "is 0 at frame 1; it should be greater than or equal to 1e-06"),
        ({"zoom": "0:(1.1), 5:(sn(t))"}, "column 13: no such name 'sn'; did you mean sin?"),
        ({"zoom": "in"}, "should be a schedule such as 0:(1), got 'in'"),
        ({"zoom": [1]}, "should be a schedule such as 0:(1), got [1]"),
        ({"zoom": True}, "should be a schedule such as 0:(1), got True"),
        ({"zoom": 1e400}, "should be a finite number"),
        ({"zoom": "0:(1e999)"}, "should be a finite number"),
        ({"angle": "0:(40000)"}, "motion.turn: should be less than or equal to 36000, got 40000"),
        ({"fps": None}, "should be a number, got None"),
        ({"fps": 5000}, "video.fps: must be from 1 to 240 frames a second"),
        ({"max_frames": "many"}, "should be a whole number, got 'many'"),
        ({"max_frames": -1}, "video.frames: should be greater than or equal to 1, got -1"),
        ({"max_frames": 1e300}, "should be a whole number, got 1e+300"),
        ({"W": 9}, "start.size: each side must be from 16 to 16384 pixels"),
        ({"W": []}, "should be a whole number, got []"),
        ({"seed": -1}, "-1 asks for another one each time"),
        ({"seed": 2.5}, "should be a whole number, got 2.5"),
        ({"diffusion_cadence": 0}, "dream.every: should be greater than or equal to 1, got 0"),
        ({"border": 5}, "known: replicate, wrap"),
        ({"init_image": "a.png"}, "use_init is off"),
        ({"use_init": True, "init_image": "https://a/b.png"}, "is a URL; download it and give"),
        ({"use_init": True, "init_image": None}, "names no file"),
        ({"video_init_path": "a.mp4"}, "animation_mode is 2D, not Video Input"),
        ({"soundtrack_path": "a.mp3"}, "add_soundtrack is not File"),
        ({"color_coherence": "None"}, "'None' has no like"),
        ({"contrast_schedule": "0:(1)"}, "needs color_coherence"),
        ({"batch_name": "a\nb"}, "should be a line of text"),
        ({"cn_1_weight": "0:(1)"}, "of ControlNet"),
        ({"x\x1b[31m": 1}, "has no like"),
    ],
)
def test_setting_is_left_out_for_a_reason(settings, reason):
    _preset, rows = converted(**settings)
    (key,) = (key for key in settings if key not in ("use_init",))
    shown = key if key.isprintable() else repr(key)
    assert rows[shown].startswith(f"left out: {reason}") and "\n" not in rows[shown]


def test_every_setting_has_its_row():
    settings = {"zoom": "0:(1)", "prompts": {}, "tiling": False, "animation_mode": "2D"}
    _, rows = converted(**settings)
    assert {*rows} == {*settings, "W", "H", "max_frames"}


def test_schedules_of_one_value_become_numbers_and_others_are_kept():
    preset, _ = converted(zoom="0:(1.02), 30:(1.02)", angle='{0: (1), "max_f-1": (2*t)}')
    assert preset.motion.zoom == 1.02
    assert json.loads(preset.model_dump_json())["motion"]["turn"] == "0:(1), (max_f-1):(2*t)"
