import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.media.video.colour import to_yuv
from dreamvid.media.video.writer import encode

H, W = 48, 64
BARS = np.array([[c >> 2 & 1, c >> 1 & 1, c & 1] for c in range(8)]) * 0.75
level = st.floats(0, 1, width=32)


def planes(yuv):
    """Y, U and V at full height and width: each chroma sample stands for four pixels."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    flat = yuv.astype(np.float64).ravel()
    y, u, v = np.split(flat, [height * width, height * width * 5 // 4])
    half = [p.reshape(height // 2, width // 2).repeat(2, 0).repeat(2, 1) for p in (u, v)]
    return y.reshape(height, width), *half


def player(yuv):
    """What a BT.709 player shows, (h, w, 3) in [0, 1]; constants of ITU-R BT.709-6, 3.2 to 3.4."""
    y, u, v = planes(yuv)
    y, u, v = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    red, blue = y + 1.5748 * v, y + 1.8556 * u
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.stack([red, green, blue], axis=-1)


def flat(colour):
    return torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, 4, 6)


@given(st.tuples(level, level, level))
def test_colour_round_trip_is_exact_to_eight_bits(colour):
    shown = player(to_yuv(flat(colour)))
    # Half a level of luma and half a level of chroma, of 219 and of 224.
    bound = 0.5 / 219 + 1.8556 * 0.5 / 224 + 1e-5
    assert np.abs(shown - np.array(colour)).max() <= bound


@pytest.mark.parametrize(
    "colour,expected",  # ITU-R BT.709-6: 16 + 219 E', 128 + 224 E'
    [
        ((0, 0, 0), (16, 128, 128)),
        ((1, 1, 1), (235, 128, 128)),
        ((1, 0, 0), (63, 102, 240)),
        ((0, 1, 0), (173, 42, 26)),
        ((0, 0, 1), (32, 240, 118)),
    ],
)
def test_colour_primaries_have_their_standard_codes(colour, expected):
    assert [int(plane[0, 0]) for plane in planes(to_yuv(flat(colour)))] == list(expected)


def test_colour_out_of_range_is_clipped():
    np.testing.assert_array_equal(to_yuv(flat((1.5, -0.2, 0))), to_yuv(flat((1, 0, 0))))


def test_chroma_is_the_mean_of_four_pixels(rng):
    image = torch.rand(1, 3, H, W, generator=rng)
    _, _, v = planes(to_yuv(image))
    red, green, blue = image[0].double().numpy()
    exact = (red - (0.2126 * red + 0.7152 * green + 0.0722 * blue)) / 1.5748
    quads = exact.reshape(H // 2, 2, W // 2, 2).mean((1, 3))
    assert np.abs(v[::2, ::2] - (128 + 224 * quads)).max() <= 0.51


@pytest.mark.parametrize("size", [(47, 64), (48, 63)])
def test_colour_conversion_refuses_odd_sizes(size):
    with pytest.raises(ValueError, match="even"):
        to_yuv(torch.zeros(1, 3, *size))


def test_colour_conversion_takes_autograd_images_and_other_strides(image):
    layout = image.to(memory_format=torch.channels_last).requires_grad_()
    np.testing.assert_array_equal(to_yuv(layout), to_yuv(image))


@pytest.mark.cuda
def test_colour_on_gpu_is_identical(image):
    on_gpu = to_yuv(image.cuda()).astype(int)
    assert np.abs(on_gpu - to_yuv(image)).max() <= 1


def test_colour_bars_survive_encoding(tmp_path, encoding):
    bars = BARS.repeat(W // 8, axis=0)  # (W, 3)
    image = torch.tensor(bars, dtype=torch.float32).T[None, :, None].expand(1, 3, H, W)
    encode([to_yuv(image)] * 3, tmp_path / "bars.mp4", encoding)
    with av.open(str(tmp_path / "bars.mp4")) as film:
        shown = [player(frame.to_ndarray()) for frame in film.decode(video=0)]
    for picture in shown:
        assert np.abs(picture - bars).max() <= 2 / 255
