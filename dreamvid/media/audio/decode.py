"""Decoding of the sound of a music file or a film, in sync with the film's frames."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.frame import Frame

from dreamvid.errors import VideoError
from dreamvid.media.audio.blocks import Samples, silence
from dreamvid.media.video.libav import libav_errors
from dreamvid.media.video.reader import check_codec, film_streams, open_input

RATE = 48000  # samples per second of every film's sound

# Smaller jumps are rounding of a container's clock: Matroska counts milliseconds.
GAP = Fraction(1, 50)  # seconds

# libav's names of the containers that store the exact length of their sound.
EXACT_LENGTH = {"wav", "w64", "aiff", "flac"}


@dataclass(frozen=True, kw_only=True)
class SoundInfo:
    seconds: float | None  # None where the container does not say
    rate: int  # samples per second
    channels: int


def probe_sound(path: Path) -> SoundInfo | None:
    """Read the properties of a file's sound; None where it has none. Raises VideoError."""
    with _open(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        seconds = _seconds(container, stream)
        length = None if seconds is None else float(seconds)
        return SoundInfo(seconds=length, rate=stream.rate, channels=stream.channels)


def read_blocks(
    path: Path, *, rate: int = RATE, start: float = 0.0, channels: int = 2
) -> Generator[Samples, None, None]:
    """Yield the sound in blocks of some thousand samples, shape (channels, n), within -1..1.

    Second 0 is the film's first frame, or the first sample of a file without video. Silence fills
    the time before the sound begins and gaps in it. A few blocks are in memory. The file is closed
    with the generator.

    Args:
        rate: output samples per second.
        start: second of the first sample; if negative, silence comes first.
        channels: 1 (the mean of left and right) or 2. More are mixed down by libav.

    Raises:
        VideoError: the file is missing, has no sound, is cut short, or is damaged so that
            libav notices.
    """
    if channels not in (1, 2):
        raise ValueError(f"channels must be 1 or 2, got {channels}")
    position = round(start * rate)  # of the next sample to yield
    with libav_errors(path), closing(_timed_blocks(path, rate)) as blocks:  # it resamples as well
        for at, block in blocks:
            yield from silence(channels, at - position)
            position = max(position, at)
            block = _mix(block[:, position - at :], channels)
            if block.shape[1]:
                position += block.shape[1]
                yield block


def _mix(block: Samples, channels: int) -> Samples:
    if channels == 1:
        return block.mean(axis=0, keepdims=True)
    return np.repeat(block, channels // len(block), axis=0)


def _timed_blocks(path: Path, rate: int) -> Generator[tuple[int, Samples], None, None]:
    """Yield blocks of 1 or 2 channels, each with the number of its first sample."""
    origin = _first_frame_time(path)
    run = None
    for frame in _decode(path):
        time = _timestamp(frame)
        origin = time if origin is None else origin
        second = None if time is None or origin is None else time - origin
        if run is None or not run.continues(frame, second):
            if run:
                yield from run.resample(None)
            run = _Run(frame, second or Fraction(0), rate)
        yield from run.resample(frame)
    if run:
        yield from run.resample(None)


class _Run:
    """A stretch of sound without a gap or a change of format, resampled as one."""

    def __init__(self, first: AudioFrame, second: Fraction, rate: int) -> None:
        self._format = _format(first)
        self._end = second  # of the input
        self._at = round(second * rate)  # number of the next output sample
        channels = first.layout.nb_channels
        # libav mixes many channels down without clipping in integer formats alone.
        self._resampler = AudioResampler(
            format="fltp" if channels <= 2 else "s32p",
            layout="mono" if channels == 1 else "stereo",
            rate=rate,
        )

    def continues(self, frame: AudioFrame, second: Fraction | None) -> bool:
        same = _format(frame) == self._format
        return same and (second is None or abs(second - self._end) <= GAP)

    def resample(self, frame: AudioFrame | None) -> Iterator[tuple[int, Samples]]:
        """Resample a frame; None flushes the filter."""
        if frame:
            self._end += Fraction(frame.samples, frame.sample_rate)
        for output in self._resampler.resample(frame):
            if output is not None:  # a resampler with nothing to do returns the None
                block = output.to_ndarray()
                yield self._at, _to_float(block)
                self._at += block.shape[1]


def _format(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _to_float(block: np.ndarray) -> Samples:
    if block.dtype == np.int32:
        return block.astype(np.float32) * np.float32(2.0**-31)
    return np.clip(np.nan_to_num(block), -1, 1)  # a file of floats may hold any value


def _first_frame_time(path: Path) -> Fraction | None:
    """Timestamp of the film's first frame in seconds; None without a film."""
    with _open(path) as container:
        films = film_streams(container)
        if not films or not container.streams.audio:
            return None
        for frame in container.decode(films[0]):
            return _timestamp(frame)
    return None


def _timestamp(frame: Frame) -> Fraction | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * Fraction(frame.time_base)


def _decode(path: Path) -> Iterator[AudioFrame]:
    with _open(path) as container:
        if not container.streams.audio:
            raise VideoError(f"{path}: holds no sound")
        stream = container.streams.audio[0]
        counted = container.format.name in EXACT_LENGTH
        packets, end = 0, Fraction(0)
        for packet in container.demux(stream):
            if packet.is_corrupt and not _is_piped_wav(path):
                raise _cut_short(path, end)
            packets += packet.size > 0
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise VideoError(f"{path}: its sound is damaged, at {float(end):.2f} seconds")
                # Damage leaves samples out, but the timestamps go on.
                time = None if counted else _timestamp(frame)
                end = (end if time is None else time) + Fraction(frame.samples, frame.sample_rate)
                yield frame
        # libav does not tell the end of a truncated file from the end of its sound.
        declared = _declared_seconds(container, stream)
        if not packets or packets < len(stream.index_entries) or end < declared - GAP:
            raise _cut_short(path, end)


def _is_piped_wav(path: Path) -> bool:
    """Detect a WAV written to a pipe, without its length: libav calls its end corrupt."""
    with path.open("rb") as file:
        head = file.read(1 << 12)
    size = head.partition(b"data")[2][:4]
    return head.startswith(b"RIFF") and size in (b"\0\0\0\0", b"\xff\xff\xff\xff")


def _cut_short(path: Path, end: Fraction) -> VideoError:
    return VideoError(f"{path}: its sound is cut short after {float(end):.2f} seconds")


def _declared_seconds(container: InputContainer, stream: AudioStream) -> Fraction:
    """Length of the sound as the file declares it, in seconds; 0 where it does not."""
    if container.format.name in EXACT_LENGTH:
        return _seconds(container, stream) or Fraction(0)
    # Matroska writers tag each track; the container's own duration is that of all tracks.
    clock = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", ""))
    hours, minutes, seconds = (Fraction(n) for n in clock.groups()) if clock else (0, 0, 0)
    return Fraction(3600 * hours + 60 * minutes + seconds)


def _seconds(container: InputContainer, stream: AudioStream) -> Fraction | None:
    if stream.duration is not None and stream.time_base is not None:
        return stream.duration * Fraction(stream.time_base)
    return None if container.duration is None else Fraction(container.duration, av.time_base)


@contextmanager
def _open(path: Path) -> Iterator[InputContainer]:
    with libav_errors(path), open_input(path) as container:
        for stream in container.streams.audio[:1]:
            check_codec(path, stream)
        yield container
