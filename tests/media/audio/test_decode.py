import wave
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from dreamvid.errors import VideoError
from dreamvid.media.audio.blocks import fit, regroup
from dreamvid.media.audio.decode import read_blocks
from dreamvid.media.audio.source import probe_sound
from dreamvid.media.video.writer import Encoding, encode

OPEN_FILES = Path("/proc/self/fd")


def read(path, **options):
    return np.concatenate(list(read_blocks(path, **options)), axis=1)


def peak_second(samples, rate=48000):
    """Second at which the left channel is loudest."""
    return float(np.abs(samples[0]).argmax() / rate)


def phase(samples, hertz, rate=48000):
    """Seconds by which a sine lags, from its middle third."""
    n = np.arange(len(samples))[len(samples) // 3 : len(samples) * 2 // 3]
    turn = np.angle(np.sum(samples[n] * np.exp(-2j * np.pi * hertz * n / rate))) + np.pi / 2
    return -turn / (2 * np.pi * hertz)


@pytest.mark.parametrize("name", ["a.wav", "a.mkv", "a.flac"])
def test_read_blocks_of_lossless_files_is_exact(name, write_sound):
    samples = np.random.default_rng(7).uniform(-1, 1, (2, 10001))
    codec = "flac" if name == "a.flac" else "pcm_s16le"
    got = read(write_sound(name, samples, codec=codec))
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, samples, atol=1 / 32768)


@pytest.mark.parametrize(
    "name,codec,rate,channels",
    [
        ("a.wav", "pcm_u8", 11025, 1),
        ("a.wav", "pcm_f32le", 96000, 2),
        ("a.wav", "pcm_s24le", 44100, 6),
        ("a.m4a", "aac", 44100, 2),
        ("a.mp3", "libmp3lame", 44100, 1),
        ("a.opus", "libopus", 48000, 2),
        ("a.mkv", "aac", 48000, 6),
    ],
)
def test_read_blocks_takes_every_format(name, codec, rate, channels, write_sound, sine):
    samples = np.tile(sine(500, 2, rate), (channels, 1))
    path = write_sound(name, samples, rate, codec)
    got = read(path)
    assert got.shape[0] == 2
    assert abs(got.shape[1] - 96000) < 1400  # a coder may leave its last block's silence
    middle = got[0, 24000:72000]
    assert 0.44 < np.abs(middle).max() < 0.56
    assert abs(phase(middle, 500)) < 0.0001
    info = probe_sound(path)
    assert info and info.rate == rate and info.channels == channels
    assert info.seconds == pytest.approx(2, abs=0.05)


def test_read_blocks_mono_is_the_mean(write_sound):
    left, right = np.full(9000, 0.5), np.full(9000, -0.25)
    got = read(write_sound("a.wav", np.stack([left, right])), channels=1)
    np.testing.assert_allclose(got, np.full((1, 9000), 0.125), atol=1e-4)


def test_read_blocks_surround_does_not_clip(write_sound):
    got = read(write_sound("a.wav", np.full((6, 9000), 0.99), codec="pcm_f32le"))
    assert got.max() <= 1


def test_read_blocks_replaces_nan_and_infinity(write_sound):
    samples = np.tile([0.5, np.nan, np.inf, -np.inf, 7.0], 1000)
    got = read(write_sound("a.wav", samples, codec="pcm_f32le"))
    np.testing.assert_array_equal(got[0, :5], [0.5, 0, 1, -1, 1])


def test_read_blocks_resamples(write_sound, sine):
    got = read(write_sound("a.wav", sine(500, 1)), rate=22050)
    assert got.shape == (2, 22050)
    assert abs(phase(got[0], 500, 22050)) < 0.0001


@pytest.mark.parametrize("start", [0.0, 0.25, 1.0001, -0.5])
def test_read_blocks_start(start, write_sound, clicks):
    got = read(write_sound("a.wav", clicks(3, [1.5])), start=start)
    assert peak_second(got) == pytest.approx(1.5 - start, abs=1 / 48000)
    assert got.shape[1] == 144000 - round(start * 48000)


