import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from dreamvid.film.settings_at import frame_seconds, motion_at
from dreamvid.motion.camera import frame_map, make_camera, pixel_positions, read
from dreamvid.motion.moves import MOVES, Motion, plane_matrix
from dreamvid.preset.schema import MotionOptions
from dreamvid.schedule.moment import Moment

CPU = torch.device("cpu")
SIZE = (41, 81)  # height, width; the middle pixel is (40, 20)


def positions_of(*, seconds=1.0, size=SIZE, **motion):
    moving = Motion(**motion)
    found = frame_map(moving, seconds=seconds, height=size[0], width=size[1], device=CPU)
    assert found is not None
    return found


def warp_of(name, seconds=1.0, **motion):
    warp = MOVES[name](Motion(**motion), seconds, *SIZE)
    assert warp is not None
    return warp


def moved(image, *, sampling="cubic", border="mirror", **motion):
    positions = positions_of(size=tuple(image.shape[-2:]), **motion)
    return read(image, positions, sampling=sampling, sharpness=0.55, border=border)


def place(matrix, x, y):
    """Where the pixel (x, y) of the new frame comes from."""
    whole = matrix @ matrix.new_tensor([x, y, 1.0])
    return (whole[:2] / whole[2]).tolist()


def test_no_motion_has_no_map():
    assert frame_map(Motion(), seconds=1, height=4, width=4, device=CPU) is None
    assert make_camera(height=4, width=4, device=CPU)(Motion(), 0.1) is None


