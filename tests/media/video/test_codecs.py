"""Every codec in every depth, held against the float frames by another program."""

import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import pytest
import torch

from dreamvid.errors import VideoError
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.colour import to_planes
from dreamvid.media.video.encoder_options import encoder_options
from dreamvid.media.video.segments import TwinSegments, join_forward, join_reverse
from dreamvid.media.video.writer import Encoding, encode, join

H, W, COUNT = 64, 96, 6
FPS = Fraction(30000, 1001)
BT709, RGB, LIMITED, FULL = 1, 0, 1, 2  # ITU-T H.273; libav's ranges
KINDS = [(name, depth) for name, codec in CODECS.items() for depth in codec.pixel_formats]
INTRA = [kind for kind in KINDS if CODECS[kind[0]].intra]
COLOURS = [(1, 0, 0), (0, 1, 0), (1, 0, 1), (0, 0, 0), (1, 1, 1), (0.2, 0.5, 0.7)]
TAGGED = [kind for kind in KINDS if not CODECS[kind[0]].piped]  # HAP: test_ffmpeg_program


def encoding_as(name, depth, **more):
    crf = {"crf": 4} if CODECS[name].crf else {}
    return Encoding(size=(H, W), fps=FPS, codec=name, depth=depth, **crf, **more)


def pictures():
    """Six flat colours above a slope of finer steps than 8 bits have, which moves."""
    above = (
        torch.tensor(COLOURS).T.repeat_interleave(W // 6, 1)[None, :, None].expand(-1, -1, 32, -1)
    )
    for n in range(COUNT):
        slope = torch.linspace(0.3 + 0.01 * n, 0.4 + 0.01 * n, W).expand(1, 3, 32, -1)
        yield torch.cat([above, slope], dim=2).float()


def planes(encoding):
    return [to_planes(image, encoding.pixel_format) for image in pictures()]


def decoded(path, *, eight=False):
    """(count, h, w, 3) in [0, 1], as the ffmpeg program shows it by the file's own tags."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-i", str(path)]
    command += ["-fps_mode", "passthrough"]
    if path.suffix == ".mkv":
        command += ["-vf", "format=gbrp" if eight else "format=gbrp16le"]
    else:  # zimg counts in floats; swscale's own conversion to RGB has 8 bits
        command += ["-vf", "zscale=matrix=gbr:range=full,format=gbrp16le"]
    done = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True)
    assert done.stderr == b""
    samples = np.frombuffer(done.stdout, np.uint8 if eight else "<u2").reshape(-1, 3, H, W)
    return samples[:, [2, 0, 1]].transpose(0, 2, 3, 1) / (255 if eight else 65535)


def packets(path):
    with av.open(str(path)) as film:
        return [
            ((p.pts or 0) * (p.time_base or 0), p.is_keyframe, bytes(p))
            for p in film.demux(video=0)
            if p.size
        ]


def film_of(name, depth, folder):
    """Two segments and the film joined from them."""
    encoding = encoding_as(name, depth)
    frames, codec = planes(encoding), CODECS[name]
    parts = [folder / f"{n}{codec.segment}" for n in range(2)]
    encode(frames[:4], parts[0], encoding)
    encode(frames[4:], parts[1], encoding)
    join(parts, folder / f"film{codec.suffix}", FPS)
    return folder / f"film{codec.suffix}", parts


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Each codec's, encoded once for all tests."""
    made = {}

    def film(name, depth):
        if (name, depth) not in made:
            made[name, depth] = film_of(name, depth, tmp_path_factory.mktemp("film"))
        return made[name, depth]

    return film


@pytest.mark.parametrize(("name", "depth"), TAGGED)
def test_codec_films_decode_in_ffmpeg_to_the_float_frames(name, depth, films):
    shown = decoded(films(name, depth)[0], eight=(name, depth) == ("ffv1", 8))
    meant = torch.cat(list(pictures())).permute(0, 2, 3, 1).numpy()
    error = np.abs(shown - meant)
    if name == "ffv1":
        assert error.max() <= 0.501 / (2**depth - 1)
        return
    error = error.reshape(COUNT, H, 6, W // 6, 3)[:, :, :, 4:-4]  # colours bleed at their borders
    flat, slope = error[:, 4:28], error[:, 36:60]
    assert flat.max() <= 3 / 255
    assert slope.mean() <= (0.5 / 255 if depth == 8 else 0.2 / 255)


@pytest.mark.parametrize(("name", "depth"), TAGGED)
def test_codec_films_are_tagged(name, depth, films):
    path, codec = films(name, depth)[0], CODECS[name]
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        context = stream.codec_context
        assert film.duration == pytest.approx(COUNT / FPS * 10**6, abs=1e3)
        if path.suffix in (".mp4", ".mov"):  # the others do not say it
            assert stream.average_rate == FPS
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        rgb = codec.pixel_formats[depth].chroma is None
        assert tags == (BT709, BT709, RGB if rgb else BT709, FULL if rgb else LIMITED)
        if codec.tag:
            assert context.codec_tag == codec.tag
        assert context.format is not None
        bits = context.format.components[0].bits
        assert bits == (12 if name == "prores-4444" else depth)  # libav's decoder has 12 for all


@pytest.mark.parametrize(("name", "depth"), [kind for kind in KINDS if kind[1] == 10])
def test_codec_depth_of_ten_bits_is_real(name, depth, films):
    with av.open(str(films(name, depth)[0])) as film:
        frame = next(film.decode(video=0))
        if name == "prores-4444":  # 12 bits, as libav's decoder gives all of them
            luma = np.frombuffer(bytes(frame.planes[0]), np.uint16).reshape(H, -1)[:, :W] >> 2
        else:
            luma = frame.to_ndarray().reshape(-1)[: H * W].reshape(H, W)
    assert len(np.unique(luma[-16:] % 4)) == 4


@pytest.mark.parametrize(("name", "depth"), KINDS)
def test_codec_frame_times_are_exact_and_segments_begin_with_keyframes(name, depth, films):
    path, parts = films(name, depth)
    for part, count in zip(parts, (4, 2), strict=True):
        found = packets(part)
        assert sorted(time for time, *_ in found) == [n / FPS for n in range(count)]
        assert found[0][1] and (all(key for _, key, _ in found) or not CODECS[name].intra)
    found = packets(path)
    assert [data for *_, data in found] == [data for part in parts for *_, data in packets(part)]
    times = sorted(time for time, *_ in found)
    late = max(abs(time - n / FPS) for n, time in enumerate(times))
    whole_milliseconds = path.suffix in (".webm", ".mkv")
    assert late <= Fraction(1, 2000) if whole_milliseconds else late == 0


@pytest.mark.parametrize(("name", "depth"), KINDS)
def test_codec_packets_are_reproducible(name, depth, films, tmp_path):
    path, parts = films(name, depth)
    again, others = film_of(name, depth, tmp_path)
    assert [file.read_bytes() for file in (again, *others)] == [
        file.read_bytes() for file in (path, *parts)
    ]


@pytest.mark.parametrize(("name", "depth"), INTRA)
def test_reverse_of_intra_codecs_is_encoded_once(name, depth, tmp_path):
    encoding = encoding_as(name, depth)
    frames, codec = planes(encoding), CODECS[name]
    with TwinSegments(tmp_path, encoding) as twins:
        twins.submit(0, frames[:4], lambda digests: None)
        twins.submit(1, frames[4:], lambda digests: None)
    assert len(list(tmp_path.iterdir())) == 2
    forward, reverse = (tmp_path / f"{film}{codec.suffix}" for film in ("forward", "reverse"))
    join_forward(tmp_path, 2, forward, encoding)
    join_reverse(tmp_path, 2, reverse, encoding)
    there, back = packets(forward), packets(reverse)
    assert [data for *_, data in back] == [data for *_, data in reversed(there)]
    assert [time for time, *_ in back] == [time for time, *_ in there]
    eight = (name, depth) == ("ffv1", 8)
    shown = [decoded(film, eight=eight) for film in (forward, reverse)]
    np.testing.assert_array_equal(shown[1], shown[0][::-1])


def test_reverse_by_packets_refuses_inter_codecs(films, tmp_path):
    parts = films("h264", 8)[1]
    with pytest.raises(VideoError, match="need each other"):
        join(parts, tmp_path / "film.mp4", FPS, backwards=True)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name, codec in CODECS.items() if codec.crf])
