"""Films of every awkward kind; each frame says by its luma which one it is."""

import subprocess
import threading
import time
from fractions import Fraction
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image as PilImage

from dreamvid.errors import VideoError
from dreamvid.media.footage import decoding, footage
from dreamvid.media.footage.footage import probe_footage, read_footage
from dreamvid.media.footage.frame_times import read_frame_times

NTSC = Fraction(30000, 1001)
H, W = 48, 64


def film(
    path, pts, *, tick, rate: Fraction | int = 25, size=(H, W), pixels=None, aspect=None, **options
):
    """Write frames shown at `pts` ticks; frame n is flat, 8 + 4n, unless pixels says otherwise."""
    codec, pixel_format = options.pop("codec", "libx264"), options.pop("format", "yuv420p")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, width=size[1], height=size[0])
        context = stream.codec_context
        context.pix_fmt, context.time_base, context.options = pixel_format, tick, options
        stream.time_base = tick
        if aspect:
            context.sample_aspect_ratio = aspect
        for number, at in enumerate(pts):
            shown = np.full((*size, 3), 8 + 4 * number, np.uint8) if pixels is None else pixels
            frame = VideoFrame.from_ndarray(shown, "rgb24")
            if pixel_format == "yuv420p":
                frame = frame.reformat(format=pixel_format, dst_colorspace="ITU709")
            frame = frame.reformat(format=pixel_format)
            frame.pts, frame.time_base = at, tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def constant(path, count=20, rate=Fraction(25), **options: Any):
    return film(path, range(count), tick=1 / rate, rate=rate, **options)


def numbers(frames):
    return [round((float(frame.mean()) - 8) / 4) for frame in frames]


def ffmpeg(*words):
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *map(str, words)]
    subprocess.run(command, check=True)


def reading_threads():
    return [thread for thread in threading.enumerate() if thread.name == "footage"]


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), NTSC, Fraction(25, 2)], ids=str)
@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm", "ts", "avi"])
def test_footage_of_constant_rate_is_exact_and_complete(kind, rate, tmp_path):
    if kind == "avi" and rate == NTSC:
        pytest.skip("PyAV's AVI gets another tick")
    codec = {"webm": "libvpx-vp9"}.get(kind, "libx264")
    path = constant(tmp_path / f"film.{kind}", rate=rate, codec=codec)
    info = probe_footage(path)
    assert (info.size, info.fps, info.frames, info.sound) == ((H, W), rate, 20, False)
    assert info.seconds == 20 / rate
    assert numbers(read_footage(path, fps=rate)) == list(range(20))


def shown(times, fps, count):
    """By the definition: the last frame whose time is not after n / fps."""
    late = Fraction(1, 1000)  # may be rounding
    return [max(k for k, t in enumerate(times) if t <= n / fps + late) for n in range(count)]


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
@pytest.mark.parametrize("own,wanted", [(NTSC, 25), (Fraction(24), 60), (Fraction(25), 10)])
def test_footage_repeats_or_drops_frames_for_the_rate(own, wanted, kind, tmp_path):
    path = constant(tmp_path / f"film.{kind}", rate=own)
    info = probe_footage(path, fps=Fraction(wanted))
    assert info.frames == round(20 / own * wanted)
    tick = read_frame_times(path).tick
    times = [round(k / own / tick) * tick for k in range(20)]
    expected = shown(times, Fraction(wanted), info.frames)
    assert numbers(read_footage(path, fps=Fraction(wanted))) == expected


def test_footage_times_rounded_to_milliseconds_are_a_constant_rate(tmp_path):
    ffmpeg("-i", constant(tmp_path / "a.mkv", rate=NTSC), "-c", "copy", tmp_path / "b.mp4")
    assert read_frame_times(tmp_path / "b.mp4").tick < Fraction(1, 5000)
    assert probe_footage(tmp_path / "b.mp4").fps == NTSC
    assert numbers(read_footage(tmp_path / "b.mp4", fps=NTSC)) == list(range(20))


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_footage_of_variable_rate_is_shown_in_time(kind, tmp_path):
    milliseconds = [500, 533, 567, 700, 710, 720, 1000, 1400, 1433, 1467, 1500]
    path = film(tmp_path / f"film.{kind}", milliseconds, tick=Fraction(1, 1000), rate=30)
    info = probe_footage(path)
    assert info.fps == 10  # 10 intervals in a second
    times = [Fraction(ms - 500, 1000) for ms in milliseconds]
    for fps in (Fraction(30), Fraction(50), Fraction(7)):
        count = probe_footage(path, fps=fps).frames
        assert abs(count - info.seconds * fps) <= Fraction(1, 2)
        assert numbers(read_footage(path, fps=fps)) == shown(times, fps, count)


