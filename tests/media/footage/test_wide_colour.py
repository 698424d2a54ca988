"""HDR and wide-gamut films against the standards' formulas, written here a second time.

Samples are made in float64 from ITU-R BT.2100, BT.2087, BT.2390 and BT.1886, without dreamvid.
"""

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.testing import assert_allclose

from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.footage.footage import read_footage
from dreamvid.media.footage.primaries import CHROMATICITIES, to_bt709
from dreamvid.media.footage.reader import EXACT, read_frames, to_rgb

H, W = 48, 64
PQ, HLG, BT2020, P3 = 16, 18, 9, 12
RATE = Fraction(25)
# BT.2087-0, 4.1: linear BT.709 to BT.2020. P3: Apple's and SMPTE EG 432-1's constants.
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
FROM_P3 = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
# SMPTE RP 177's derivation, from SMPTE C, to four digits.
FROM_525 = np.array([[0.9395, 0.0502, 0.0103], [0.0178, 0.9658, 0.0164], [-0.0016, -0.0044, 1.006]])
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])


def scene():
    """Return SDR originals, 0 to 1: 48 flat patches of 8 x 8 pixels, greys and colours."""
    rng = np.random.default_rng(4)
    patches = rng.uniform(0.1, 1, (48, 3))
    patches[:12] = np.linspace(0.05, 1, 12)[:, None]
    return patches.reshape(6, 8, 3).repeat(8, 0).repeat(8, 1)


# --- forwards: an SDR original, white at 203 nits, to the samples of a camera ---


def pq_encode(nits):
    y = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg_encode(nits):
    light = nits / 1000
    luminance = (light @ LUMA_2020)[..., None]
    e = light * luminance ** (1 / 1.2 - 1)  # the inverse of the OOTF
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    log = a * np.log(np.maximum(12 * e - b, 1e-9)) + c
    return np.where(e <= 1 / 12, np.sqrt(3 * e), log)


def as_2020(sdr):
    return (sdr**2.4 * 203) @ TO_2020.T


def ycc10(signal):
    """10 bits, limited range, BT.2020 non-constant luminance: three planes."""
    luma = signal @ LUMA_2020
    blue, red = (signal[..., 2] - luma) / 1.8814, (signal[..., 0] - luma) / 1.4746
    planes = np.stack([876 * luma + 64, 896 * blue + 512, 896 * red + 512])
    return planes.round().astype("<u2")


# --- backwards: samples to the SDR that is wanted ---


def decoded(planes):
    y, blue, red = planes.astype(float) - np.array([64, 512, 512])[:, None, None]
    y, blue, red = y / 876, blue / 896, red / 896
    r, b = y + 1.4746 * red, y + 1.8814 * blue
    green = (y - 0.2627 * r - 0.0593 * b) / 0.6780
    return np.stack([r, green, b], -1).clip(0, 1)


def pq_decode(signal):
    n = signal ** (1 / 78.84375)
    top = np.maximum(n - 0.8359375, 0)
    return 10000 * (top / (18.8515625 - 18.6875 * n)) ** (1 / 0.1593017578125)


def hlg_decode(signal):
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    e = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return 1000 * e * (e @ LUMA_2020)[..., None] ** 0.2


def tone_mapped(nits, peak):
    """BT.2390's EETF of single numbers, from 0..peak to 0..203."""
    top = pq_encode(peak)
    e, most = pq_encode(min(nits, peak)) / top, pq_encode(203) / top
    ks = 1.5 * most - 0.5
    if e >= ks:
        t = (e - ks) / (1 - ks)
        p = (2 * t**3 - 3 * t**2 + 1) * ks + (t**3 - 2 * t**2 + t) * (1 - ks)
        e = p + (-2 * t**3 + 3 * t**2) * most
    return float(pq_decode(e * top))


def wanted(nits, peak=1000):
    """Convert nits of BT.2020 to 8 bits of SDR."""
    light = nits @ np.linalg.inv(TO_2020).T
    largest = light.max(-1)
    mapped = np.vectorize(tone_mapped)(largest, peak)
    light = light * (mapped / largest)[..., None] / 203
    return 255 * light.clip(0, 1) ** (1 / 2.4)


def write(path, planes, *, transfer, primaries, matrix, codec: Any = "ffv1", count=3, options=None):
    form = "yuv444p10le" if codec in ("ffv1", "libx265") else "yuv422p10le"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, width=W, height=H)
        context = stream.codec_context
        context.pix_fmt, context.options = form, options or {}
        context.color_trc, context.color_primaries = transfer, primaries
        context.colorspace, context.color_range = matrix, 1
        for _ in range(count):
            frame = VideoFrame(W, H, "yuv444p10le")
            for plane, values in zip(frame.planes, planes, strict=True):
                plane.update(values.tobytes())
            frame.colorspace, frame.color_range = matrix, 1
            frame = frame.reformat(format=form)
            frame.color_trc, frame.color_primaries = transfer, primaries
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


