"""The sound of a music file or a film to float samples, in step with the film's pictures."""

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
from av.stream import Disposition

from dreamvid.errors import VideoError
from dreamvid.media.audio.blocks import Samples, silence
from dreamvid.media.video.libav import libav_errors
from dreamvid.media.video.reader import check_codec, open_input

RATE = 48000  # samples a second, of every film's sound

# A smaller jump is the rounding of a container's clock: Matroska counts milliseconds.
GAP = Fraction(1, 50)  # seconds

# libav's names of the containers that say how long their sound is; others guess it.
EXACT_LENGTH = {"wav", "w64", "aiff", "flac"}


@dataclass(frozen=True, kw_only=True)
class SoundInfo:
    seconds: float | None  # None where the container does not say
    rate: int  # samples a second
    channels: int


def probe_sound(path: Path) -> SoundInfo | None:
    """What the file says of its sound, or None where it has none. Raises VideoError."""
    with _open(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        seconds = _seconds(container, stream)
        return SoundInfo(
            seconds=None if seconds is None else float(seconds),
            rate=stream.rate,
            channels=stream.channels,
        )


def read_blocks(
    path: Path, *, rate: int = RATE, start: float = 0.0, channels: int = 2
) -> Generator[Samples, None, None]:
    """Yield the sound in blocks of some thousand samples, shape (channels, n), within -1..1.

    Second 0 is the film's first picture, or the first sample of a file without a film.
    Silence fills the time before the sound begins and the gaps in it. A few blocks are in
    memory. The file is closed with the generator.

    Args:
        rate: samples a second of what is yielded.
        start: second of the first sample; if negative, silence comes first.
        channels: 1 (the mean of left and right) or 2. More are mixed down by libav.

    Raises:
        VideoError: the file is missing, has no sound, is cut short, or is damaged so that
            libav notices.
    """
    if channels not in (1, 2):
        raise ValueError(f"channels must be 1 or 2, got {channels}")
    position = round(start * rate)  # of the next sample to yield
    with libav_errors(path), closing(_placed(path, rate)) as blocks:  # it resamples as well
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


def _placed(path: Path, rate: int) -> Generator[tuple[int, Samples], None, None]:
    """Blocks of 1 or 2 channels, each with the sample number at which it begins."""
    origin = _first_picture(path)
    run = None
    for frame in _decode(path):
        time = _shown_at(frame)
        origin = time if origin is None else origin
        place = None if time is None or origin is None else time - origin
        if run is None or not run.goes_on(frame, place):
            if run:
                yield from run.resample(None)
            run = _Run(frame, place or Fraction(0), rate)
        yield from run.resample(frame)
    if run:
        yield from run.resample(None)


class _Run:
    """Sound without a gap or a change of format, resampled in one go."""

    def __init__(self, first: AudioFrame, place: Fraction, rate: int) -> None:
        self._format = _format(first)
        self._end = place  # second, of what was pushed
        self._at = round(place * rate)  # sample number, of what is yielded next
        channels = first.layout.nb_channels
        # libav mixes many channels down without clipping for whole numbers alone.
        self._resampler = AudioResampler(
            format="fltp" if channels <= 2 else "s32p",
            layout="mono" if channels == 1 else "stereo",
            rate=rate,
        )

    def goes_on(self, frame: AudioFrame, place: Fraction | None) -> bool:
        same = _format(frame) == self._format
        return same and (place is None or abs(place - self._end) <= GAP)

    def resample(self, frame: AudioFrame | None) -> Iterator[tuple[int, Samples]]:
        """The next samples; what the filter still holds, for None."""
        if frame:
            self._end += Fraction(frame.samples, frame.sample_rate)
        for done in self._resampler.resample(frame):
            if done is not None:  # a resampler with nothing to do returns the None
                block = done.to_ndarray()
                yield self._at, _to_float(block)
                self._at += block.shape[1]


def _format(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _to_float(block: np.ndarray) -> Samples:
    if block.dtype == np.int32:
        return block.astype(np.float32) * np.float32(2.0**-31)
    return np.clip(np.nan_to_num(block), -1, 1)  # a file of floats may hold anything


def _first_picture(path: Path) -> Fraction | None:
    """The time stamp of the film's first frame, in seconds; None without a film."""
    with _open(path) as container:
        # The cover of a music file is a picture, but not a film.
        films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not films or not container.streams.audio:
            return None
        for frame in container.decode(films[0]):
            return _shown_at(frame)
    return None


def _shown_at(frame: Frame) -> Fraction | None:
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
            if packet.is_corrupt and not _from_pipe(path):
                raise _cut_short(path, end)
            packets += packet.size > 0
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise VideoError(f"{path}: its sound is damaged, at {float(end):.2f} seconds")
                # Damage leaves samples out, but their time stamps go on.
                shown = None if counted else _shown_at(frame)
                end = (end if shown is None else shown) + Fraction(frame.samples, frame.sample_rate)
                yield frame
        # libav takes the end of a file that was cut short for the end of its sound.
        promised = _promised(container, stream)
        if not packets or packets < len(stream.index_entries) or end < promised - GAP:
            raise _cut_short(path, end)


def _from_pipe(path: Path) -> bool:
    """Whether it is a WAV whose writer could not know its length; libav calls its end corrupt."""
    with path.open("rb") as file:
        head = file.read(1 << 12)
    size = head.partition(b"data")[2][:4]
    return head.startswith(b"RIFF") and size in (b"\0\0\0\0", b"\xff\xff\xff\xff")


def _cut_short(path: Path, end: Fraction) -> VideoError:
    return VideoError(f"{path}: its sound is cut short after {float(end):.2f} seconds")


def _promised(container: InputContainer, stream: AudioStream) -> Fraction:
    """The second before which the sound does not end, by what the file says; 0 for nothing."""
    if container.format.name in EXACT_LENGTH:
        return _seconds(container, stream) or Fraction(0)
    # What Matroska's writers note of a track; the container's own length is of all tracks.
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
