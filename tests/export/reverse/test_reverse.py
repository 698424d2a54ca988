"""Films backwards, against the ffmpeg program and NumPy."""

import subprocess
from fractions import Fraction

import av
import imageio_ffmpeg
import numpy as np
import pytest

from dreamvid.errors import PresetError, VideoError
from dreamvid.export.reverse.backwards import decode_backwards, read_backwards
from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.frame_times import read_frame_times

PICTURES = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=1.5")
NOISE = ("-f", "lavfi", "-i", "anoisesrc=r=48000:d=1.5:a=0.4")
INTRA = {
    "x264.mp4": ("-c:v", "libx264", "-g", "1"),
    "ffv1.mkv": ("-c:v", "ffv1", "-g", "1"),
    "prores.mov": ("-c:v", "prores_ks"),
    "hap.mov": ("-c:v", "hap", "-format", "hap_q", "-pix_fmt", "rgba"),
    "mjpeg.avi": ("-c:v", "mjpeg"),
    "mjpeg.mov": ("-c:v", "mjpeg"),
}


def ffmpeg(*words):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def decoded(path):
    """(n, pixels) of luma, by the ffmpeg program."""
    raw = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, 48 * 64)


def packets(path):
    with av.open(str(path)) as film:
        return [bytes(p) for p in film.demux(film.streams.video[0]) if p.size]


def shown(path):
    """Seconds at which each frame appears."""
    with av.open(str(path)) as film:
        frames = film.decode(video=0)
        return [(f.pts or 0) * Fraction(f.time_base or 0) for f in frames]


@pytest.mark.parametrize("name", INTRA)
def test_reverse_of_intra_films_is_exact(name, tmp_path):
    source, out = tmp_path / name, tmp_path / f"out-{name}"
    ffmpeg(*PICTURES, *INTRA[name], source)
    made = reverse_film(source, out)
    assert made.exact and packets(out) == packets(source)[::-1]
    assert (decoded(out) == decoded(source)[::-1]).all()
    assert len(shown(out)) == 36 and [p.name for p in tmp_path.glob(".*")] == []


@pytest.mark.parametrize("group", [5, 250])
@pytest.mark.parametrize("kept", [1, 7, 100])
def test_reverse_decodes_last_to_first(group, kept, tmp_path):
    ffmpeg(*PICTURES, "-c:v", "libx264", "-g", group, tmp_path / "a.mp4")
    times = read_frame_times(tmp_path / "a.mp4")
    frames = list(decode_backwards(tmp_path / "a.mp4", times, capacity=kept))
    assert [start for _, start, _ in frames] == shown(tmp_path / "a.mp4")[::-1]
    with av.open(str(tmp_path / "a.mp4")) as film:
        forward = [frame.to_ndarray() for frame in film.decode(video=0)]
    for (frame, _, _), other in zip(frames, forward[::-1], strict=True):
        assert (frame.to_ndarray() == other).all()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_reverse_reads_as_footage_does(suffix, tmp_path):
    path = tmp_path / f"a.{suffix}"
    ffmpeg(*PICTURES, "-c:v", "mpeg4", "-g", 10, path)
    fps = Fraction(10)
    forward = list(read_footage(path, fps=fps))
    back = list(read_backwards(path, fps=fps))
    assert len(back) == probe_footage(path, fps=fps).frames
    assert all((a == b).all() for a, b in zip(forward, back[::-1], strict=True))


def test_reverse_mirrors_variable_frame_times(tmp_path):
    uneven = "setpts='if(lt(N,12),N,2*N-12+mod(N,2))/24/TB'"
    words = ("-vf", uneven, "-fps_mode", "passthrough", "-c:v", "libx264", "-g", 8)
    ffmpeg(*PICTURES, *words, tmp_path / "a.mp4")
    times = read_frame_times(tmp_path / "a.mp4")
    reverse_film(tmp_path / "a.mp4", tmp_path / "b.mp4")
    starts = shown(tmp_path / "a.mp4")
    ends = [*starts[1:], times.seconds]
    assert shown(tmp_path / "b.mp4") == [times.seconds - end for end in reversed(ends)]
    assert read_frame_times(tmp_path / "b.mp4").seconds == times.seconds


@pytest.mark.parametrize("sound,step", [("reverse", -1), ("keep", 1)])
def test_reverse_sound_is_exact(sound, step, tmp_path):
    source, out = tmp_path / "a.mkv", tmp_path / "b.mkv"
    ffmpeg(*PICTURES, *NOISE, "-c:v", "ffv1", "-g", 1, "-c:a", "pcm_s16le", "-ac", 2, source)
    reverse_film(source, out, sound=sound)
    one, other = (
        np.frombuffer(ffmpeg("-i", p, "-f", "s16le", "-"), "<i2").reshape(-1, 2)
        for p in (source, out)
    )
    assert len(one) == 72000 and (one[::step] == other).all()


def test_reverse_drops_sound(tmp_path):
    ffmpeg(*PICTURES, *NOISE, "-c:v", "mjpeg", tmp_path / "a.mov")
    reverse_film(tmp_path / "a.mov", tmp_path / "b.mov", sound="drop")
    with av.open(str(tmp_path / "b.mov")) as film:
        assert not film.streams.audio


def test_reverse_does_not_overwrite_its_source(tmp_path):
    ffmpeg(*PICTURES, "-c:v", "mjpeg", tmp_path / "a.mov")
    before = (tmp_path / "a.mov").read_bytes()
    with pytest.raises(PresetError, match="is the film itself"):
        reverse_film(tmp_path / "a.mov", tmp_path / "a.mov")
    assert (tmp_path / "a.mov").read_bytes() == before


def test_reverse_of_no_film_is_one_line(tmp_path):
    ffmpeg(*NOISE, tmp_path / "s.wav")
    with pytest.raises(VideoError, match="holds sound but no video") as caught:
        reverse_film(tmp_path / "s.wav", tmp_path / "b.mkv")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "b.mkv").exists()


def test_reverse_of_a_film_cut_short_has_the_frames_that_are_whole(tmp_path, caplog):
    ffmpeg(*PICTURES, "-c:v", "ffv1", "-g", 1, tmp_path / "a.mkv")
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    reverse_film(tmp_path / "cut.mkv", tmp_path / "b.mkv")
    packets = {}
    for name in ("a", "b"):
        with av.open(str(tmp_path / f"{name}.mkv")) as film:
            packets[name] = [bytes(packet) for packet in film.demux(video=0) if packet.size]
    count = len(packets["b"])
    assert 1 < count < len(packets["a"]) and packets["b"] == packets["a"][:count][::-1]
    assert f"cut.mkv: is cut short after {count} frames, which are used" in caplog.text
