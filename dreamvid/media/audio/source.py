"""Sound of a file before it is decoded: the stream that is heard, and where a cut file ends."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition

from dreamvid.errors import VideoError
from dreamvid.media.footage.reader import check_codec, open_input
from dreamvid.media.video.libav import libav_errors

logger = logging.getLogger(__name__)

# Smaller jumps are rounding of a container's clock: Matroska counts milliseconds.
GAP = Fraction(1, 50)  # seconds

# libav's names of the containers that store the exact length of their sound.
EXACT_LENGTH = {"wav", "w64", "aiff", "flac"}

PIPED = 0x7FF00000  # bytes: programs that cannot know a WAV's length write this or more, or 0


@dataclass(frozen=True, kw_only=True)
class SoundInfo:
    seconds: float | None  # None where the container does not say
    rate: int  # samples per second
    channels: int


def probe_sound(path: Path) -> SoundInfo | None:
    """Read the properties of a file's sound and through its packets; None where it has none.

    A sound that is cut short is warned of. Raises VideoError for a sound of which nothing can be
    decoded.
    """
    with open_sound(path) as (container, stream):
        if stream is None:
            return None
        seconds = _seconds(container, stream)
        length = None if seconds is None else float(seconds)
        info = SoundInfo(seconds=length, rate=stream.rate, channels=stream.channels)
        if not _decodes(container, stream):
            raise VideoError(f"{path}: nothing of its sound can be decoded")
    find_cut(path)
    return info


def has_sound(film: Path) -> bool:
    """Test whether a film has a sound that can be decoded; warns of one that cannot.

    Raises VideoError where the file cannot be opened.
    """
    with open_any(film) as container:
        if not container.streams.audio:
            return False
    try:
        return probe_sound(film) is not None
    except VideoError as error:
        logger.warning("%s; it is taken as silent", error)
        return False


@contextmanager
def open_any(path: Path) -> Iterator[InputContainer]:
    """Open a file with or without sound; raises VideoError for libav's errors in the block."""
    with libav_errors(path), open_input(path) as container:
        yield container


@contextmanager
def open_sound(path: Path) -> Iterator[tuple[InputContainer, AudioStream | None]]:
    """Open the sound that players choose: the first of the default ones, else the first.

    Streams of unknown codecs come last. Raises VideoError if there are no others.
    """
    with open_any(path) as container:
        streams = sorted(container.streams.audio, key=_rank)
        if streams:
            check_codec(path, streams[0])
        yield container, streams[0] if streams else None


def _rank(stream: AudioStream) -> tuple[bool, bool]:
    return stream.codec_context is None, not stream.disposition & Disposition.default


def _decodes(container: InputContainer, stream: AudioStream) -> bool:
    for packet in demux(container, stream):
        try:
            if packet.decode():
                return True
        except FFmpegError:  # the next one may be whole
            continue
    return False


def demux(container: InputContainer, stream: AudioStream) -> Iterator[Packet]:
    """Yield the packets up to where the file is damaged."""
    try:
        yield from container.demux(stream)
    except FFmpegError:
        return


def find_cut(path: Path) -> Fraction | None:
    """Find the second at which the sound of a truncated file ends; None for a whole one.

    Every packet is read, none decoded. The result is kept, and a cut warned of once, while the
    file is unchanged. Raises VideoError.
    """
    try:
        state = path.stat()
    except (OSError, ValueError):
        return None  # opening it raises the right error
    return _find_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)
def _find_once(path: Path, modified: int, size: int) -> Fraction | None:
    with open_sound(path) as (container, stream):
        end = _cut(path, container, stream) if stream else None
    if end is not None:
        text = "%s: its sound is cut short after %.2f seconds; silence follows"
        logger.warning(text, path, float(end))
    return end


def _cut(path: Path, container: InputContainer, stream: AudioStream) -> Fraction | None:
    count, end, last, corrupt = 0, Fraction(0), Fraction(0), False
    for packet in demux(container, stream):
        if packet.size:
            count += 1
            corrupt = packet.is_corrupt
            if packet.pts is not None and packet.time_base is not None:
                last = (packet.duration or 0) * Fraction(packet.time_base)
                end = max(end, packet.pts * Fraction(packet.time_base) + last)
    # libav does not tell the end of a truncated file from the end of its sound.
    delay = Fraction(stream.codec_context.delay, stream.rate or 1)
    missing = _declared_seconds(container, stream) - end - delay - last
    if (corrupt and not _is_piped_wav(path)) or count < len(stream.index_entries) or missing > GAP:
        return end
    return None


def _declared_seconds(container: InputContainer, stream: AudioStream) -> Fraction:
    """Length of the sound as the file declares it, in seconds; 0 where it does not.

    Matroska's includes the codec's delay, by which libav moves all times back, and the samples of
    the last packet that are not played.
    """
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


def _is_piped_wav(path: Path) -> bool:
    """Detect a WAV written to a pipe, without its length: libav calls its end corrupt."""
    with path.open("rb") as file:
        head = file.read(1 << 12)
    size = int.from_bytes(head.partition(b"data")[2][:4], "little")
    return head.startswith(b"RIFF") and (size == 0 or size >= PIPED)