def test_read_blocks_start_beyond_the_end_is_empty(write_sound, clicks):
    assert list(read_blocks(write_sound("a.wav", clicks(1, [0.5])), start=2.0)) == []


@pytest.mark.parametrize("pictures,delay", [(0, 0.5), (0.5, 0), (0.3, 0.7), (0, 0)])
@pytest.mark.parametrize("name,codec", [("a.mkv", "pcm_s16le"), ("a.mp4", "aac"), ("a.ts", "aac")])
def test_read_blocks_starts_at_the_first_frame(name, codec, pictures, delay, write_sound, clicks):
    path = write_sound(name, clicks(4, [2]), codec=codec, delay=delay, pictures=pictures)
    # Matroska's clock counts milliseconds.
    assert peak_second(read(path)) == pytest.approx(2 + delay - pictures, abs=0.0015)


def test_read_blocks_fills_gaps_with_silence(tmp_path, write_sound, clicks):
    path = write_sound("a.mkv", clicks(3, [0.5, 2]))
    with av.open(str(path)) as source, av.open(str(tmp_path / "gap.mkv"), "w") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size and not 1 < float((packet.pts or 0) * packet.time_base) < 1.5:
                packet.stream = stream
                out.mux(packet)
    got = read(tmp_path / "gap.mkv")
    assert got.shape[1] == pytest.approx(144000, abs=100)
    assert peak_second(got[:, 72000:]) == pytest.approx(0.5, abs=0.0015)
    assert peak_second(got[:, :72000]) == pytest.approx(0.5, abs=0.0015)


def test_read_blocks_without_sound_is_refused(tmp_path):
    grey = np.full((48, 32), 128, np.uint8)
    encode([grey] * 3, tmp_path / "film.mp4", Encoding(size=(32, 32), fps=Fraction(24)))
    assert probe_sound(tmp_path / "film.mp4") is None
    with pytest.raises(VideoError, match=r"film\.mp4: holds no sound$"):
        next(read_blocks(tmp_path / "film.mp4"))


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.txt", "a"])
def test_read_blocks_refuses_text_in_one_line(name, tmp_path):
    (tmp_path / name).write_text("This is no sound at all.\n" * 100)
    with pytest.raises(VideoError) as caught:
        list(read_blocks(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)


def test_read_blocks_refuses_missing_files_and_urls(tmp_path):
    for path, words in (
        (tmp_path / "none.wav", "No such file"),
        (Path("http://127.0.0.1:9/a.wav"), "it is a URL; download it first"),
        (tmp_path, "it is a folder"),
    ):
        for reader in (probe_sound, lambda path: next(read_blocks(path))):
            with pytest.raises(VideoError, match=words):
                reader(path)


@pytest.mark.parametrize("name,codec", [("a.wav", "pcm_s16le"), ("a.mkv", "pcm_s16le")])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_truncated_file_serves_for_what_is_there(name, codec, part, write_sound, caplog):
    samples = np.random.default_rng(7).uniform(-1, 1, (1, 96000))
    path = write_sound(name, samples, codec=codec)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    for _ in range(2):  # and is warned of once
        got = read(path)
        assert part * 96000 - 8300 < got.shape[1] < part * 96000 + 10  # less the last blocks
        np.testing.assert_allclose(got[0], samples[0, : got.shape[1]], atol=1 / 32768)
    (said,) = caplog.messages
    end = float(said.removeprefix(f"{path}: its sound is cut short after ").split()[0])
    assert end == pytest.approx(2 * part, abs=0.2) and said.endswith("seconds; silence follows")


@pytest.mark.parametrize("name,codec", [("a.m4a", "aac"), ("a.flac", "flac"), ("a.wav", "pcm_u8")])
def test_a_file_with_nothing_left_is_refused(name, codec, write_sound):
    path = write_sound(name, np.random.default_rng(7).uniform(-1, 1, (1, 96000)), codec=codec)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(VideoError, match=str(path)):
        list(read_blocks(path))
    with pytest.raises(VideoError, match=str(path)):
        probe_sound(path)


@pytest.fixture
def copied(tmp_path):
    """(path, name) -> a Matroska file of the same packets."""

    def copy(path, name="copy.mkv") -> Path:
        with av.open(str(path)) as source, av.open(str(tmp_path / name), "w") as out:
            streams = [out.add_stream_from_template(stream) for stream in source.streams]
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)
        return tmp_path / name

    return copy


