import socket
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError
from PIL import Image as PilImage

from dreamvid.errors import VideoError
from dreamvid.media.audio.decode import read_blocks
from dreamvid.media.audio.source import probe_sound
from dreamvid.media.footage import reader
from dreamvid.media.footage.footage import probe_footage
from dreamvid.media.footage.frame_times import read_frame_times
from dreamvid.media.footage.reader import (
    READ_OPTIONS,
    count_frames,
    open_input,
    probe,
    read_frames,
)
from dreamvid.media.video.libav import CONTAINERS, is_playlist
from dreamvid.media.video.writer import encode

H, W = 48, 64
OPEN_FILES = Path("/proc/self/fd")
# (Y, U, V) codes of BT.709 and what they show; worked out from ITU-R BT.709-6, 3.4 and 3.5.
CODES = {(63, 102, 240): (255, 0, 0), (173, 42, 26): (0, 255, 0), (32, 240, 118): (0, 0, 255)}


def flat(y, u, v):
    frame = np.empty((H * 3 // 2, W), np.uint8)
    frame[:H], frame[H : H + H // 4], frame[H + H // 4 :] = y, u, v
    return frame


def luma_numbers(frames):
    """The frame numbers of greys, from what is shown: 255 * (luma - 16) / 219."""
    return [round((float(frame.mean()) * 219 / 255 - 4) / 6) for frame in frames]


@pytest.fixture
def film(tmp_path, encoding, greys):
    encode(greys(10), tmp_path / "film.mp4", encoding)
    return tmp_path / "film.mp4"


@pytest.fixture
def noise(tmp_path, encoding):
    """A film of 40 frames with many bytes in each, to be damaged."""
    rng = np.random.default_rng(7)
    frames = list(rng.integers(16, 235, (40, H * 3 // 2, W), dtype=np.uint8))
    encode(frames, tmp_path / "film.mp4", encoding)
    return tmp_path / "film.mp4"


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)], ids=str)
def test_reader_probe_gives_size_rate_and_length(fps, tmp_path, encoding, greys):
    encode(greys(7), tmp_path / "film.mp4", replace(encoding, fps=fps))
    info = probe(tmp_path / "film.mp4")
    assert (info.size, info.fps, info.frames) == ((H, W), fps, 7)


@pytest.mark.parametrize("every,offset", [(1, 0), (3, 0), (3, 2), (4, 9), (20, 0), (1, 10)])
def test_reader_yields_every_nth_frame_from_an_offset(every, offset, film):
    frames = read_frames(film, every=every, offset=offset)
    assert luma_numbers(frames) == list(range(10))[offset::every]


@pytest.mark.parametrize("codes,colour", CODES.items())
def test_reader_colours_are_bt709(codes, colour, tmp_path, encoding):
    encode([flat(*codes)] * 2, tmp_path / "film.mp4", replace(encoding, crf=1))
    for frame in read_frames(tmp_path / "film.mp4"):
        assert frame.shape == (H, W, 3) and frame.dtype == np.uint8
        assert np.abs(frame.astype(int) - colour).max() <= 2


def test_reader_interpolates_chroma(tmp_path, encoding):
    frame = flat(126, 128, 128)
    frame[H + H // 4 :] = np.tile(60 + 4 * np.arange(W // 2), 2)  # a slope of red
    encode([frame], tmp_path / "film.mp4", replace(encoding, crf=1))
    with av.open(str(tmp_path / "film.mp4")) as film:
        raw = next(film.decode(video=0)).to_ndarray().astype(float)
    v = np.interp(np.arange(W), np.arange(0, W, 2) + 0.5, raw[-1, : W // 2])  # as tagged
    red = ((raw[:H] - 16) / 219 + 1.5748 * (v - 128) / 224) * 255
    (shown,) = read_frames(tmp_path / "film.mp4")
    assert np.abs(shown[..., 0] - red.clip(0, 255))[4:-4, 2:-4].max() < 0.7


@pytest.mark.parametrize("matrix,red", [(6, (81, 90, 240)), (2, (63, 102, 240))])
def test_reader_follows_tags_and_defaults_to_bt709(matrix, red, tmp_path):
    # ITU-T H.273: 6 is BT.601's matrix, 2 is none said. The codes are a full red in each.
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, width=W, height=H)
        stream.codec_context.colorspace = matrix
        stream.codec_context.options = {"crf": "1"}
        frame = av.VideoFrame.from_ndarray(flat(*red), format="yuv420p")
        frame.colorspace = matrix
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    (shown,) = read_frames(path)
    assert np.abs(shown.astype(int) - (255, 0, 0)).max() <= 2


@pytest.mark.parametrize("size", [(24, 32), (20, 50), (96, 128), (47, 63)])
def test_reader_scales_frames(size, tmp_path, encoding, gradients):
    encode(gradients(2), tmp_path / "film.mp4", encoding)
    for frame, luma in zip(
        read_frames(tmp_path / "film.mp4", size=size), gradients(2), strict=True
    ):
        assert frame.shape == (*size, 3)
        mean = (luma[:H].mean() - 16) * 255 / 219
        assert abs(frame.mean() - mean) < 2
        assert np.all(np.diff(frame[size[0] // 2, 2:-2, 0].astype(int)) >= -2)


def test_reader_counts_frames_without_a_header(tmp_path, film):
    path = tmp_path / "film.mkv"
    with av.open(str(film)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    assert probe(path).frames is None and count_frames(path) == 10
    assert count_frames(film) == 10


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux lists a process's open files")
@pytest.mark.parametrize("end", ["close", "fail", "finish"])
def test_reader_closes_with_its_generator(end, film):
    def is_open():
        return any(file.is_symlink() and file.readlink() == film for file in OPEN_FILES.iterdir())

    frames = read_frames(film)
    next(frames)
    assert is_open()
    if end == "close":
        frames.close()
    elif end == "fail":
        with pytest.raises(RuntimeError):
            frames.throw(RuntimeError)
    else:
        list(frames)
    assert not is_open()


def test_reader_lets_the_callers_errors_pass(film):
    with pytest.raises(FFmpegError):
        for _ in read_frames(film):
            raise FFmpegError(1, "mine")


def zero(data, start, length):
    return data[:start] + bytes(length) + data[start + length :]


DAMAGE = {
    "empty": lambda data, at: b"",
    "text": lambda data, at: b"no film at all " * 40,
    "head": lambda data, at: data[:300],
    "cut in a frame": lambda data, at: data[: at[20] + 100],
    "cut between frames": lambda data, at: data[: at[20]],
    "cut by a byte": lambda data, at: data[:-1],
    "zeros": lambda data, at: zero(data, at[20] + 9, 3000),
    "zeros in the first": lambda data, at: zero(data, (at[0] + at[1]) // 2, 100),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_reader_damage_is_a_video_error_of_one_line(damage, noise):
    with av.open(str(noise)) as container:
        starts = [p.pos for p in container.demux(video=0) if p.size]
    noise.write_bytes(DAMAGE[damage](noise.read_bytes(), starts))
    with pytest.raises(VideoError) as caught:
        list(read_frames(noise))
    assert str(noise) in str(caught.value) and "\n" not in str(caught.value)


def test_reader_of_missing_file_folder_and_sound_raises(tmp_path):
    with pytest.raises(VideoError, match="No such file"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(VideoError, match="it is a folder"):
        probe(tmp_path)
    with pytest.raises(VideoError, match="holds no video"):
        probe(write_tone(tmp_path / "sound.wav"))


def test_reader_takes_no_path_for_a_url(tmp_path, film, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "https:film.mp4"
    film.rename(odd)
    assert probe(odd.relative_to(tmp_path)).frames == 10


def test_playlist_fetches_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        path = tmp_path / "film.m3u8"
        path.write_text(
            "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n"
            f"http://127.0.0.1:{port}/0.ts\n#EXT-X-ENDLIST\n"
        )
        with pytest.raises(VideoError):
            list(read_frames(path))
        with pytest.raises(TimeoutError):
            server.accept()


def write_playlists(folder, film, sound):
    """Of every kind that libav reads, by name; they name an absolute path, others and themselves.

    Each would be read well, but `self.mp4` and `call.sdp`.
    """
    packets = folder / "film.ts"
    with av.open(str(film)) as source, av.open(str(packets), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{}\n#EXT-X-ENDLIST\n"
    call = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 33\n"
    texts = {
        "cat.mp4": f"ffconcat version 1.0\nfile {film.name}\n",
        "sound.wav": f"ffconcat version 1.0\nfile {sound.name}\n",
        "self.mp4": "ffconcat version 1.0\nfile self.mp4\n",
        "absolute.m3u8": hls.format(f"file://{packets}"),
        "beside.m3u8": hls.format(packets.name),
        "call.sdp": call,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


def write_tone(path):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
    return path


READERS = [probe, lambda path: list(read_frames(path)), read_frame_times, probe_footage]
READERS += [probe_sound, lambda path: list(read_blocks(path))]


@pytest.mark.parametrize("known", [True, False], ids=["refused unopened", "refused by its name"])
def test_playlist_is_refused_whatever_its_name(known, tmp_path, film, monkeypatch):
    paths = write_playlists(tmp_path, film, write_tone(tmp_path / "tone.wav"))
    if not known:  # as if a libav called them otherwise on its list
        options = {**READ_OPTIONS, "format_whitelist": ",".join(av.formats_available)}
        monkeypatch.setattr(reader, "READ_OPTIONS", options)
        paths = [path for path in paths if path.stem not in ("self", "call")]
    before = len(list(OPEN_FILES.iterdir())) if OPEN_FILES.exists() else 0
    for path in paths:
        for read in READERS:
            with pytest.raises(VideoError) as caught:
                read(path)
            said = f"{path}: is a playlist, not a film; give the film that it names"
            assert str(caught.value) == said
    assert not before or len(list(OPEN_FILES.iterdir())) == before


def test_reader_of_binary_that_is_no_film_raises(tmp_path, film):
    path = tmp_path / "cat.mp4"
    path.write_text(f"ffconcat version 1.0\nfile {film.name}\n#\0\n")
    with pytest.raises(VideoError, match="Invalid argument"):
        probe(path)


def test_reader_takes_percent_in_a_name_literally(tmp_path):
    for name, side in (("clip%d.png", 32), ("clip0.png", 16)):
        PilImage.new("RGB", (side, side)).save(tmp_path / name)
    with open_input(tmp_path / "clip%d.png") as container:
        assert container.streams.video[0].width == 32
    with pytest.raises(VideoError, match="is a picture, not a film"):
        read_frame_times(tmp_path / "clip%d.png")


def test_playlist_formats_are_the_only_ones_left_out():
    assert {"concat", "hls", "sdp"}.isdisjoint(CONTAINERS)
    assert len(av.formats_available) - len(CONTAINERS) <= 12
    names = {name for names in CONTAINERS for name in names.split(",")}
    assert names >= {"mp4", "webm", "avi", "mpegts", "gif", "apng", "png_pipe", "image2"}
    assert names >= {"wav", "mp3", "flac", "ogg", "aiff", "tty"}
    assert all(map(is_playlist, ("hls,applehttp", "concat"))) and not is_playlist("mov,mp4")


@pytest.mark.parametrize("wrong", [{"every": 0}, {"offset": -1}])
def test_reader_wrong_steps_raise(wrong, film):
    with pytest.raises(ValueError, match="every"):
        next(read_frames(film, **wrong))


def test_reader_of_unknown_codec_or_bad_title_does_not_crash(tmp_path):
    film, unknown, odd = (tmp_path / name for name in ("film.mkv", "unknown.mkv", "odd.mkv"))
    with av.open(str(film), "w") as container:
        container.metadata["title"] = "a good title"
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    unknown.write_bytes(film.read_bytes().replace(b"V_MPEG4", b"V_ZZZZZ"))
    odd.write_bytes(film.read_bytes().replace(b"good", b"\xfd\xff\xd7\x80"))
    for read in (probe, read_frame_times):
        with pytest.raises(VideoError, match="codec that cannot be read"):
            read(unknown)
    assert probe(odd) == probe(film)
    assert read_frame_times(odd).ticks == read_frame_times(film).ticks
