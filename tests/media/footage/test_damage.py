"""Footage that is damaged or cut short: the last good picture is held for the frames lost."""

import subprocess
from contextlib import closing, contextmanager
from fractions import Fraction

import av
import imageio_ffmpeg
import numpy as np
import pytest
from av.video.frame import VideoFrame

from dreamvid.errors import VideoError
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.media.audio.decode import RATE, read_blocks
from dreamvid.media.footage import decoding
from dreamvid.media.footage.footage import probe_footage, read_footage

FPS = Fraction(25)
CODECS = {
    "p.mp4": ("libx264", {"g": "10", "bf": "0"}),
    "b.mp4": ("libx264", {"g": "10", "bf": "3", "b_strategy": "0"}),
    "open.mkv": ("libx264", {"g": "10", "bf": "3", "x264-params": "open-gop=1:scenecut=0"}),
    "b.ts": ("libx264", {"g": "10", "bf": "2"}),
    "intra.mov": ("mjpeg", {}),
    "intra.avi": ("mjpeg", {}),
    "hevc.mp4": ("libx265", {"g": "10", "x265-params": "log-level=none"}),
}


def film(folder, name, count=40):
    """Write noise that is brighter in each frame, so that a picture tells its number."""
    codec, options = CODECS[name]
    noise = np.random.default_rng(7).integers(0, 40, (48, 64, 3), dtype=np.uint8)
    with av.open(str(folder / name), "w") as container:
        stream = container.add_stream(codec, rate=FPS, width=64, height=48)
        context = stream.codec_context
        context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        context.options, context.thread_count = options, 1
        for number in range(count):
            frame = VideoFrame.from_ndarray(noise + np.uint8(5 * number), "rgb24")
            frame = frame.reformat(format=context.pix_fmt)
            frame.pts, frame.time_base = number, 1 / FPS
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return folder / name


def numbers(frames):
    return [round((float(frame.mean()) - 19.5) / 5) for frame in frames]


def packets(path):
    """Return (position, size, shown number, key frame) of each packet in decoding order."""
    with av.open(str(path)) as container:
        found = [p for p in container.demux(video=0) if p.size]
        tick = container.streams.video[0].time_base or 0
        start = min(p.pts or 0 for p in found)
        return [
            (p.pos or 0, p.size, round(((p.pts or 0) - start) * tick * FPS), p.is_keyframe)
            for p in found
        ]


def damage(path, *spoilt):
    """Overwrite these packets, by number in decoding order; return the numbers lost."""
    listed, data, lost = packets(path), bytearray(path.read_bytes()), set()
    for place in spoilt:
        at, size, _, _ = listed[place]
        data[at + 5 : at + size] = b"\xa5" * (size - 5)
        later = [p for p in range(place + 1, len(listed)) if listed[p][3]]
        following = [key for key in later[:1]]
        lost |= {listed[p][2] for p in range(place, (following or [len(listed)])[0])}
    path.write_bytes(data)
    return lost


def held(count, lost):
    """By the definition: each lost frame shows the last one before it that is good."""
    return [max(k for k in range(n + 1) if k not in lost) for n in range(count)]


@pytest.mark.parametrize("name", ["p.mp4", "b.mp4", "intra.mov", "intra.avi"])
def test_damage_holds_the_last_good_picture(name, tmp_path, caplog):
    path = film(tmp_path, name)
    whole = list(read_footage(path, fps=FPS))
    assert numbers(whole) == list(range(40))
    lost = damage(path, 14)
    frames = list(read_footage(path, fps=FPS))
    assert numbers(frames) == held(40, lost)
    assert all(map(np.array_equal, frames, (whole[n] for n in held(40, lost))))
    first = min(lost)
    told = f"{name}: damaged at {first / 25:.2f} seconds, frame {first}: the last good picture is "
    assert caplog.text.count(f"{told}shown for {len(lost)} frames") == 1