X265 = "log-level=none:lossless=1:colorprim=bt2020:colormatrix=bt2020nc:transfer="
CURVES = {
    HLG: (hlg_encode, hlg_decode, "arib-std-b67"),
    PQ: (pq_encode, pq_decode, "smpte2084"),
}


def hdr(path, transfer, sdr, codec="ffv1", more="", **options):
    encode, _, name = CURVES[transfer]
    planes = ycc10(encode(as_2020(sdr)))
    given = {"x265-params": X265 + name + more} if codec == "libx265" else {}
    given |= {"g": "1"} if codec == "ffv1" else {}
    tags = {"transfer": transfer, "primaries": BT2020, "matrix": BT2020}
    return write(path, planes, codec=codec, options=given, **tags, **options), planes


@pytest.mark.parametrize("codec", ["ffv1", "libx265"])
@pytest.mark.parametrize("transfer", [HLG, PQ], ids=["hlg", "pq"])
def test_hdr_is_what_the_standards_say(transfer, codec, tmp_path):
    path, planes = hdr(tmp_path / "a.mkv", transfer, scene(), codec)
    expected = wanted(CURVES[transfer][1](decoded(planes)))
    for frame in (next(read_frames(path)), next(read_footage(path, fps=RATE))):
        assert np.abs(frame - expected).max() < 1  # rounded, from samples of 16 bits


@pytest.mark.parametrize("transfer", [HLG, PQ], ids=["hlg", "pq"])
def test_hdr_gives_back_the_sdr_that_it_was_made_from(transfer, tmp_path):
    """Below 89 nits, 180 of 255, as it was; above it, compressed but in order."""
    sdr = scene()
    path, _ = hdr(tmp_path / "a.mkv", transfer, sdr)
    frame = next(read_footage(path, fps=RATE)).astype(int)
    dark = (sdr.max(-1) < 178 / 255) & (sdr.min(-1) > 0.1)
    assert dark.sum() > 500
    assert np.abs(frame - 255 * sdr)[dark].max() < 4  # 10 bits
    greys = frame[4:16:8, 4::8].reshape(-1, 3)[:12]
    assert (np.ptp(greys, axis=1) <= 1).all() and (np.diff(greys[:, 1]) > 5).all()
    assert 225 <= greys[-1].min() <= 233  # white: 160 of 203 nits


def test_brightness_of_hdr_stays_in_order_up_to_its_peak(tmp_path):
    """A ramp to 1000 nits is white there and nowhere clipped before."""
    ramp = np.broadcast_to(np.linspace(100, 1000, W)[None, :, None], (H, W, 3))
    path = write(
        tmp_path / "a.mkv",
        ycc10(pq_encode(ramp)),
        transfer=PQ,
        primaries=BT2020,
        matrix=BT2020,
    )
    line = next(read_footage(path, fps=RATE))[0, :, 1].astype(int)
    assert (np.diff(line) >= 0).all() and line[0] < 200 and line[-1] == 255
    assert line[W // 3] < 253 and line[W // 2] < 255


@pytest.mark.parametrize(("most", "mastered", "peak"), [(400, 1000, 400), (0, 4000, 4000)])
def test_peak_of_pq_is_what_the_film_says(most, mastered, peak, tmp_path):
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)"
    more = f":max-cll={most},1:master-display={display}L({mastered}0000,1)"
    path, planes = hdr(tmp_path / "a.mkv", PQ, scene(), "libx265", more)
    expected = wanted(pq_decode(decoded(planes)), peak)
    assert np.abs(next(read_footage(path, fps=RATE)) - expected).max() < 1


def test_untagged_primaries_and_matrix_of_hdr_are_of_bt2020(tmp_path):
    planes = ycc10(hlg_encode(as_2020(scene())))
    path = write(tmp_path / "a.mkv", planes, transfer=HLG, primaries=2, matrix=2)
    expected = wanted(hlg_decode(decoded(planes)))
    assert np.abs(next(read_footage(path, fps=RATE)) - expected).max() < 1