def test_footage_average_rate_is_rounded_to_a_usual_one(tmp_path):
    rng = np.random.default_rng(5)
    jitter = np.round(np.arange(40) * 1000 / 29.6 + rng.uniform(-6, 6, 40)).astype(int)
    phone = film(tmp_path / "a.mp4", (jitter - jitter[0]).tolist(), tick=Fraction(1, 1000))
    assert probe_footage(phone).fps in (NTSC, 30)
    slow = film(tmp_path / "b.mp4", [0, 4, 12, 15], tick=Fraction(1))
    info = probe_footage(slow)
    assert info.fps == 1 and info.frames >= 16
    assert numbers(read_footage(slow, fps=Fraction(1)))[:13] == [0] * 4 + [1] * 8 + [2]


ARROW = np.zeros((32, 64, 3), np.uint8)  # red at the top left, green right, blue at the bottom
ARROW[:16, :16, 0] = ARROW[:16, -16:, 1] = ARROW[-16:, :16, 2] = 255


@pytest.mark.parametrize(
    "tag,upright",
    [
        (("-display_rotation", 90), np.rot90(ARROW)),
        (("-display_rotation", 180), np.rot90(ARROW, 2)),
        (("-display_rotation", -90), np.rot90(ARROW, -1)),
        (("-display_hflip",), ARROW[:, ::-1]),
        (("-display_rotation", 90, "-display_hflip"), None),
    ],
    ids=["90", "180", "-90", "mirrored", "90 mirrored"],
)
def test_footage_rotation_is_applied(tag, upright, tmp_path):
    plain = constant(tmp_path / "plain.mp4", 3, pixels=ARROW, size=(32, 64), crf="1")
    path = tmp_path / "turned.mp4"
    ffmpeg(*tag, "-i", plain, "-c", "copy", path)
    if upright is None:  # as the ffmpeg program turns it
        ffmpeg("-i", path, "-frames:v", 1, "-c:v", "png", "-f", "image2pipe", tmp_path / "o.png")
        upright = np.asarray(PilImage.open(tmp_path / "o.png").convert("RGB"))
    info = probe_footage(path)
    (frame, *_) = read_footage(path, fps=info.fps)
    assert info.size == frame.shape[:2] == upright.shape[:2]
    inner = np.s_[4:12, 4:12], np.s_[4:12, -12:-4], np.s_[-12:-4, 4:12], np.s_[-12:-4, -12:-4]
    for corner in inner:
        assert np.abs(frame[corner].astype(int) - upright[corner]).max() < 45


def test_footage_odd_sides_are_trimmed(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (47, 63, 3), dtype=np.uint8)
    path = constant(
        tmp_path / "a.mkv", 2, size=(47, 63), pixels=pixels, codec="ffv1", format="bgr0"
    )
    assert probe_footage(path).size == (46, 62)
    for frame in read_footage(path, fps=Fraction(25)):
        assert np.array_equal(frame, pixels[:46, :62])


@pytest.mark.parametrize("aspect,width", [((4, 3), 84), ((8, 9), 56), ((1, 1), 64)])
def test_footage_pixels_become_square(aspect, width, tmp_path):
    ramp = np.repeat(np.linspace(20, 230, W).astype(np.uint8)[None, :, None], H, 0).repeat(3, 2)
    path = constant(tmp_path / "a.mp4", 2, pixels=ramp, aspect=Fraction(*aspect), crf="1")
    assert probe_footage(path).size == (H, width)
    (frame, _) = read_footage(path, fps=Fraction(25))
    expected = np.interp(
        (np.arange(width) + 0.5) / frame.shape[1] * W - 0.5, np.arange(W), ramp[0, :, 0]
    )
    assert np.abs(frame[20, 3:-3, 1] - expected[3:-3]).max() < 6