@pytest.mark.parametrize("seconds", [0.51, 1, 2.017])
@pytest.mark.parametrize("delay", [0, 0.5])
@pytest.mark.parametrize(
    "name,codec,rate",
    [
        ("a.mkv", "libmp3lame", 44100),
        ("a.mkv", "libmp3lame", 16000),
        ("a.mkv", "aac", 48000),
        ("a.mkv", "aac", 8000),
        ("a.mkv", "libopus", 48000),
        ("a.m4a", "aac", 44100),
        ("a.mp3", "libmp3lame", 44100),
    ],
)
def test_an_intact_matroska_file_is_not_taken_for_a_cut_one(
    name, codec, rate, delay, seconds, write_sound, copied, clicks, caplog
):
    sound = clicks(seconds, [seconds / 2], rate)
    path = write_sound(name, sound, rate, codec, 0.0 if name == "a.mp3" else delay)
    path = path if name == "a.mkv" else copied(path)
    got = read(path)
    assert not caplog.messages
    assert got.shape[1] / 48000 > seconds - 0.01


def test_the_first_default_stream_of_a_known_codec_is_heard(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("pcm_s16le", rate=48000, layout="mono") for _ in range(3)]
        for stream in streams[1:]:
            stream.disposition = Disposition.default
        for level, stream in zip((0.1, 0.2, 0.3), streams, strict=True):
            block = np.full((1, 4800), level * 32767, np.int16)
            frame = av.AudioFrame.from_ndarray(block, "s16", "mono")
            frame.sample_rate, frame.pts = 48000, 0
            out.mux(stream.encode(frame))
    assert read(path).mean() == pytest.approx(0.2, abs=1e-4)
    data = path.read_bytes()
    for known, expected in ((b"A_PCM/INT/LIT", 0.2), (b"A_PCM/XYZ/LIT", 0.3)):
        first, second, *rest = data.split(b"A_PCM/INT/LIT")
        path.write_bytes(first + b"A_PCM/INT/LIT" + second + known + b"A_PCM/INT/LIT".join(rest))
        assert read(path).mean() == pytest.approx(expected, abs=1e-4)


def _matroska_blocks(data):
    """Yield the position of the time in each block of a Matroska file's clusters."""

    def number(at, keep_marker):
        length = 9 - data[at].bit_length()
        value = int.from_bytes(data[at : at + length])
        return value if keep_marker else value - (1 << 7 * length), at + length

    at = 0
    while at < len(data):
        key, at = number(at, keep_marker=True)
        size, at = number(at, keep_marker=False)
        if key in (0x18538067, 0x1F43B675, 0xA0):  # segment, cluster, block group: their insides
            continue
        if key in (0xA3, 0xA1):
            yield at + 1
        at += size


def test_second_0_is_the_first_frame_shown_of_a_film_with_negative_times(write_sound, clicks):
    path = write_sound("a.mkv", clicks(3, [2]), pictures=0)
    assert peak_second(read(path)) == pytest.approx(2, abs=0.0015)
    data = bytearray(path.read_bytes())
    for at in _matroska_blocks(bytes(data)):
        time = int.from_bytes(data[at : at + 2], signed=True) - 500
        data[at : at + 2] = time.to_bytes(2, signed=True)
    path.write_bytes(data)
    with av.open(str(path)) as film:  # players begin with the first frame that has a time
        first = min(p.pts for p in film.demux(film.streams.video[0]) if p.pts is not None)
    assert first in (0, 100)
    assert peak_second(read(path)) == pytest.approx(1.5 - first / 1000, abs=0.0015)


