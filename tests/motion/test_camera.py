import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from dreamvid.motion.camera import frame_matrix, make_camera
from dreamvid.options import MotionOptions

CPU = torch.device("cpu")


def moved(image, *, seconds=1.0, **options):
    height, width = image.shape[-2:]
    motion = MotionOptions(**options)
    return make_camera(motion, seconds=seconds, height=height, width=width, device=CPU)(image)


def place(matrix, x, y):
    """Where the pixel (x, y) of the new frame comes from."""
    return (matrix @ matrix.new_tensor([x, y, 1.0]))[:2].tolist()


def test_no_motion_returns_the_picture_itself(image):
    assert moved(image) is image


@pytest.mark.parametrize("sampling", ["cubic", "bilinear"])
def test_a_quarter_turn_is_anticlockwise_as_seen(sampling):
    square = torch.rand(1, 3, 5, 5, generator=torch.Generator().manual_seed(2))
    turned = moved(square, turn=90, sampling=sampling)
    assert_close(turned, torch.rot90(square, 1, (-2, -1)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("sampling", ["cubic", "bilinear"])
def test_a_shift_moves_the_picture_right_and_down_and_mirrors_at_the_border(sampling):
    ramp = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 3, 4, 8).contiguous() / 8
    shifted = moved(ramp, shift=(0.25, 0), sampling=sampling)  # two pixels to the right
    assert_close(shifted[0, 0, 0] * 8, torch.tensor([2.0, 1, 0, 1, 2, 3, 4, 5]))
    down = moved(ramp.transpose(2, 3), shift=(0, 0.25), sampling=sampling)
    assert_close(down[0, 0, :, 0] * 8, torch.tensor([2.0, 1, 0, 1, 2, 3, 4, 5]))


@given(zoom=st.floats(0.5, 4), turn=st.floats(-90, 90), fps=st.sampled_from([12, 24, 25, 30, 60]))
def test_a_second_of_frames_moves_as_far_at_every_fps(zoom, turn, fps):
    options = MotionOptions(zoom=zoom, turn=turn, centre=(0.3, 0.6))
    second = frame_matrix(options, seconds=1, height=40, width=60)
    frame = frame_matrix(options, seconds=1 / fps, height=40, width=60)
    assert_close(torch.linalg.matrix_power(frame, fps), second, atol=1e-8, rtol=1e-8)


def test_the_centre_stays_in_place():
    options = MotionOptions(zoom=2, turn=30, centre=(0.25, 0.75))
    matrix = frame_matrix(options, seconds=1, height=40, width=80)
    assert place(matrix, 0.25 * 80 - 0.5, 0.75 * 40 - 0.5) == pytest.approx([19.5, 29.5])


def test_zooming_in_reads_nearer_the_centre():
    matrix = frame_matrix(MotionOptions(zoom=2), seconds=1, height=41, width=81)
    assert place(matrix, 80, 40) == pytest.approx([60, 30])
    assert place(matrix, 0, 0) == pytest.approx([20, 10])


@pytest.mark.parametrize("fps", [24, 30])
def test_the_classic_zoom_is_that_of_2015_in_each_frame_at_any_fps(fps):
    options = MotionOptions(classic_zoom=0.05)
    matrix = frame_matrix(options, seconds=1 / fps, height=575, width=1024)
    expected = [[0.95, 0, 1024 * 0.05 / 2], [0, 0.95, 575 * 0.05 / 2], [0, 0, 1]]
    np.testing.assert_allclose(matrix.numpy(), expected, atol=1e-12)