@pytest.mark.parametrize("size", [(24, 32), (40, 40), (96, 96), (20, 90)])
def test_footage_is_cropped_and_scaled_to_size(size, tmp_path):
    y, x = np.mgrid[:H, :W]
    pixels = np.stack([40 + 2 * x, 60 + 3 * y, 0 * x + 128], -1).astype(np.uint8)
    path = constant(tmp_path / "a.mkv", 2, size=(H, W), pixels=pixels, codec="ffv1", format="bgr0")
    (frame, _) = read_footage(path, fps=Fraction(25), size=size)
    assert frame.shape == (*size, 3) and frame.flags.c_contiguous
    scale = max(size[0] / H, size[1] / W)
    columns = (np.arange(size[1]) + 0.5 - size[1] / 2) / scale + W / 2 - 0.5
    rows = (np.arange(size[0]) + 0.5 - size[0] / 2) / scale + H / 2 - 0.5
    inner = np.s_[4:-4, 4:-4]
    assert np.abs(frame[..., 0] - (40 + 2 * columns)[None])[inner].max() < 3.5
    assert np.abs(frame[..., 1] - (60 + 3 * rows)[:, None])[inner].max() < 3.5


GOPS: dict[str, dict[str, Any]] = {
    "b-frames": {"g": "12", "bf": "3"},
    "open": {"g": "10", "bf": "3", "x264-params": "open-gop=1:scenecut=0"},
    "one": {"g": "600", "bf": "2"},
    "no b-frames": {"g": "8", "bf": "0"},
}


@pytest.mark.slow
@pytest.mark.parametrize("gop", GOPS)
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts"])
def test_footage_from_a_later_frame_is_the_same(kind, gop, tmp_path):
    path = constant(tmp_path / f"film.{kind}", 50, rate=NTSC, **GOPS[gop])
    assert (len(read_frame_times(path).keys) > 1) == (gop != "one" and kind != "ts")
    for fps in (NTSC, Fraction(24)):
        whole = list(read_footage(path, fps=fps))
        for first in (1, 9, 10, 11, 23, 30, 38, len(whole) - 1, len(whole), 70):
            later = list(read_footage(path, fps=fps, first=first))
            assert len(later) == max(0, len(whole) - first)
            assert all(map(np.array_equal, later, whole[first:]))


def test_footage_seeks_instead_of_decoding_all(tmp_path, monkeypatch):
    path = constant(tmp_path / "film.mp4", 50, **GOPS["b-frames"])
    decoded = []
    original = decoding.decoded

    def counted(*arguments):
        for frame in original(*arguments):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(decoding, "decoded", counted)
    assert numbers(read_footage(path, fps=Fraction(25), first=40)) == list(range(40, 50))
    assert len(decoded) < 20


def test_footage_cut_by_an_edit_list_keeps_its_start(tmp_path):
    path = constant(tmp_path / "film.mp4", 50, **GOPS["b-frames"])
    cut = tmp_path / "cut.mp4"  # begins amid a group: an edit list hides its first frames
    ffmpeg("-ss", 0.7, "-i", path, "-c", "copy", cut)
    frames = numbers(read_footage(cut, fps=Fraction(25)))
    assert frames[0] in (17, 18) and frames == list(range(frames[0], 50))
    assert probe_footage(cut).frames == len(frames)