@pytest.mark.parametrize("size", [b"\0" * 4, b"\xff" * 4])
def test_read_blocks_of_a_piped_wav(size, write_sound, clicks):
    path = write_sound("a.wav", clicks(2.03, [2]))
    data = path.read_bytes()
    at = data.index(b"data") + 4
    path.write_bytes(data[:at] + size + data[at + 4 :])
    got = read(path)
    assert got.shape[1] == 97440 and peak_second(got) == 2


def test_read_blocks_ignores_cover_art(tmp_path, write_sound, clicks):
    sound = write_sound("a.mp3", clicks(2, [1]), codec="libmp3lame")
    with av.open(str(sound)) as source, av.open(str(tmp_path / "cover.mp3"), "w") as out:
        stream = out.add_stream_from_template(source.streams.audio[0])
        cover = out.add_stream("png", rate=1, width=32, height=32)
        cover.pix_fmt, cover.disposition = "rgb24", Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        picture.pts = 0
        out.mux(cover.encode(picture))
        out.mux(cover.encode(None))
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    assert peak_second(read(tmp_path / "cover.mp3")) == peak_second(read(sound))


def test_damage_in_the_middle_is_silence(write_sound, caplog):
    samples = np.random.default_rng(7).uniform(-1, 1, (1, 96000))
    path = write_sound("a.flac", samples, codec="flac")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = b"\xa5" * 3000
    path.write_bytes(data)
    got = read(path)
    assert got.shape[1] == 96000
    same = np.abs(got[0] - samples[0]) < 1 / 16384
    assert same[:38000].all() and same[58000:].all()
    assert 1000 < np.sum(~same) < 14000
    assert np.sum(got[0, ~same] == 0) > 1000
    (said,) = caplog.messages
    second = float(said.removeprefix(f"{path}: its sound is damaged at ").split()[0])
    assert second == pytest.approx(np.argmin(same) / 48000, abs=0.006)


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="needs /proc")
def test_read_blocks_closes_the_file_when_abandoned(write_sound, clicks):
    path = write_sound("a.wav", clicks(3, [1]))
    before = len(list(OPEN_FILES.iterdir()))
    blocks = read_blocks(path)
    next(blocks)
    blocks.close()
    assert len(list(OPEN_FILES.iterdir())) == before


def test_read_blocks_channels_must_be_one_or_two(write_sound, clicks):
    with pytest.raises(ValueError, match="got 3"):
        next(read_blocks(write_sound("a.wav", clicks(1, [])), channels=3))


def test_fit_and_regroup_keep_the_samples():
    samples = np.arange(2000, dtype=np.float32).reshape(2, 1000)
    pieces = np.split(samples, [1, 5, 300, 300, 777], axis=1)
    groups = list(regroup(pieces, 128))
    assert [group.shape[1] for group in groups] == [128] * 7 + [104]
    np.testing.assert_array_equal(np.concatenate(groups, axis=1), samples)
    np.testing.assert_array_equal(
        np.concatenate(list(fit(pieces, 350, channels=2)), axis=1), samples[:, :350]
    )
    longer = np.concatenate(list(fit(pieces, 200_000, channels=2)), axis=1)
    assert longer.shape == (2, 200_000) and not longer[:, 1000:].any()
    assert list(islice(fit([], 0, channels=1), 2)) == []


def test_read_blocks_refuses_unknown_codecs(tmp_path):
    path = tmp_path / "odd.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(800))
    data = path.read_bytes()
    path.write_bytes(data[:20] + b"\x99\x99" + data[22:])
    for read in (probe_sound, lambda path: next(read_blocks(path))):
        with pytest.raises(VideoError, match="codec that cannot be read"):
            read(path)
