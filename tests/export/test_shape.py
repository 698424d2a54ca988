import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.export.planes import converter
from dreamvid.export.shape import frame_for, show
from dreamvid.image import from_bytes
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.colour import to_planes

WIDE, TALL = (90, 160), (160, 90)


@pytest.mark.parametrize(
    "source,size,fit,padded",
    [
        (WIDE, (900, 1600), "auto", False),
        (WIDE, TALL, "auto", True),
        (WIDE, (90, 90), "auto", True),
        (WIDE, (90, 120), "auto", False),  # three quarters of it are left
        (WIDE, TALL, "crop", False),
        (WIDE, (90, 120), "pad", True),
        (WIDE, (900, 1600), "pad", False),  # the same shape needs no padding
    ],
)
def test_the_shape_decides_unless_it_is_asked_for(source, size, fit, padded):
    assert frame_for(source, size, fit).padded == padded


def test_the_same_size_is_the_same_picture(texture):
    picture = texture(*WIDE)
    np.testing.assert_array_equal(show(picture, frame_for(WIDE, WIDE, "auto")), picture)


@pytest.mark.parametrize("size", [(180, 320), (46, 80), TALL, (120, 120)])
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_flat_colour_stays_what_it_is_where_the_film_is_shown(size, fit):
    picture = np.full((*WIDE, 3), (200, 30, 90), np.uint8)
    frame = frame_for(WIDE, size, fit)
    shown = show(picture, frame)
    assert shown.shape == (*size, 3)
    top, left = (size[0] - frame.inner[0]) // 2, (size[1] - frame.inner[1]) // 2
    inner = shown[top : top + frame.inner[0], left : left + frame.inner[1]]
    assert (inner == picture[0, 0]).all()
    outside = np.ones(size, bool)
    outside[top : top + frame.inner[0], left : left + frame.inner[1]] = False
    assert (shown[outside] < picture[0, 0]).all()


def test_a_crop_is_the_middle_by_pillow(texture):
    picture = texture(*WIDE)
    shown = show(picture, frame_for(WIDE, (45, 45), "crop"))
    middle = PilImage.fromarray(picture[:, 35:125]).resize((45, 45), PilImage.Resampling.LANCZOS)
    far = np.abs(shown.astype(int) - np.asarray(middle))
    assert far[:, 3:-3].max() <= 1  # at the sides ours sees what was cut off


def test_padding_is_smooth_and_still(texture):
    frame = frame_for(WIDE, (640, 360), "auto")
    picture = texture(*WIDE)
    shown = show(picture, frame)
    above = shown[: (640 - frame.inner[0]) // 2].astype(int)
    assert np.abs(np.diff(above, axis=0)).max() <= 4
    assert np.abs(np.diff(above, axis=1)).max() <= 4
    np.testing.assert_array_equal(show(picture, frame), shown)  # no grain that crawls


def test_what_is_done_is_said():
    said = str(frame_for((180, 320), (1920, 1080), "auto"))
    assert said == "320x180 -> 1080x1920, padded: the film is 1080x608 of it (enlarged 3.4 times)"
    said = str(frame_for((90, 160), (90, 90), "crop"))
    assert said == "160x90 -> 90x90, the middle 90x90 of it"


@pytest.mark.parametrize(
    "form",
    dict.fromkeys(
        form
        for codec in CODECS.values()
        for form in codec.forms.values()
        if form.name != "gbrp16le"
    ),
    ids=lambda form: f"{form.name}{'-left' * form.left}",
)
def test_planes_are_those_of_a_render_within_a_level(form):
    picture = np.random.default_rng(0).integers(0, 256, (18, 34, 3), dtype=np.uint8)
    picture[:6, :10], picture[6:12, :10] = (255, 0, 0), (255, 0, 255)
    planes, wanted = converter(form)(picture), to_planes(from_bytes(picture), form)
    assert planes.shape == wanted.shape and planes.dtype == wanted.dtype
    assert np.abs(planes.astype(int) - wanted).max() <= 1
