import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.export.planes import converter
from dreamvid.export.shape import fit_frame, framing_for
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
def test_framing_pads_other_shapes(source, size, fit, padded):
    assert framing_for(source, size, fit).padded == padded


def test_fit_frame_keeps_the_same_size(texture):
    image = texture(*WIDE)
    np.testing.assert_array_equal(fit_frame(image, framing_for(WIDE, WIDE, "auto")), image)


@pytest.mark.parametrize("size", [(180, 320), (46, 80), TALL, (120, 120)])
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_fit_frame_keeps_a_flat_colour(size, fit):
    image = np.full((*WIDE, 3), (200, 30, 90), np.uint8)
    framing = framing_for(WIDE, size, fit)
    result = fit_frame(image, framing)
    assert result.shape == (*size, 3)
    top, left = (size[0] - framing.inner[0]) // 2, (size[1] - framing.inner[1]) // 2
    inner = result[top : top + framing.inner[0], left : left + framing.inner[1]]
    assert (inner == image[0, 0]).all()
    outside = np.ones(size, bool)
    outside[top : top + framing.inner[0], left : left + framing.inner[1]] = False
    assert (result[outside] < image[0, 0]).all()


def test_crop_is_the_middle_by_pillow(texture):
    image = texture(*WIDE)
    result = fit_frame(image, framing_for(WIDE, (45, 45), "crop"))
    middle = PilImage.fromarray(image[:, 35:125]).resize((45, 45), PilImage.Resampling.LANCZOS)
    far = np.abs(result.astype(int) - np.asarray(middle))
    assert far[:, 3:-3].max() <= 1  # at the sides ours sees what was cut off


def test_padding_is_smooth_and_still(texture):
    framing = framing_for(WIDE, (640, 360), "auto")
    image = texture(*WIDE)
    result = fit_frame(image, framing)
    above = result[: (640 - framing.inner[0]) // 2].astype(int)
    assert np.abs(np.diff(above, axis=0)).max() <= 4
    assert np.abs(np.diff(above, axis=1)).max() <= 4
    np.testing.assert_array_equal(fit_frame(image, framing), result)  # no grain that crawls


def test_framing_describes_itself():
    text = str(framing_for((180, 320), (1920, 1080), "auto"))
    assert text == "320x180 -> 1080x1920, padded: the film is 1080x608 of it (enlarged 3.4 times)"
    text = str(framing_for((90, 160), (90, 90), "crop"))
    assert text == "160x90 -> 90x90, the middle 90x90 of it"


@pytest.mark.parametrize(
    "form",
    dict.fromkeys(
        form
        for codec in CODECS.values()
        for form in codec.pixel_formats.values()
        if form.name != "gbrp16le"
    ),
    ids=lambda form: f"{form.name}{'-left' * form.left}",
)
def test_planes_equal_those_of_a_render_within_a_level(form):
    image = np.random.default_rng(0).integers(0, 256, (18, 34, 3), dtype=np.uint8)
    image[:6, :10], image[6:12, :10] = (255, 0, 0), (255, 0, 255)
    planes, expected = converter(form)(image), to_planes(from_bytes(image), form)
    assert planes.shape == expected.shape and planes.dtype == expected.dtype
    assert np.abs(planes.astype(int) - expected).max() <= 1
