"""HAP by the ffmpeg program: what it writes, and that it never outlives a failure."""

import os
import resource
import signal
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from dreamvid.errors import OutputError, PresetError, VideoError
from dreamvid.media.footage.reader import read_frames
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.encoder_probe import probe_encoder
from dreamvid.media.video.hardware import choose_encoder
from dreamvid.media.video.writer import encode, join

SIZE = HEIGHT, WIDTH = 48, 64
TAGS = {"hap": "Hap1", "hap-q": "HapY", "hap-alpha": "Hap5"}
TOLERANCE = 2.0, 10
"""Mean and largest difference of 255: a block of 4x4 pixels has four colours on a line (DXT1)."""
ENCODING = Encoding(size=SIZE, fps=Fraction(24), codec="hap")
FAR_TOO_MANY = 10_000  # frames: 123 MB through the pipe


def gradient(number: int) -> np.ndarray:
    """RGB that changes slowly in both directions and from frame to frame."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([40 + 2 * x, 220 - 3 * y, 60 + x + y + 5 * number], axis=-1).astype(np.uint8)


def planes(rgb: np.ndarray) -> np.ndarray:
    """libav's bgr0."""
    padded = np.zeros((*rgb.shape[:2], 4), np.uint8)
    padded[..., :3] = rgb[..., ::-1]
    return padded.reshape(-1, rgb.shape[1])


def frames(count: int):
    return (planes(gradient(number % 10)) for number in range(count))


def packets(path: Path):
    with av.open(str(path)) as film:
        found = [packet for packet in film.demux(video=0) if packet.size]
        assert all(packet.is_keyframe for packet in found)
        times = [packet.pts * packet.time_base for packet in found]  # type: ignore[operator]
        assert times == [n / ENCODING.fps for n in range(len(found))]
        return [bytes(packet) for packet in found]


def children() -> set[int]:
    """Processes that are ours, dead ones that nobody waited for among them."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == os.getpid():
            found.add(int(stat.parent.name))
    return found


@pytest.fixture
def none_left(tmp_path):
    """No process and no file but those that were there before is left of a failure."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("processes are counted in /proc")
    before = children()
    yield
    assert children() == before
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".sh"] == []


def script(folder: Path, text: str) -> str:
    path = folder / "ffmpeg.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("codec", TAGS)
def test_hap_is_read_back_in_its_colours(codec, tmp_path):
    path, encoding = tmp_path / "film.mov", replace(ENCODING, codec=codec)
    encode(frames(10), path, encoding)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert stream.codec_context.codec_tag == TAGS[codec]
        assert (stream.frames, stream.average_rate) == (10, encoding.fps)
    assert len(packets(path)) == 10
    apart = np.stack(
        [
            np.abs(back.astype(int) - gradient(number))
            for number, back in enumerate(read_frames(path))
        ]
    )
    mean, most = TOLERANCE
    assert len(apart) == 10 and apart.mean() < mean and apart.max() <= most


def test_hap_alpha_is_opaque(tmp_path):
    encode(frames(2), tmp_path / "film.mov", replace(ENCODING, codec="hap-alpha"))
    with av.open(str(tmp_path / "film.mov")) as film:
        frame = next(film.decode(video=0))
    assert frame.format.name == "rgba" and (frame.to_ndarray()[..., 3] == 255).all()


@pytest.mark.parametrize("codec", TAGS)
def test_hap_is_reversed_bit_for_bit_and_the_same_each_time(codec, tmp_path):
    encoding = replace(ENCODING, codec=codec)
    parts = [tmp_path / f"{n}.mov" for n in range(2)]
    for part, count in zip(parts, (7, 3), strict=True):
        encode(frames(count), part, encoding)
    join(parts, tmp_path / "forward.mov", encoding.fps)
    join(parts, tmp_path / "reverse.mov", encoding.fps, backwards=True)
    forward = packets(tmp_path / "forward.mov")
    assert packets(tmp_path / "reverse.mov") == forward[::-1]
    assert forward == packets(parts[0]) + packets(parts[1])
    encode(frames(7), tmp_path / "again.mov", encoding)
    assert (tmp_path / "again.mov").read_bytes() == parts[0].read_bytes()