def rgb_film(path, pixels, primaries, transfer=1):
    """Write 8-bit RGB without loss."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE, width=W, height=H)
        context = stream.codec_context
        context.pix_fmt, context.color_primaries, context.color_trc = "bgr0", primaries, transfer
        frame = VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="bgr0")
        frame.color_primaries, frame.color_trc = primaries, transfer
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("primaries", "matrix"),
    [
        (P3, FROM_P3),
        (BT2020, np.linalg.inv(TO_2020)),
        (6, FROM_525),
    ],
    ids=["p3", "2020", "525"],
)
def test_wide_gamut_is_converted_and_greys_stay(primaries, matrix, tmp_path):
    pixels = (255 * scene()).round().astype(np.uint8)
    frame = next(read_footage(rgb_film(tmp_path / "a.mkv", pixels, primaries), fps=RATE))
    expected = 255 * ((pixels / 255) ** 2.4 @ matrix.T).clip(0, 1) ** (1 / 2.4)
    assert np.abs(frame - expected).max() < 1.3  # for constants of four digits
    grey = np.ptp(pixels, axis=-1) == 0
    assert grey.sum() >= 700 and np.array_equal(frame[grey], pixels[grey])


@pytest.mark.parametrize("primaries", CHROMATICITIES)
def test_every_matrix_keeps_white(primaries):
    assert_allclose(to_bt709(primaries).sum(1), 1, atol=1e-12)


def test_sdr_of_bt709_is_swscales_to_the_byte(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (H, W, 3), np.uint8)
    for primaries, transfer in ((1, 1), (2, 2), (1, 13), (2, 6), (0, 0), (3, 200)):
        frame = VideoFrame.from_ndarray(pixels, "rgb24").reformat(
            format="yuv420p", dst_colorspace=1
        )
        frame.color_primaries, frame.color_trc = primaries, transfer
        own = frame.reformat(
            format="rgb24", interpolation=Interpolation.BICUBIC | EXACT, dst_color_range=2
        )
        got = to_rgb(frame, VideoReformatter(), (H, W))
        assert np.array_equal(got, own.to_ndarray())


def tags(path):
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        return frame.color_primaries, frame.color_trc, frame.colorspace


@pytest.mark.parametrize(("codec", "name"), [("ffv1", "a.mkv"), ("prores_ks", "a.mov")])
def test_reversing_packets_of_hdr_keeps_its_tags(codec, name, tmp_path):
    path, _ = hdr(tmp_path / name, HLG, scene(), codec)
    done = reverse_film(path, tmp_path / f"b{path.suffix}")
    assert done.exact and tags(done.path) == tags(path) == (BT2020, HLG, BT2020)


def test_reversing_hdr_that_is_encoded_again_makes_it_sdr(tmp_path):
    path, _ = hdr(tmp_path / "a.mp4", HLG, scene(), "libx265", count=5)
    done = reverse_film(path, tmp_path / "b.mp4", crf=1)
    assert not done.exact and tags(done.path) == (1, 1, 1)
    before, after = (next(read_footage(film, fps=RATE)) for film in (path, done.path))
    assert np.abs(before.astype(int) - after)[2:6, 2:6].max() <= 3  # within a patch


def test_reversing_p3_of_bt709s_matrix_does_not_copy_its_samples(tmp_path):
    """Frames of the encoder's own pixel format are copied only where their primaries fit too."""
    path = tmp_path / "a.mp4"
    pixels = (255 * scene()).round().astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, width=W, height=H)
        context = stream.codec_context
        context.pix_fmt, context.options = "yuv420p", {"crf": "1"}
        context.color_primaries, context.color_trc, context.colorspace = P3, 1, 1
        for _ in range(3):
            frame = VideoFrame.from_ndarray(pixels, "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=1)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert tags(path)[0] == P3
    done = reverse_film(path, tmp_path / "b.mp4", crf=1)
    before, after = (next(read_footage(film, fps=RATE)) for film in (path, done.path))
    assert tags(done.path)[0] == 1
    assert np.abs(before.astype(int) - after)[3::8, 3::8].mean() < 1.5


@pytest.mark.parametrize(
    ("form", "black", "white", "matrix"),
    [
        ("yuv420p", 16, 235, 1),
        ("yuv420p10le", 64, 940, BT2020),
        ("yuv444p12le", 256, 3760, BT2020),
        ("yuvj420p", 0, 255, 1),
        ("yuv422p10le", 0, 1023, BT2020),
        ("gbrp10le", 0, 1023, 0),
        ("gbrp12le", 0, 4095, 0),
        ("gbrp16le", 0, 65535, 0),
    ],
)
def test_every_depth_and_range_of_samples_reaches_white(form, black, white, matrix):
    """Greys of P3 stay what they are, so each is its share of the range."""
    for share in (0, 0.25, 0.5, 0.75, 1):
        frame = VideoFrame(W, H, form)
        bits = frame.format.components[0].bits
        level = round(black + share * (white - black))
        for number, plane in enumerate(frame.planes):
            value = level if number == 0 or matrix == 0 else 1 << (bits - 1)
            samples = np.full(plane.buffer_size // (1 + (bits > 8)), value)
            plane.update(samples.astype("<u2" if bits > 8 else "u1").tobytes())
        frame.colorspace, frame.color_range = matrix, 1 if black else 2
        frame.color_primaries, frame.color_trc = P3, 1
        expected = 255 * (level - black) / (white - black)
        for size in ((H, W), (20, 30)):
            assert np.abs(to_rgb(frame, VideoReformatter(), size) - expected).max() <= 1
