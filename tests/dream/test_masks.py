"""Masks against formulas written out in NumPy, and what they leave of a picture."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from torch.testing import assert_close

from dreamvid.dream.masks import SHAPES, Canvas, feathered, moving, shape
from dreamvid.errors import PresetError, VideoError
from dreamvid.film.job import still
from dreamvid.film.masking import make_masking
from dreamvid.film.timeline import Timeline, check_schedules
from dreamvid.media.images.sequence import images_in
from dreamvid.preset.load import with_settings
from dreamvid.preset.mask import SHAPES as NAMED
from dreamvid.preset.mask import MaskOptions
from dreamvid.schedule.moment import Moment

CPU = torch.device("cpu")
HEIGHT, WIDTH = 20, 32
QUICK = (
    "dream.layers=block_3/expand",
    "dream.steps=2",
    "dream.octaves=3",
    "dream.octave_scale=1.3",
)


def options(*settings):
    return with_settings(["video.frames=1", *settings])


def mask_of(setting, frames=1, size=(HEIGHT, WIDTH)):
    return make_masking(
        options(f"dream.mask={setting}").dream.mask,
        size,
        Timeline(fps=Fraction(24), frames=frames),
        CPU,
    )


def moment(frame=0, frames=1):
    return Moment(frame=frame, fps=Fraction(24), frames=frames)


def plane(setting, frame=0, frames=1):
    mask = mask_of(setting, frames).at(moment(frame, frames))
    assert mask is not None and mask.shape == (1, 1, HEIGHT, WIDTH)
    return mask[0, 0].numpy()


def share(name, x, y, size, at):
    """Share of the pixel centred at (x, y) that a shape covers; its border is a pixel wide."""
    inside = {
        "centre": size * HEIGHT / 2
        - math.sqrt((x - at[0] * WIDTH) ** 2 + (y - at[1] * HEIGHT) ** 2),
        "edge": size * HEIGHT / 2 - min(x, y, WIDTH - x, HEIGHT - y),
        "horizon": size * HEIGHT / 2 - abs(y - at[1] * HEIGHT),
        "sky": size * HEIGHT - y,
        "ground": y - (HEIGHT - size * HEIGHT),
        "left": size * WIDTH - x,
        "right": x - (WIDTH - size * WIDTH),
    }[name]
    return min(1.0, max(0.0, inside + 0.5))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(("size", "at"), [(0.5, (0.5, 0.5)), (0.33, (0.2, 0.7)), (1.0, (0, -1))])
def test_shapes_are_what_their_formulas_say(name, size, at):
    expected = [
        [share(name, j + 0.5, i + 0.5, size, at) for j in range(WIDTH)] for i in range(HEIGHT)
    ]
    mask = shape(name, Canvas(HEIGHT, WIDTH, CPU), size=size, at=at)
    assert_close(mask[0, 0].double(), torch.tensor(expected).double(), atol=1e-5, rtol=0)


def test_shapes_of_the_options_are_those_that_can_be_drawn():
    assert {*NAMED} == {*SHAPES}


def test_wide_feather_is_the_same_integral_within_a_percent():
    mask = torch.zeros(1, 1, 16, 600)
    mask[..., 300:] = 1
    soft = feathered(mask, 41.0)[0, 0, 8].double().numpy()
    distances = np.arange(600) + 0.5 - 300
    expected = np.array([0.5 * (1 + math.erf(x / 41 / math.sqrt(2))) for x in distances])
    assert np.abs(soft - expected).max() < 0.01
    assert soft[:100].max() == 0


def test_feather_is_a_gaussians_integral_and_then_nothing():
    mask = torch.zeros(1, 1, 60, 40)
    mask[..., :30, :] = 1
    soft = feathered(mask, 4.0)
    for row in range(60):
        beyond = (row + 0.5 - 30) / 4
        assert float(soft[0, 0, row, 7]) == pytest.approx(
            0.5 - 0.5 * math.erf(beyond / 2**0.5), abs=3e-3
        )
    assert torch.equal(soft[..., 42:, :], torch.zeros(1, 1, 18, 40))  # 3 deviations on
    assert float(soft[..., :18, :].min()) > 1 - 1e-5  # the image's border is none of the mask's
    assert_close(soft, soft[..., :1].expand_as(soft))


def test_softness_is_a_share_of_the_shorter_side_and_files_have_none():
    usual = plane("ground")[:, 0]
    soft = plane("{shape='ground', feather=0.05}")[:, 0]
    assert (usual == soft).all() and 0 < usual[8] < 0.5 < usual[11] < 1
    hard = plane("{shape='ground', feather=0}")[:, 0]
    assert (hard == [0] * 10 + [1] * 10).all()


def test_mask_is_inverted_scaled_and_scheduled():
    sky = "shape='sky', feather=0"
    top = np.repeat([[1.0]] * 10 + [[0.0]] * 10, WIDTH, axis=1)
    assert (plane(f"{{{sky}}}") == top).all()
    assert (plane(f"{{{sky}, invert=true}}") == 1 - top).all()
    assert (plane(f"{{{sky}, strength=0.25}}") == top / 4).all()
    assert (plane(f"{{{sky}, strength='p'}}", 3, 5) == top * 0.75).all()
    assert (plane(f"{{{sky}, strength='p'}}", 0, 5) == 0).all()
    grown = plane("{shape='sky', feather=0, size='0.1 + 0.1*frame'}", 3, 5)
    assert (grown.mean(1) == [1] * 8 + [0] * 12).all()
    gone = plane("{shape='horizon', feather=0, size=0.2, at=[0.5, '0.1 * frame']}", 8, 9)
    assert gone.mean(1).tolist() == pytest.approx([0] * 14 + [1] * 4 + [0] * 2)


def test_moving_masks_where_a_flow_is_fast():
    flow = torch.zeros(2, 4, 2)
    flow[0, :, 0] = torch.tensor([1.0, -2.0, 3.0, 9.0])
    flow[1, 1] = torch.tensor([3.0, -4.0])
    expected = torch.tensor([[0, 0, 0.5, 1], [0, 1, 0, 0]])
    assert_close(moving(flow, full=4.0)[0, 0], expected)
    # 24 frames a second, 20 pixels high: 0.6 heights a second are half a pixel a frame.
    flow = torch.full((20, 32, 2), 0.5) * torch.tensor([1.0, 0.0])
    follows = make_masking(MaskOptions(motion=True, speed=0.6, feather=0), (20, 32), None, CPU)
    mask = follows.at(moment(), flow)
    assert mask is not None
    assert_close(mask, torch.ones(1, 1, 20, 32))
    assert follows.at(moment()) is None and follows.follows_motion


def painted(path, pixels):
    PilImage.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def test_mask_file_counts_lightness_times_opacity(tmp_path):
    colours = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    colours[..., 3] = 255
    colours[:, :8, :3] = (255, 0, 0)
    colours[:, 8:16, :3] = (0, 255, 0)
    colours[:, 16:24] = (255, 255, 255, 102)
    flat = plane(painted(tmp_path / "a.png", colours))
    for columns, value in ((flat[:, :8], 0.2126), (flat[:, 8:16], 0.7152), (flat[:, 16:24], 0.4)):
        assert np.abs(columns - value).max() < 3e-3
    assert (flat[:, 24:] == 0).all()
    unseen = np.full((HEIGHT, WIDTH, 4), (255, 255, 255, 0))
    unseen[0, 0, 3] = 255
    activation = plane(painted(tmp_path / "b.png", unseen))
    assert activation[0, 0] == 1 and activation.sum() == 1


def test_mask_greys_are_exact_and_inverted_exactly(tmp_path):
    ramp = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 256
    path = painted(tmp_path / "ramp.png", ramp)
    assert (plane(path) == (ramp / np.float32(255)).astype(np.float32)).all()
    assert (plane(f"{{path='{path}', invert=true}}")[ramp == 255] == 0).all()


def test_mask_file_is_cropped_to_the_films_shape(tmp_path):
    """Like start images: of 40 columns of twice the size the middle 32 are left."""
    wide = np.zeros((2 * HEIGHT, 2 * 40))
    wide[:, 2 * 12 :] = 255
    fitted = plane(painted(tmp_path / "wide.png", wide))
    assert fitted[:, :7].max() < 0.05 and fitted[:, 9:].min() > 0.95


def test_mask_folder_gives_each_frame_its_image_by_number(tmp_path):
    for number in (10, 9, 1, 2):
        painted(tmp_path / f"m{number}.png", np.full((HEIGHT, WIDTH), number))
    (tmp_path / "notes.txt").write_text("no picture")
    painted(tmp_path / ".hidden.png", np.zeros((4, 4)))
    assert [path.name for path in images_in(tmp_path)] == [
        "m1.png",
        "m2.png",
        "m9.png",
        "m10.png",
    ]
    masking = mask_of(tmp_path, frames=4)
    result = [masking.at(moment(frame, 4)) for frame in (0, 2, 3)]
    assert [round(float(mask.mean()) * 255) for mask in result if mask is not None] == [1, 9, 10]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda p: p.write_text("words"), PresetError, "is not a picture"),
        (lambda p: p.write_bytes(b""), PresetError, "is not a picture"),
        (lambda p: None, PresetError, "does not exist .*one of centre, edge"),
        (lambda p: p.mkdir(), PresetError, "holds 0 pictures, the film has 3 frames"),
        (lambda p: painted(p, np.zeros((9, 9))), PresetError, "the mask is empty in every frame"),
    ],
)
def test_mask_files_that_are_none_are_refused(make, error, message, tmp_path):
    make(tmp_path / "a.png")
    with pytest.raises(error, match=f"^dream.mask: .*{message}") as caught:
        mask_of(tmp_path / "a.png", frames=3)
    assert "\n" not in str(caught.value)


def test_mask_folder_is_checked_before_any_work(tmp_path):
    for number in range(3):
        painted(tmp_path / f"{number}.png", np.full((9, 9), 255))
    (tmp_path / "1.png").write_text("words")
    with pytest.raises(PresetError, match=r"1.png is not a picture"):
        mask_of(tmp_path, frames=3)
    with pytest.raises(PresetError, match="holds 3 pictures, the film has 4 frames"):
        mask_of(tmp_path, frames=4)
    (tmp_path / "a.mp4").write_text("words")
    with pytest.raises(VideoError, match=r"a.mp4"):
        mask_of(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("{}", "a mask is one of shape, path and motion"),
        ("{shape='sky', path='a.png'}", "a mask is one of shape, path and motion"),
        ("{shape='sky', at=[0.1, 0.1]}", "at has an effect with shapes centre and horizon only"),
        ("{path='a.png', size=0.2}", "size is a shape's"),
        ("{shape='sky', speed=0.3}", "speed needs motion"),
        ("{shape='sky', strength=0}", "nothing would be dreamed"),
        ("{shape='sky', strength=2}", "should be less than or equal to 1"),
        ("{shape='sky', fether=0.2}", "dream.mask.fether: no such option (did you mean feather?)"),
        ("{shape='skies'}", "dream.mask.shape"),
        ("{shape='sky', size='1 + t'}", "dream.mask.size: "),
        ("motion", "dream.mask: motion is for footage"),
        ("", "dream.mask.path: is empty"),
        ("3", "dream.mask: should be a shape, the path of a file, or a table"),
    ],
)
def test_mask_mistakes_are_named(setting, message):
    with pytest.raises(PresetError) as caught:
        preset = options(f"dream.mask={setting}")
        make_masking(preset.dream.mask, (9, 9), Timeline(fps=Fraction(24), frames=30), CPU)
        check_schedules(preset, Timeline(fps=Fraction(24), frames=30))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_mask_none_and_a_mask_that_fills_up_later():
    assert options("dream.mask=none").dream.mask is None
    assert mask_of("none").at(moment()) is None
    assert plane("{shape='centre', size='p'}", 4, 5).max() > 0.9
    with pytest.raises(PresetError, match="empty in every frame"):
        mask_of("{shape='centre', size=0.5, at=[5, 5]}", frames=4)


@pytest.mark.parametrize(
    "mask", ["shape='left', feather=0", "shape='centre'", "shape='sky', invert=true"]
)
@pytest.mark.parametrize("shaping", [(), ("dream.pyramid=3", "dream.decorrelate=0.5")])
def test_mask_of_0_leaves_a_still_as_it_was(mask, shaping, image):
    masked = options(*QUICK, *shaping, f"dream.mask={{{mask}}}")
    after = still(image, masked, CPU)
    result = make_masking(masked.dream.mask, (36, 48), None, CPU).at(moment())
    assert result is not None
    outside = (result == 0).expand_as(image)
    assert 0.2 < float(outside.float().mean()) < 0.8
    assert torch.equal(after[outside], image[outside])
    inside = (result > 0.99).expand_as(image)
    assert float((after - image).abs()[inside].mean()) > 0.005


def test_mask_of_half_the_strength_is_half_the_step(image):
    one = ("dream.layers=block_3/expand", "dream.octaves=1", "dream.steps=1", "dream.step_size=0.5")
    grey = 0.4 + 0.2 * image  # nothing is cut off
    everywhere = still(grey, options(*one), CPU) - grey
    half = still(grey, options(*one, "dream.mask={shape='sky', size=1, strength=0.5}"), CPU) - grey
    assert_close(half, everywhere / 2, atol=1e-6, rtol=0)


def test_motion_mask_is_refused_for_a_still(image):
    preset = with_settings(["start.path=a.mp4", "dream.mask=motion"])
    with pytest.raises(PresetError, match=r"dream.mask: nothing moves in a still"):
        still(image, preset, CPU)


def test_mask_defaults_are_the_documented_ones():
    mask = MaskOptions(shape="sky")
    assert (mask.softness, mask.size, mask.strength, mask.invert) == (0.05, 0.5, 1.0, False)