def test_hap_of_odd_blocks_is_refused_before_any_work():
    words = r"start\.size: hap takes sides .* of 4, not 66x48 \(such as 64x48\)"
    with pytest.raises(PresetError, match=words):
        choose_encoder(replace(ENCODING, size=(48, 66)), "software")


def test_program_works_here():
    assert probe_encoder("hap") is None


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("/nowhere/ffmpeg", "/nowhere/ffmpeg: No such file or directory; install imageio"),
        ("/etc/passwd", "/etc/passwd: Permission denied; install imageio"),
        ("exit 0", "ffmpeg: exit status 0"),
        ("exec 0<&-; exit 3", "ffmpeg: exit status 3"),
        ("echo '[hap @ 0x5] it is broken' >&2; echo more >&2; exit 1", "ffmpeg: it is broken;"),
        ("cat >/dev/null; yes | head -c 900000 >&2; echo; exit 1", "ffmpeg: y;"),
        ("kill -9 $$", r"ffmpeg was killed \(SIGKILL\)"),
    ],
)
def test_program_that_fails_is_one_line(program, said, tmp_path, none_left, monkeypatch):
    program = program if program.startswith("/") else script(tmp_path, program)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", program)
    with pytest.raises(VideoError, match=f"film.mov: {said}") as caught:
        encode(frames(30), tmp_path / "film.mov", ENCODING)
    assert "\n" not in str(caught.value) and caught.value.exit_code == 4
    with pytest.raises(VideoError, match="this machine cannot encode HAP: "):
        choose_encoder(ENCODING, "software")


def test_program_that_nobody_has_is_one_line(tmp_path, none_left, monkeypatch):
    def missing():
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", missing)
    with pytest.raises(VideoError, match="there is no ffmpeg program; install imageio"):
        encode(frames(3), tmp_path / "film.mov", ENCODING)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV])
def test_program_killed_in_the_middle_is_one_line(sent, tmp_path, none_left):
    before = children()

    def killing():
        for number, frame in enumerate(frames(FAR_TOO_MANY)):
            if number == 5:
                (program,) = children() - before
                os.kill(program, sent)
            yield frame

    with pytest.raises(VideoError, match=rf"film.mov: ffmpeg was killed \({sent.name}\)"):
        encode(killing(), tmp_path / "film.mov", ENCODING)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, BrokenPipeError])
def test_program_ends_where_the_frames_fail(error, tmp_path, none_left):
    def failing():
        yield from frames(5)
        raise error("stop")

    with pytest.raises(OutputError if error is BrokenPipeError else error, match="stop"):
        encode(failing(), tmp_path / "film.mov", ENCODING)


def test_program_does_not_hear_our_ctrl_c(tmp_path):
    before = children()

    def interrupting():
        for number, frame in enumerate(frames(20)):
            if number == 5:
                (program,) = children() - before
                assert os.getpgid(program) != os.getpgid(0)
            yield frame

    encode(interrupting(), tmp_path / "film.mov", ENCODING)
    assert len(packets(tmp_path / "film.mov")) == 20


def test_program_refuses_frames_of_another_size_and_none(tmp_path, none_left):
    with pytest.raises(ValueError, match="shape"):
        encode([planes(gradient(0))[:-4]], tmp_path / "film.mov", ENCODING)
    with pytest.raises(ValueError, match="no frames"):
        encode([], tmp_path / "film.mov", ENCODING)


@pytest.mark.parametrize("room", [0, 1000, -1])
def test_program_with_a_full_disk_is_an_output_error(room, tmp_path, none_left):
    encode(frames(30), tmp_path / "film.mov", ENCODING)
    room = (tmp_path / "film.mov").stat().st_size - 1 if room < 0 else room
    (tmp_path / "film.mov").unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"film\.mov: cannot be written: File too large"):
            encode(frames(30), tmp_path / "film.mov", ENCODING)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
