import hashlib
import os
import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dreamvid.errors import OutputError, VideoError
from dreamvid.media.audio import mux
from dreamvid.media.audio.mux import add_sound, add_track
from dreamvid.media.footage.reader import read_frames
from dreamvid.media.video.writer import Encoding, encode, join

RATE = 48000
FPS = Fraction(30000, 1001)


@pytest.fixture
def make_film(tmp_path):
    """(frames, fps) -> a film joined from two segments, with frames out of order (B-frames)."""

    def make(frames, fps=FPS) -> Path:
        def greys(count):
            frame = np.full((48, 32), 128, np.uint8)
            for n in range(count):
                frame[:32] = 20 + n % 200
                yield frame

        settings = Encoding(size=(32, 32), fps=fps, crf=40, preset="veryfast", threads=1)
        for name, count in (("1", frames // 2), ("2", frames - frames // 2)):
            encode(greys(count), tmp_path / f"{name}.mp4", settings)
        join([tmp_path / "1.mp4", tmp_path / "2.mp4"], tmp_path / "film.mp4", fps)
        return tmp_path / "film.mp4"

    return make


def sound_of(path):
    """Decode the sound as (channels, n) by libav's own timestamps."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
        assert frames[0].pts == 0 and frames[0].sample_rate == RATE
        return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def video_of(path):
    """Everything that the file stores of its video stream."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        head = (
            bytes(context.extradata or b""),
            (context.codec_tag, context.color_range, context.colorspace, context.color_trc),
            (stream.time_base, stream.start_time, stream.duration, stream.average_rate),
            (stream.metadata, container.metadata),
        )
        packets = [
            (p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in container.demux(stream)
            if p.size
        ]
        return head, packets


def delays(actual, expected, times):
    """Samples by which each click is late."""
    result = []
    for time in times:
        first = max(0, round(time * RATE) - 3000)
        part, want = actual[0, first : first + 6000], expected[first : first + 6000]
        assert np.abs(part).max() > 0.1
        whole = np.correlate(part, want, "full")
        result.append(int(whole.argmax()) - (len(want) - 1))
    return result


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "seconds,fps",
    [
        (12, Fraction(24)),
        (12, FPS),
        (12, Fraction(25, 2)),
        pytest.param(600, FPS, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_add_sound_keeps_sync(seconds, fps, backwards, tmp_path, make_film, write_sound, clicks):
    film = make_film(int(seconds * fps), fps)
    length = float(int(seconds * fps) / fps)
    times = np.array([0.05, 1.3, length / 2, length - 1.1, length - 0.1])
    samples = clicks(seconds + 3, times)
    add_sound(film, write_sound("c.wav", samples), tmp_path / "out.mp4", backwards=backwards)
    sound_out = sound_of(tmp_path / "out.mp4")
    expected = samples[: round(length * RATE)]
    if backwards:
        expected, times = expected[::-1], length - times
    late = delays(sound_out, expected, times)
    assert max(map(abs, late)) <= 1, f"{late} samples late"  # 0.02 ms


def test_add_sound_copies_video_packets(tmp_path, make_film, write_sound, sine):
    film = make_film(100)
    add_sound(film, write_sound("s.wav", sine(440, 2)), tmp_path / "out.mp4")
    assert video_of(tmp_path / "out.mp4") == video_of(film)
    before, after = (list(read_frames(path)) for path in (film, tmp_path / "out.mp4"))
    np.testing.assert_array_equal(before, after)


def test_add_sound_is_aac_of_the_film_s_length(tmp_path, make_film, write_sound, sine):
    film = make_film(100)
    for seconds in (0.5, 10):
        add_sound(film, write_sound("s.wav", sine(440, seconds)), tmp_path / "out.mp4")
        with av.open(str(tmp_path / "out.mp4")) as container:
            stream = container.streams.audio[0]
            assert (stream.codec_context.name, stream.rate, stream.channels) == ("aac", RATE, 2)
            assert stream.duration is not None and stream.time_base is not None
            assert float(stream.duration * stream.time_base - 100 / FPS) == pytest.approx(
                0, abs=0.001
            )
        assert sound_of(tmp_path / "out.mp4").shape[1] - float(100 / FPS) * RATE < 1024


def test_add_sound_pads_with_silence_or_fades(tmp_path, make_film, write_sound, sine):
    film, end = make_film(100), round(100 / FPS * RATE)
    add_sound(film, write_sound("short.wav", sine(440, 1)), tmp_path / "out.mp4")
    sound_out = sound_of(tmp_path / "out.mp4")
    assert np.abs(sound_out[:, 40000:47000]).max() > 0.45
    assert np.abs(sound_out[:, RATE + 2048 :]).max() < 0.001
    add_sound(film, write_sound("long.wav", sine(440, 10)), tmp_path / "out.mp4")
    sound_out = sound_of(tmp_path / "out.mp4")
    assert np.abs(sound_out[:, end - 3000 : end - 1200]).max() > 0.45
    assert np.abs(sound_out[:, end - 96 : end]).max() < 0.1


@pytest.mark.parametrize("start", [1.5, -0.75])
@pytest.mark.parametrize("backwards", [False, True])
def test_add_sound_start(start, backwards, tmp_path, make_film, write_sound, clicks):
    film, length = make_film(120, Fraction(24)), 5.0
    sound = write_sound("c.wav", clicks(8, [3.25]))
    add_sound(film, sound, tmp_path / "out.mp4", start=start, backwards=backwards)
    time = length - (3.25 - start) if backwards else 3.25 - start
    expected = clicks(5, [3.25 - start])
    late = delays(sound_of(tmp_path / "out.mp4"), expected[::-1] if backwards else expected, [time])
    assert abs(late[0]) <= 1


def test_add_sound_of_a_film_that_begins_late(tmp_path, make_film, write_sound, clicks):
    path = write_sound(
        "f.mkv", clicks(4, [2]), codec="flac", delay=0.5, pictures=0
    )  # so its click is at 2.5
    add_sound(make_film(120, Fraction(24)), path, tmp_path / "out.mp4")
    assert abs(delays(sound_of(tmp_path / "out.mp4"), clicks(5, [2.5]), [2.5])[0]) <= 48


@pytest.mark.parametrize(
    "codec,rate,channels", [("pcm_u8", 22050, 1), ("pcm_s16le", 44100, 2), ("pcm_f32le", 48000, 6)]
)
def test_add_sound_makes_stereo(codec, rate, channels, tmp_path, make_film, write_sound, sine):
    sound = write_sound("s.wav", np.tile(sine(440, 3, rate), (channels, 1)), rate, codec)
    add_sound(make_film(50), sound, tmp_path / "out.mp4")
    sound_out = sound_of(tmp_path / "out.mp4")
    assert sound_out.shape[0] == 2
    assert 0.45 < np.abs(sound_out[:, 10000:70000]).max() < 0.56


def test_add_sound_interleaves_for_streaming(tmp_path, make_film, write_sound, sine):
    add_sound(make_film(300), write_sound("s.wav", sine(440, 11)), tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"Lav" not in data  # no version of libav's
    with av.open(str(tmp_path / "out.mp4")) as container:
        packets = [
            (p.pos, p.stream.type, float((p.dts or 0) * p.time_base))
            for p in container.demux()
            if p.size
        ]
    last = {"video": 0.0, "audio": 0.0}
    for _, kind, time in sorted(packets):
        last[kind] = time
        assert abs(last["video"] - last["audio"]) < 0.15


@pytest.mark.parametrize("backwards", [False, True])
def test_add_sound_is_deterministic(backwards, tmp_path, make_film, write_sound, sine):
    film, sound = make_film(50), write_sound("s.wav", sine(440, 3))
    digests = set()
    for name in ("a.mp4", ".b.partial"):
        add_sound(film, sound, tmp_path / name, backwards=backwards)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1


def test_add_sound_in_place(tmp_path, make_film, write_sound, sine):
    film = make_film(50)
    before = video_of(film)
    for _ in range(2):  # the second time it has a sound already
        add_sound(film, write_sound("s.wav", sine(440, 3)), film)
    assert video_of(film) == before
    with av.open(str(film)) as container:
        assert len(container.streams) == 2


@pytest.mark.parametrize("backwards", [False, True])
def test_a_film_is_not_lost_to_its_sound(backwards, tmp_path, make_film, write_sound, caplog):
    film, out = make_film(50), tmp_path / "out" / "out.mp4"
    (tmp_path / "a.txt").write_text("no sound")
    for sound in (film, tmp_path / "a.txt", tmp_path / "none.wav"):
        caplog.clear()
        add_sound(film, sound, out, backwards=backwards)
        assert video_of(out) == video_of(film)
        assert not sound_of(out).any()
        (said,) = caplog.messages
        assert said.startswith(f"{sound}: ")
        assert said.endswith("; the film has silence from second 0.00 on")


@pytest.fixture
def matroska(tmp_path, make_film):
    """A film with B-frames in Matroska, which stores no decoding times."""
    with av.open(str(make_film(50))) as source, av.open(str(tmp_path / "film.mkv"), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return tmp_path / "film.mkv"


def test_add_sound_to_matroska_with_reordered_frames(tmp_path, matroska, write_sound, clicks):
    add_sound(matroska, write_sound("a.wav", clicks(2, [1])), tmp_path / "out.mkv")

    def shown(path):
        return [(p.pts, bytes(p)) for p in av.open(str(path)).demux(video=0) if p.size]

    assert shown(tmp_path / "out.mkv") == shown(matroska)
    assert np.abs(sound_of(tmp_path / "out.mkv")).argmax() == 2 * RATE  # interleaved


def test_a_sound_that_fails_midway_serves_up_to_there(tmp_path, matroska, caplog):
    def blocks():
        yield np.full((2, 24000), 0.5, np.float32)
        raise VideoError("a.wav: Input/output error")

    add_track(matroska, blocks(), tmp_path / "out.mkv", fade=False)
    got = sound_of(tmp_path / "out.mkv").reshape(-1, 2).T
    np.testing.assert_allclose(got[:, :24000] / 2**31, 0.5, atol=1e-6)
    assert not got[:, 24000:].any() and abs(got.shape[1] - round(50 / FPS * RATE)) < 48
    assert caplog.messages == [
        "a.wav: Input/output error; the film has silence from second 0.50 on"
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_add_sound_errors_leave_nothing(backwards, tmp_path, make_film, write_sound):
    film, out = make_film(50), tmp_path / "out" / "out.mp4"
    noise = write_sound("n.flac", np.random.default_rng(7).uniform(-1, 1, 96000), codec="flac")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size - 300])
    with pytest.raises(VideoError, match=str(cut)):
        add_sound(cut, noise, out, backwards=backwards)
    assert list(out.parent.iterdir()) == []
    out.mkdir()
    with pytest.raises(OutputError, match="folder"):
        add_sound(film, noise, out, backwards=backwards)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from dreamvid.errors import OutputError
from dreamvid.media.audio.mux import add_sound
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
film, sound, out = map(Path, sys.argv[1:4])
try:
    add_sound(film, sound, out, backwards=sys.argv[4] == "True")
except OutputError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit")
@pytest.mark.parametrize("backwards", [False, True])
def test_add_sound_full_disk_is_reported(backwards, tmp_path, make_film, write_sound):
    film = make_film(200)
    sound = write_sound("n.wav", np.random.default_rng(7).uniform(-1, 1, 400_000))
    command = [sys.executable, "-c", FULL_DISK, film, sound, tmp_path / "o" / "out.mp4"]
    process = subprocess.run(
        [*map(str, command), str(backwards)], capture_output=True, text=True, env=os.environ
    )
    assert f"{tmp_path / 'o' / 'out.mp4'}: cannot be written" in process.stdout, process.stderr
    assert list((tmp_path / "o").iterdir()) == []


def test_reverse_through_holds_one_block(tmp_path, monkeypatch):
    monkeypatch.setattr(mux, "BLOCK", 100)
    samples = np.arange(2 * 1234, dtype=np.float32).reshape(2, 1234)
    with (tmp_path / "scratch").open("w+b") as scratch:
        blocks = list(mux.reverse_through(np.split(samples, [7, 600], axis=1), scratch))
    assert max(block.shape[1] for block in blocks) == 100
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), samples[:, ::-1])