@pytest.mark.parametrize("kind", ["mkv", "ts"])
def test_footage_begins_with_the_first_decodable_frame(kind, tmp_path):
    path = constant(tmp_path / f"film.{kind}", 60, **GOPS["open"])
    cut = tmp_path / f"cut.{kind}"
    if kind == "ts":  # as a broadcast is recorded; packets of 188 bytes
        data = path.read_bytes()
        cut.write_bytes(data[len(data) // 188 // 3 * 188 :])
    else:
        ffmpeg("-ss", 0.83, "-i", path, "-c", "copy", cut)
    frames = numbers(read_footage(cut, fps=Fraction(25)))
    assert frames[0] in (10, 20) and frames == list(range(frames[0], 60))
    assert probe_footage(cut).frames == len(frames)


def test_footage_sound_is_detected(tmp_path):
    path = constant(tmp_path / "film.mp4")
    ffmpeg("-i", path, "-f", "lavfi", "-i", "sine=d=1", "-c:v", "copy", tmp_path / "s.mp4")
    assert not probe_footage(path).sound and probe_footage(tmp_path / "s.mp4").sound


@pytest.fixture
def strangers(tmp_path):
    """Files that are no film, by name."""
    picture = PilImage.new("RGB", (W, H))
    for name in ("a.png", "a.jpg", "a.webp", "a.gif"):
        picture.save(tmp_path / name)
    (tmp_path / "a.txt").write_text("no film at all\n" * 40)
    (tmp_path / "text.mp4").write_text("no film at all\n" * 40)
    (tmp_path / "empty.mp4").touch()
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "a.wav")
    ffmpeg("-i", tmp_path / "a.wav", "-i", tmp_path / "a.png", "-map", 0, "-map", 1,
           "-c:v", "copy", "-disposition:v", "attached_pic", tmp_path / "cover.m4a")  # fmt: skip
    return tmp_path


@pytest.mark.parametrize(
    "name,said",
    {
        "none.mp4": "does not exist",
        "empty.mp4": "is empty",
        "a.txt": "is a text file, not a film",
        "text.mp4": "is no film that can be read",
        "a.wav": "holds sound but no video",
        "cover.m4a": "holds sound but no video",
        **dict.fromkeys(("a.png", "a.jpg", "a.webp", "a.gif"), 'use start.kind = "image"'),
    }.items(),
)
def test_footage_that_is_no_film_is_one_line(name, said, strangers):
    path = strangers / name
    for wrong in (lambda: probe_footage(path), lambda: next(read_footage(path, fps=Fraction(25)))):
        with pytest.raises(VideoError) as caught:
            wrong()
        assert str(path) in str(caught.value) and said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_footage_without_index_is_cut_short(tmp_path):
    path = constant(tmp_path / "film.mp4")
    path.write_bytes(path.read_bytes()[:600])
    with pytest.raises(VideoError, match="cut short: its index is missing"):
        probe_footage(path)


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_footage_closed_early_ends_its_thread(taken, tmp_path):
    path = constant(tmp_path / "film.mp4", 60)
    frames = read_footage(path, fps=Fraction(600), first=3 * taken, ahead=2)
    for _ in range(taken):
        next(frames)
    assert len(reading_threads()) == (taken > 0)
    began = time.perf_counter()
    frames.close()
    assert time.perf_counter() - began < 1 and not reading_threads()


def test_footage_decodes_ahead_within_bounds(tmp_path, monkeypatch):
    path = constant(tmp_path / "film.mp4", 60)
    converted = []
    original = footage.to_rgb
    monkeypatch.setattr(footage, "to_rgb", lambda *a: (converted.append(1), original(*a))[1])
    frames = read_footage(path, fps=Fraction(25), ahead=3)
    next(frames)
    deadline = time.perf_counter() + 5
    while len(converted) < 5 and time.perf_counter() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert len(converted) == 5  # one taken, three waiting, one in the thread's hand
    frames.close()


def test_footage_thread_error_reaches_the_consumer(tmp_path, monkeypatch):
    path = constant(tmp_path / "film.mp4")

    def broken(*arguments):
        raise VideoError("mine")

    monkeypatch.setattr(footage, "to_rgb", broken)
    with pytest.raises(VideoError, match="mine"):
        next(read_footage(path, fps=Fraction(25)))
    assert not reading_threads()


@pytest.mark.parametrize("wrong", [{"fps": Fraction(0)}, {"first": -1}, {"ahead": 0}])
def test_footage_wrong_numbers_raise(wrong, tmp_path):
    with pytest.raises(ValueError, match="fps"):
        next(read_footage(tmp_path / "film.mp4", **({"fps": Fraction(25)} | wrong)))


def test_footage_of_real_films(shared):
    for name, size, fps, frames in (
        ("driving_highway_solidWhiteRight.mp4", (540, 960), Fraction(25), 221),
        ("flower_cc0.mp4", (540, 960), NTSC, 150),
    ):
        path = shared / "samples" / name
        info = probe_footage(path)
        assert (info.size, info.fps, info.frames, info.sound) == (size, fps, frames, True)
        assert sum(1 for _ in read_footage(path, fps=fps, size=(54, 96))) == frames


@pytest.mark.parametrize("aspect", [Fraction(9), Fraction(1, 9)])
def test_absurd_pixels_are_taken_as_square(aspect, tmp_path, caplog):
    path = constant(tmp_path / "film.mp4", count=3, aspect=aspect)
    assert probe_footage(path).size == (H, W)
    (said,) = caplog.messages
    assert said.startswith(f"{path}: says that its pixels are ") and said.endswith("as square")
