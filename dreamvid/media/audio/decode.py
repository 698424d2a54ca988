"""Decoding of the sound of a music file or a film, in sync with the film's frames."""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from av.frame import Frame
from av.packet import Packet

from dreamvid.errors import VideoError
from dreamvid.media.audio.blocks import Samples, silence
from dreamvid.media.audio.source import EXACT_LENGTH, GAP, demux, find_cut, open_any, open_sound
from dreamvid.media.footage.packet_times import first_frame
from dreamvid.media.footage.reader import film_streams
from dreamvid.media.video.libav import libav_errors

logger = logging.getLogger(__name__)

RATE = 48000  # samples per second of every film's sound


def read_blocks(
    path: Path, *, rate: int = RATE, start: float = 0.0, channels: int = 2
) -> Generator[Samples, None, None]:
    """Yield the sound in blocks of some thousand samples, shape (channels, n), within -1..1.

    Second 0 is the film's first frame, or the first sample of a file without video. Silence fills
    the time before the sound begins and gaps in it. Damage is warned of and left out, and the end
    of a file cut short. A few blocks are in memory. The file is closed with the generator.

    Args:
        rate: output samples per second.
        start: second of the first sample; if negative, silence comes first.
        channels: 1 (the mean of left and right) or 2. More are mixed down by libav.

    Raises:
        VideoError: the file is missing, or has no sound of which anything can be decoded.
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
    """Timestamp of the first frame that the film shows, in seconds; None without a film."""
    with open_any(path) as container:
        films = [film for film in film_streams(container) if film.codec_context]
        if not films or not container.streams.audio:
            return None
        frame = first_frame(container, films[0])
        return _timestamp(frame) if frame else None


def _timestamp(frame: Frame) -> Fraction | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * Fraction(frame.time_base)


def _decode(path: Path) -> Iterator[AudioFrame]:
    """Yield the frames that can be decoded; warns of damage, in which there are none."""
    cut = find_cut(path)
    with open_sound(path) as (container, stream):
        if stream is None:
            raise VideoError(f"{path}: holds no sound")
        damage = _Damage(path, gapless=container.format.name in EXACT_LENGTH)
        for packet in demux(container, stream):
            frames = _frames(packet)
            if frames is None:
                damage.found()
            for frame in frames or ():
                damage.passed(frame)
                yield frame
        if damage.nothing:
            raise VideoError(f"{path}: nothing of its sound can be decoded")
        if cut is None:  # else its end was warned of
            damage.warn()


def _frames(packet: Packet) -> list[AudioFrame] | None:
    """Decode a packet; None for a damaged one."""
    try:
        frames = packet.decode()
    except FFmpegError:
        return None
    damaged = any(frame.is_corrupt for frame in frames)
    return None if damaged else [frame for frame in frames if isinstance(frame, AudioFrame)]


class _Damage:
    """Damage in a sound, of which the first within or behind whole frames is warned of."""

    def __init__(self, path: Path, *, gapless: bool) -> None:
        self._path = path
        self._gapless = gapless  # the container can have none: damage leaves samples out
        self._end = Fraction(0)  # of what was decoded, in seconds
        self._since: Fraction | None = None
        self._warned = False
        self.nothing = True  # decoded

    def found(self) -> None:
        # Before the first frame it is the rest of one that was cut off, as in streams.
        if self._since is None and not self.nothing:
            self._since = self._end

    def passed(self, frame: AudioFrame) -> None:
        start = _timestamp(frame)
        if self._gapless and start is not None and start > self._end + GAP:
            self.found()
        self.warn()
        self.nothing = False
        length = Fraction(frame.samples, frame.sample_rate)
        self._end = (self._end if start is None else start) + length

    def warn(self) -> None:
        if self._since is not None and not self._warned:
            self._warned = True
            text = "%s: its sound is damaged at %.2f seconds; silence is there instead"
            logger.warning(text, self._path, float(self._since))
