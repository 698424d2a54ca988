import os
import resource
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreamvid.errors import OutputError, VideoError
from dreamvid.media.video.writer import encode, join

RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60), Fraction(25, 2)]
BT709, LIMITED = 1, 1  # ITU-T H.273


def packets(path):
    """(pts, dts, duration) in seconds and the bytes of each packet, in file order."""
    with av.open(str(path)) as film:
        return [
            (*(seconds(ticks, p.time_base) for ticks in (p.pts, p.dts, p.duration)), bytes(p))
            for p in film.demux(video=0)
            if p.size
        ]


def seconds(ticks: int | None, base: Fraction | None) -> Fraction:
    assert ticks is not None and base is not None
    return ticks * base


def shown(path):
    """(time, luma plane) of each frame, as a player decodes them."""
    with av.open(str(path)) as film:
        return [
            (seconds(f.pts, f.time_base), f.to_ndarray()[: f.height].astype(float))
            for f in film.decode(video=0)
        ]


def atoms(path):
    """The names of an MP4's outermost atoms, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        names.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return names


def psnr(a, b):
    return 10 * np.log10(255**2 / max(np.mean((a - b) ** 2), 1e-9))


def check_film(path, *, count, fps):
    """What every film must be, whoever wrote it."""
    found = packets(path)
    assert sorted(pts for pts, *_ in found) == [n / fps for n in range(count)]
    assert {duration for _, _, duration, _ in found} == {1 / fps}
    decoding = [dts for _, dts, *_ in found]
    assert decoding == sorted(set(decoding))
    assert all(dts <= pts for pts, dts, *_ in found)
    assert [time for time, _ in shown(path)] == [n / fps for n in range(count)]
    names = atoms(path)
    assert names.index(b"moov") < names.index(b"mdat")
    # 'colr' of kind 'nclx': primaries, transfer, matrix, then the full-range bit.
    box = path.read_bytes().split(b"colrnclx")[1][:7]
    assert box == bytes([0, BT709, 0, BT709, 0, BT709, 0])
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert (stream.frames, stream.average_rate) == (count, fps)
        # The edit list counts in milliseconds, which libav rounds up or down.
        assert abs(film.duration - Fraction(count) / fps * av.time_base) < 1000
        context = stream.codec_context
        assert (context.pix_fmt, context.profile) == ("yuv420p", "High")
        assert "creation_time" not in film.metadata
    with av.open(str(path)) as film:
        frame = next(film.decode(video=0))
        tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
        assert tags == (BT709, BT709, BT709, LIMITED)


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize("count", [1, 2, 10])
def test_segment_is_exact(fps, count, tmp_path, encoding, gradients):
    path = tmp_path / "film.mp4"
    frames = gradients(count)
    encode(iter(frames), path, replace(encoding, fps=fps))
    check_film(path, count=count, fps=fps)
    for (_, luma), frame in zip(shown(path), frames, strict=True):
        assert psnr(luma, frame[:48]) > 35


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_join_is_exact_and_copies_packets(fps, tmp_path, encoding, gradients):
    encoding = replace(encoding, fps=fps)
    frames, parts, start = gradients(30), [], 0
    # Segments of one and two frames have no reordering, the others have: dts must not run back.
    for number, length in enumerate([10, 1, 8, 2, 9]):
        parts.append(tmp_path / f"{number}.mp4")
        encode(frames[start : start + length], parts[-1], encoding)
        start += length
    path = tmp_path / "film.mp4"
    join(parts, path, fps)
    check_film(path, count=30, fps=fps)
    assert [p[-1] for p in packets(path)] == [p[-1] for part in parts for p in packets(part)]
    for (_, luma), frame in zip(shown(path), frames, strict=True):
        assert psnr(luma, frame[:48]) > 35


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_join_takes_any_lengths(lengths, tmp_path, encoding, gradients):
    parts = []
    for number, length in enumerate(lengths):
        parts.append(tmp_path / f"{number}.mp4")
        encode(gradients(length), parts[-1], encoding)
    join(parts, tmp_path / "film.mp4", encoding.fps)
    check_film(tmp_path / "film.mp4", count=sum(lengths), fps=encoding.fps)


def test_join_plays_in_ffmpeg_without_warnings(tmp_path, encoding, gradients):
    parts = [tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "c.mp4"]
    for part, length in zip(parts, [9, 1, 9], strict=True):
        encode(gradients(length), part, encoding)
    join(parts, tmp_path / "film.mp4", encoding.fps)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "warning", "-nostdin"]
    command += ["-i", str(tmp_path / "film.mp4"), "-f", "framemd5", "-"]
    played = subprocess.run(command, capture_output=True, text=True)
    assert (played.returncode, played.stderr) == (0, "")
    assert len([line for line in played.stdout.splitlines() if not line.startswith("#")]) == 19


def test_join_is_reproducible(tmp_path, encoding, gradients):
    films = []
    for run in ("one", "two"):
        parts = [tmp_path / f"{run}{n}.mp4" for n in range(2)]
        for part in parts:
            encode(gradients(6), part, encoding)
        join(parts, tmp_path / f"{run}.mp4", encoding.fps)
        films.append((tmp_path / f"{run}.mp4").read_bytes())
    assert films[0] == films[1]


def test_reverse_shows_the_same_frames_backwards(tmp_path, encoding, gradients):
    frames = gradients(20)
    encode(frames, tmp_path / "forward.mp4", encoding)
    encode(reversed(frames), tmp_path / "reverse.mp4", encoding)
    there, back = shown(tmp_path / "forward.mp4"), shown(tmp_path / "reverse.mp4")
    for (_, a), (_, b) in zip(there, reversed(back), strict=True):
        assert psnr(a, b) > 35


def test_x264_reports_its_settings(tmp_path, encoding, gradients):
    encode(gradients(2), tmp_path / "film.mp4", replace(encoding, crf=21, threads=3))
    options = (tmp_path / "film.mp4").read_bytes().split(b"options: ")[1].split(b"\0")[0]
    asked = b"threads=3 sliced_threads=0 open_gop=0 deblock=1:-1:-1 aq=3:1.00 crf=21.0 keyint=48"
    assert set(asked.split()) <= set(options.split())


def test_keyframes_are_first_and_every_two_seconds(tmp_path, encoding, gradients):
    encode(gradients(11), tmp_path / "film.mp4", replace(encoding, fps=Fraction(2)))
    with av.open(str(tmp_path / "film.mp4")) as film:
        keys = [
            seconds(p.pts, p.time_base) for p in film.demux(video=0) if p.size and p.is_keyframe
        ]
    assert keys[0] == 0
    assert all(b - a <= 2 for a, b in zip(keys, [*keys[1:], Fraction(11, 2)], strict=True))


def test_encode_takes_a_generator_and_any_path(tmp_path, encoding, gradients):
    # libav must not take this name for an address, nor its % for a number.
    path = tmp_path / "http:%02d film.mp4"
    encode((frame for frame in gradients(3)), path, encoding)
    assert len(shown(path)) == 3


def test_encode_failing_in_the_middle_leaves_nothing(tmp_path, encoding, gradients):
    def failing():
        yield from gradients(50)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        encode(failing(), tmp_path / "film.mp4", encoding)
    assert not any(tmp_path.iterdir())


def test_encode_failing_keeps_the_older_film(tmp_path, encoding, gradients):
    path = tmp_path / "film.mp4"
    encode(gradients(3), path, encoding)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="shape"):
        encode(iter([gradients(1)[0], np.zeros((3, 2), np.uint8)]), path, encoding)
    assert path.read_bytes() == before and not any(tmp_path.glob(".*"))


def test_encode_of_no_frames_and_join_of_none_raise(tmp_path, encoding):
    with pytest.raises(ValueError, match="no frames"):
        encode([], tmp_path / "film.mp4", encoding)
    with pytest.raises(ValueError, match="no segments"):
        join([], tmp_path / "film.mp4", encoding.fps)
    assert not any(tmp_path.glob("*.mp4*"))


def test_encode_into_a_file_as_folder_is_an_output_error(tmp_path, encoding, gradients):
    (tmp_path / "file").touch()
    encode(gradients(2), tmp_path / "part.mp4", encoding)
    with pytest.raises(OutputError, match=r"film\.mp4: cannot be written: \w+"):
        encode(gradients(2), tmp_path / "file" / "film.mp4", encoding)
    with pytest.raises(OutputError, match="cannot be written"):
        join([tmp_path / "part.mp4"], tmp_path / "file" / "film.mp4", encoding.fps)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_encode_into_a_locked_folder_is_an_output_error(tmp_path, encoding, gradients):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="Permission denied"):
        encode(gradients(2), locked / "film.mp4", encoding)


@pytest.mark.parametrize("room", [0, 1000, -1])
def test_full_disk_is_an_output_error_and_leaves_nothing(room, tmp_path, encoding, gradients):
    part, path = tmp_path / "part.mp4", tmp_path / "film.mp4"
    encode(gradients(20), part, encoding)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on a file's size stands in for a full disk; -1: all fits but the last byte.
    room = part.stat().st_size - 1 if room < 0 else room
    for write in (
        lambda: encode(gradients(20), path, encoding),
        lambda: join([part], path, encoding.fps),
    ):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            with pytest.raises(OutputError, match="too large"):
                write()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [file.name for file in tmp_path.glob("*.mp4*")] == ["part.mp4"]


def test_encode_syncs_before_renaming(tmp_path, encoding, gradients, monkeypatch):
    path, calls, fsync = tmp_path / "film.mp4", [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: calls.append(path.exists()) or fsync(handle))
    encode(gradients(2), path, encoding)
    assert calls == [False, True]  # the film, then its folder


def test_encode_refused_by_libav_is_a_video_error(tmp_path, encoding, gradients):
    with pytest.raises(VideoError, match=r"film\.mp4: Invalid argument"):
        encode(gradients(2), tmp_path / "film.mp4", replace(encoding, preset="no such"))
    assert not any(tmp_path.glob("*film*"))


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "fps", "size"])
def test_join_refuses_segments_that_do_not_match(damage, tmp_path, encoding, gradients):
    good, bad = tmp_path / "good.mp4", tmp_path / "bad.mp4"
    encode(gradients(10), good, encoding)
    fps = Fraction(25) if damage == "fps" else encoding.fps
    if damage == "cut":
        data = good.read_bytes()
        bad.write_bytes(data[: len(data) - 200])
    elif damage == "text":
        bad.write_text("no film")
    elif damage != "missing":
        bad = write_other(bad, encoding)
    with pytest.raises(VideoError) as caught:
        join([good, bad], tmp_path / "film.mp4", fps)
    assert "\n" not in str(caught.value)
    assert not any(tmp_path.glob("*film*"))


def write_other(path: Path, encoding) -> Path:
    encode([np.full((24, 16), 128, np.uint8)] * 3, path, replace(encoding, size=(16, 16)))
    return path