@pytest.mark.parametrize("name", ["b.mp4", "open.mkv", "b.ts", pytest.param("hevc.mp4")])
def test_damage_is_the_same_from_any_frame_and_with_one_thread(name, tmp_path, monkeypatch):
    path = film(tmp_path, name)
    damage(path, 13, 20)  # the second one is a key frame or next to it
    frames = list(read_footage(path, fps=FPS))
    assert len(frames) == 40 and len(set(numbers(frames))) < 40
    for first in (1, 12, 15, 19, 20, 21, 27, 30, 39):
        later = list(read_footage(path, fps=FPS, first=first))
        assert len(later) == 40 - first and all(map(np.array_equal, later, frames[first:]))
    original = decoding._film

    @contextmanager
    def single(path, key, opened=None, *, threads=False):
        with original(path, key) as opened:
            yield opened

    monkeypatch.setattr(decoding, "_film", single)
    assert all(map(np.array_equal, read_footage(path, fps=FPS), frames))


@pytest.mark.parametrize("name", ["p.mp4", "b.mp4", "b.ts", "intra.avi"])
def test_damage_is_the_same_backwards(name, tmp_path):
    path = film(tmp_path, name)
    damage(path, 13, 20)
    frames = list(read_footage(path, fps=FPS))
    assert all(map(np.array_equal, read_backwards(path), frames[::-1]))


def test_damage_in_a_film_of_one_key_frame_holds_for_ten_seconds(tmp_path, monkeypatch):
    monkeypatch.setitem(CODECS, "one.mp4", ("libx264", {"g": "600", "bf": "0"}))
    monkeypatch.setattr(decoding, "LONGEST_HOLD", Fraction(10, 25))  # here: for ten frames
    path = film(tmp_path, "one.mp4")
    damage(path, 14)
    shown = numbers(read_footage(path, fps=FPS))
    assert shown[:25] == [*range(14), *[13] * 11]
    assert len(set(shown[25:])) > 5


def test_damage_of_the_first_picture_begins_with_the_next_and_its_sound(tmp_path, caplog):
    silent, path = film(tmp_path, "p.mp4"), tmp_path / "sound.mp4"
    tone = "aevalsrc=sin(880*t)*gte(t\\,0.4):s=48000:d=1.6"  # from frame 10 on
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(silent)]
    command += ["-f", "lavfi", "-i", tone, "-c:v", "copy", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)
    damage(path, 0)
    assert probe_footage(path).frames == 30
    assert numbers(read_footage(path, fps=FPS)) == list(range(10, 40))
    assert "sound.mp4: its first 10 frames cannot be decoded" in caplog.text
    with closing(read_blocks(path)) as blocks:
        heard = np.concatenate(list(blocks), axis=1)[0]
    assert np.abs(heard[RATE // 100 : RATE // 10]).max() > 0.5


@pytest.mark.parametrize("name", ["p.mp4", "open.mkv", "b.ts"])
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_film_cut_short_serves_for_its_frames(share, name, tmp_path, caplog):
    plain = film(tmp_path, name)
    path = tmp_path / f"cut-{name}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(plain), "-c", "copy"]
    subprocess.run([*command, "-movflags", "+faststart", str(path)], check=True)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    frames = numbers(read_footage(path, fps=FPS))
    assert 40 * share - 14 < len(frames) < 40 and probe_footage(path).frames == len(frames)
    # Pictures that are shown before one that they need may be lost at the end.
    assert frames[:-4] == list(range(len(frames) - 4)) and frames == sorted(frames)
    if name == "p.mp4" or (name, share) == ("open.mkv", 0.4):  # others lack less than is noticed
        assert "is cut short after " in caplog.text
    assert numbers(read_backwards(path)) == frames[::-1]


def test_film_of_which_nothing_is_good_is_one_line(tmp_path):
    path = film(tmp_path, "p.mp4")
    damage(path, *range(40))
    with pytest.raises(VideoError, match=r"p.mp4: holds no frame that can be decoded"):
        probe_footage(path)