@pytest.mark.parametrize("sampling", ["cubic", "bilinear"])
def test_quarter_turn_is_anticlockwise_as_seen(sampling):
    square = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(2))
    turned = moved(square, turn=90, sampling=sampling)
    still = read(
        square,
        pixel_positions(5, 5, CPU).float(),
        sampling=sampling,
        sharpness=0.55,
        border="mirror",
    )
    assert_close(turned, torch.rot90(still, 1, (-2, -1)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("sampling", ["cubic", "bilinear"])
def test_shift_moves_the_picture_right_and_down_and_mirrors_at_the_border(sampling):
    ramp = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 3, 4, 8).contiguous() / 8
    expected = torch.tensor([2.0, 1, 0, 1, 2, 3, 4, 5])
    near = {"atol": 0.05 if sampling == "cubic" else 1e-5, "rtol": 0}  # it smooths the fold
    shifted = moved(ramp, shift=(0.25, 0), sampling=sampling)  # two pixels to the right
    assert_close(shifted[0, 0, 0] * 8, expected, **near)
    down = moved(ramp.transpose(2, 3), shift=(0, 0.25), sampling=sampling)
    assert_close(down[0, 0, :, 0] * 8, expected, **near)


@given(zoom=st.floats(0.5, 4), turn=st.floats(-90, 90), fps=st.sampled_from([12, 24, 25, 30, 60]))
def test_motion_of_a_second_is_the_same_at_every_fps(zoom, turn, fps):
    motion = Motion(zoom=zoom, turn=turn, centre=(0.3, 0.6))
    second = plane_matrix(motion, seconds=1, height=40, width=60)
    frame = plane_matrix(motion, seconds=1 / fps, height=40, width=60)
    assert_close(torch.linalg.matrix_power(frame, fps), second, atol=1e-8, rtol=1e-8)


def test_centre_stays_in_place():
    motion = Motion(zoom=2, turn=30, centre=(0.25, 0.75))
    matrix = plane_matrix(motion, seconds=1, height=40, width=80)
    assert place(matrix, 0.25 * 80 - 0.5, 0.75 * 40 - 0.5) == pytest.approx([19.5, 29.5])


def test_zooming_in_reads_nearer_the_centre():
    matrix = plane_matrix(Motion(zoom=2), seconds=1, height=41, width=81)
    assert place(matrix, 80, 40) == pytest.approx([60, 30])
    assert place(matrix, 0, 0) == pytest.approx([20, 10])


@pytest.mark.parametrize("fps", [24, 30])
def test_classic_zoom_is_that_of_2015_in_each_frame_at_any_fps(fps):
    matrix = plane_matrix(Motion(classic_zoom=0.05), seconds=1 / fps, height=575, width=1024)
    expected = [[0.95, 0, 1024 * 0.05 / 2], [0, 0.95, 575 * 0.05 / 2], [0, 0, 1]]
    np.testing.assert_allclose(matrix.numpy(), expected, atol=1e-12)


def test_every_kind_of_motion_moves_and_only_when_asked():
    asked = {
        "droste": {"droste": 4.0},
        "kaleidoscope": {"kaleidoscope": 6},
        "wave": {"wave": 0.1},
        "vortex": {"vortex": 30.0},
        "plane": {"zoom": 1.2},
    }
    assert asked.keys() == MOVES.keys()
    for name, make in MOVES.items():
        assert make(Motion(), 1.0, *SIZE) is None
        assert make(Motion(**asked[name]), 1.0, *SIZE) is not None


# A camera before the picture: what a pinhole's geometry says, computed by hand.

FOCAL = 40.5 / math.tan(math.radians(30))  # of 81 pixels seen within 60 degrees


def test_dolly_of_half_the_distance_doubles_the_picture():
    matrix = plane_matrix(Motion(dolly=0.5), seconds=1, height=41, width=81)
    assert place(matrix, 60, 30) == pytest.approx([50, 25])


@pytest.mark.parametrize(
    ("motion", "x", "y"),
    [
        ({"yaw": 10.0}, 40 + FOCAL * math.tan(math.radians(10)), 20),
        ({"pitch": 10.0}, 40, 20 - FOCAL * math.tan(math.radians(10))),
    ],
)
def test_yaw_and_pitch_move_the_middle(motion, x, y):
    matrix = plane_matrix(Motion(**motion), seconds=1, height=41, width=81)
    assert place(matrix, 40, 20) == pytest.approx([x, y])


def test_roll_turns_the_picture_the_other_way():
    lean = plane_matrix(Motion(roll=30), seconds=1, height=41, width=81)
    turn = plane_matrix(Motion(turn=30), seconds=1, height=41, width=81)
    assert_close(lean, turn)


def test_yaw_far_aside_stays_finite():
    positions = positions_of(yaw=170.0)
    assert bool(torch.isfinite(positions).all())


# Bends: each against a second computation or its own way back.


def test_vortex_turns_the_middle_only():
    positions = positions_of(vortex=90.0, vortex_radius=0.25)  # 10.25 pixels
    x, y = 44, 20  # four pixels right of the middle
    angle = math.radians(90) * math.exp(-((4 / 10.25) ** 2))
    # It came from clockwise, which as seen is below.
    expected = [40 + 4 * math.cos(angle), 20 + 4 * math.sin(angle)]
    assert positions[y, x].tolist() == pytest.approx(expected, abs=1e-4)
    assert positions[20, 80].tolist() == pytest.approx([80, 20], abs=1e-3)


@given(st.floats(-300, 300), st.floats(0.1, 2), st.floats(-0.5, 0.5), st.floats(0, 1))
def test_vortex_and_wave_undo_themselves(vortex, radius, wave, phase):
    grid = torch.rand(4, 5, 2, dtype=torch.float64) * 40
    spin = MOVES["vortex"](Motion(vortex=vortex, vortex_radius=radius), 0.5, *SIZE)
    back = MOVES["vortex"](Motion(vortex=-vortex, vortex_radius=radius), 0.5, *SIZE)
    if spin and back:
        assert_close(back(spin(grid)), grid)
    sway = MOVES["wave"](Motion(wave=wave, wave_phase=phase), 0.5, *SIZE)
    if sway:  # forward, in plain Python: rows first, then columns
        reach, turns = wave * SIZE[0] * 0.5, 2 * math.pi / (0.3 * SIZE[0])
        for (x, y), (to_x, to_y) in zip(
            sway(grid).flatten(0, 1).tolist(), grid.flatten(0, 1).tolist(), strict=True
        ):
            x = x + reach * math.sin(turns * y + 2 * math.pi * phase)
            y = y + reach * math.sin(turns * x + 2 * math.pi * phase)
            assert (x, y) == pytest.approx((to_x, to_y), abs=1e-6)


@pytest.mark.parametrize("sectors", [1, 2, 6, 8])
def test_kaleidoscope_shows_one_sector_and_its_mirror_images(sectors):
    positions = positions_of(kaleidoscope=sectors).double() - torch.tensor([40.0, 20])
    angle = torch.atan2(positions[..., 1], positions[..., 0])
    assert angle.min() > -1e-5 and angle.max() < math.pi / sectors + 1e-5
    own = positions_of(kaleidoscope=sectors)[22, 79].tolist()  # just below the right: in the sector
    assert own == pytest.approx([79, 22], abs=1e-4)
    assert positions_of(kaleidoscope=sectors)[18, 79].tolist() == pytest.approx([79, 22], abs=1e-4)


def test_droste_shows_the_picture_within_itself():
    positions = positions_of(droste=4.0).double() - torch.tensor([40.0, 20])
    radius = positions.norm(dim=-1)
    outer = math.hypot(40, 20)
    assert radius[20, 40] == 0 and radius.max() <= outer * 1.001
    inner = radius[radius > 0]
    assert inner.min() >= outer / 4 * 0.999
    assert positions[20, 44].tolist() == pytest.approx([16, 0])  # 4 px: a ring inwards, so 4 x 4
    assert positions[20, 70].tolist() == pytest.approx([30, 0])
    turned = positions_of(droste=4.0, droste_turn=90.0).double() - torch.tensor([40.0, 20])
    assert turned[20, 44].tolist() == pytest.approx([0, 16], abs=1e-4)


def test_motions_are_composed_into_one_map():
    both = positions_of(kaleidoscope=6, zoom=2.0)
    fold, zoom = warp_of("kaleidoscope", kaleidoscope=6), warp_of("plane", zoom=2.0)
    point = torch.tensor([[[13.0, 7.0]]], dtype=torch.float64)
    assert_close(both[7, 13], zoom(fold(point))[0, 0].float())


def test_camera_marks_uncovered_pixels():
    camera = make_camera(height=20, width=40, device=CPU)
    within, past = camera(Motion(zoom=1.5), 1.0), camera(Motion(shift=(0.25, 0)), 1.0)
    assert within and past and within.uncovered is None
    uncovered = past.uncovered
    assert uncovered is not None
    assert uncovered[0, 0, :, :10].min() == 1 and uncovered[0, 0, :, 10:].max() == 0


# Options over time.


def at(frame, **options):
    moment = Moment(frame=frame, fps=Fraction(10), frames=100)
    return motion_at(MotionOptions.model_validate(options), moment)


def test_motion_options_may_be_schedules():
    skip = {"per", "border", "border_colour", "border_steps", "sampling", "sharpness"}
    for name in MotionOptions.model_fields.keys() - skip:
        pair = name in ("shift", "centre")
        value = ("0.01 * frame", 0.25) if pair else "1 + 0.01 * frame"
        value = "50 + frame" if name == "field_of_view" else value
        options = {name: value} | ({"wave": 0.1} if name == "wave_speed" else {})
        if name in ("kaleidoscope", "dolly", "classic_zoom"):
            options[name] = "frame / 40"
        found = at(20, **options)
        if name == "wave_speed":
            passed = sum((1 + 0.01 * n) / 10 for n in range(1, 21))
            assert found.wave_phase == pytest.approx(passed)
        elif pair:
            assert getattr(found, name) == pytest.approx((0.2, 0.25))
        elif name == "kaleidoscope":
            assert found.kaleidoscope == 0  # half is rounded to even
        else:
            wanted = {"dolly": 0.5, "classic_zoom": 0.5, "field_of_view": 70}.get(name, 1.2)
            assert getattr(found, name) == pytest.approx(wanted)


def test_rates_per_frame_are_deforums():
    assert frame_seconds(MotionOptions(per="frame"), Fraction(15)) == 1
    assert frame_seconds(MotionOptions(), Fraction(15)) == Fraction(1, 15)
    assert at(30, per="frame", zoom="0:(1.02), 60:(1.1)").zoom == pytest.approx(1.06)
