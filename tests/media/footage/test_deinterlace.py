"""Interlaced films, woven here from progressive ones of twice the rate."""

import subprocess
from fractions import Fraction
from itertools import chain

import av
import imageio_ffmpeg
import numpy as np
import pytest

from dreamvid.errors import PresetError
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.footage.deinterlace import deinterlaced
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.reader import read_frames

H, W, COUNT = 48, 64, 12
RATE = Fraction(25)


def moving(count=2 * COUNT):
    """Return greys of a smooth pattern that moves sideways, 50 a second."""
    y, x = np.mgrid[:H, :W]
    return [
        (120 + 60 * np.sin((x - 3 * n) / 5) + 20 * np.sin(y / 6)).astype(np.uint8)
        for n in range(count)
    ]


def woven(fields, top_first):
    """Take a frame's first field from fields[2n], its second from fields[2n + 1]."""
    frames = []
    for early, late in zip(fields[::2], fields[1::2], strict=True):
        frame = early.copy()
        frame[top_first::2] = late[top_first::2]
        frames.append(frame)
    return frames


def write(path, frames, *options, order=""):
    raw = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{W}x{H}", "-r", "25", "-i", "-")
    tags = ("-colorspace", "bt709", "-color_range", "tv")
    filters = "scale=in_range=full:out_range=limited:flags=neighbor,format=yuv420p"
    scale = ("-vf", filters + (f",setfield={order}" if order else ""))
    tags += ("-flags", "+ildct+ilme") if order else ()
    words = ("-v", "error", "-y", *raw, *scale, *tags, *options, str(path))
    data = b"".join(frame.tobytes() for frame in frames)
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), *words], input=data, check=True)
    return path


def lossless(path, frames, order="", gop=5):
    params = f"keyint={gop}:min-keyint={gop}:scenecut=0"
    options = ("-c:v", "libx264", "-qp", "0", "-x264-params", params)
    return write(path, frames, *options, order=order)


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_each_interlaced_frame_is_the_picture_of_its_first_field(order, name, tmp_path):
    fields, top_first = moving(), order == "tff"
    combed = woven(fields, top_first)
    path = lossless(tmp_path / name, combed, order)
    frames = list(read_footage(path, fps=probe_footage(path).fps))
    assert len(frames) == COUNT and probe_footage(path).fps == RATE
    for number, frame in enumerate(frames):
        grey, wanted = frame[..., 1].astype(int), fields[2 * number].astype(int)
        kept = slice(not top_first, None, 2)
        assert np.abs(grey - wanted)[kept].max() <= 2  # 8 bits of limited range
        filled = np.abs(grey - wanted)[top_first::2][2:-2].mean()
        combing = np.abs(combed[number].astype(int) - wanted)[top_first::2].mean()
        assert combing > 15 and filled < 4
    assert np.array_equal(frames, list(read_frames(path)))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_interlaced_footage_is_the_same_from_any_start_and_backwards(name, tmp_path):
    path = lossless(tmp_path / name, woven(moving(), True), "tff")
    whole = list(read_footage(path, fps=RATE))
    for first in range(COUNT):
        assert np.array_equal(list(read_footage(path, fps=RATE, first=first)), whole[first:])
    assert np.array_equal(list(read_backwards(path)), whole[::-1])


def test_progressive_frames_are_passed_on_untouched(tmp_path):
    still = [frame for frame in moving()[:5]]
    plain = lossless(tmp_path / "a.mkv", still)
    combed = lossless(tmp_path / "b.mkv", woven(moving(), True), "tff")

    def decoded(path):
        with av.open(str(path)) as container:
            return list(container.decode(video=0))

    alone = decoded(plain)
    mixed = [*alone, *decoded(combed), *decoded(plain)]
    numbered = list(deinterlaced((frame, number) for number, frame in enumerate(mixed)))
    assert [number for _, number in numbered] == list(range(5 + COUNT + 5))
    result = [frame for frame, _ in numbered]
    for part in (result[:5], result[-5:]):
        for got, own in zip(part, alone, strict=True):
            assert np.array_equal(got.to_ndarray(), own.to_ndarray())
    assert not any(frame.interlaced_frame for frame in result)
    assert [f.pts for f in mixed[5:-5]] == [f.pts for f in decoded(combed)]


def test_frames_change_their_size_amid_interlaced_ones(tmp_path):
    large = lossless(tmp_path / "a.mkv", woven(moving(), True), "tff")
    with av.open(str(large)) as container:
        frames = list(container.decode(video=0))
    small = [frame.reformat(width=32, height=24) for frame in frames[:3]]
    mixed = ((frame, None) for frame in chain(frames[:3], small, frames[3:]))
    sizes = [frame.height for frame, _ in deinterlaced(mixed)]
    assert sizes == [H] * 3 + [24] * 3 + [H] * (COUNT - 3)


def test_reversing_encodes_interlaced_films_again(tmp_path):
    options = ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le")
    path = write(tmp_path / "a.mov", woven(moving(), True), *options, order="tff")
    done = reverse_film(path, tmp_path / "b.mov")
    assert not done.exact and "interlaced" in done.note
    there, back = list(read_footage(path, fps=RATE)), list(read_footage(done.path, fps=RATE))
    assert len(back) == COUNT
    assert np.abs(np.array(there[::-1]).astype(int) - back).max() <= 6  # of ProRes
    with av.open(str(done.path)) as container:
        assert not next(container.decode(video=0)).interlaced_frame
    options = ("-c:v", "mpeg2video", "-g", "1")
    path = write(tmp_path / "a.mkv", woven(moving(), True), *options, order="tff")
    with pytest.raises(PresetError, match="interlaced"):
        reverse_film(path, tmp_path / "b.avi", sound="drop")