def test_crf_higher_is_smaller(name, tmp_path):
    sizes = []
    noise = torch.rand(1, 3, H, W, generator=torch.Generator().manual_seed(0))
    for crf in (8, 16, 32):
        encoding = replace(encoding_as(name, None), crf=crf)
        path = tmp_path / f"{crf}.mp4"
        encode([to_planes(noise, encoding.pixel_format)] * 3, path, encoding)
        sizes.append(path.stat().st_size)
    assert sizes[0] > 1.2 * sizes[1] > 1.44 * sizes[2]


@pytest.mark.parametrize("crf", range(41))
@pytest.mark.parametrize("name", [name for name, codec in CODECS.items() if codec.crf])
def test_crf_stays_in_the_encoders_range(name, crf):
    encoding = replace(encoding_as(name, None), crf=crf)
    assert 0 <= int(encoder_options(encoding)["crf"]) <= {"h264": 51, "hevc": 51}.get(name, 63)
    assert name == "h264" or crf == 0 or encoding.quality >= replace(encoding, crf=crf - 1).quality


def test_chroma_siting_follows_the_pixel_format():
    """A chroma edge, by hand: the mean of two columns, or a triangle around the left one."""
    image = torch.zeros(1, 3, 2, 8)
    image[:, 2, :, 3:] = 1  # blue from column 3 on
    blue = 128 + 224 / 2
    amid = to_planes(image, CODECS["h264"].pixel_formats[8])[2, :4]
    left = to_planes(image, CODECS["vp9"].pixel_formats[8])[2, :4]
    np.testing.assert_array_equal(amid, np.round([128, (128 + blue) / 2, blue, blue]))
    np.testing.assert_array_equal(left, np.round([128, 128 + 112 / 4, blue, blue]))


@pytest.mark.parametrize(("name", "form"), [("yuv420p", "nv12"), ("yuv420p10le", "p010le")])
def test_interleaved_chroma_keeps_every_sample(name, form):
    """`writer` hands these over where an encoder takes no planes."""
    rng = np.random.default_rng(0)
    dtype, most = (np.uint8, 256) if name == "yuv420p" else (np.uint16, 1024)
    samples: Any = rng.integers(0, most, (H * 3 // 2, W)).astype(dtype)
    frame = av.VideoFrame.from_ndarray(samples, format=name)
    frame.colorspace, frame.color_range = BT709, LIMITED
    back = frame.reformat(format=form).reformat(format=name)
    np.testing.assert_array_equal(back.to_ndarray(), samples)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("name", "depth"), KINDS)
def test_frames_of_another_pixel_format_raise(name, depth, dtype, tmp_path):
    encoding = encoding_as(name, depth)
    with pytest.raises(ValueError, match="shape"):
        encode([np.zeros((H + 2, W), dtype)], tmp_path / f"film{encoding.kind.segment}", encoding)
