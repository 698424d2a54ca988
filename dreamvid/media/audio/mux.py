"""Muxing of a sound into a film whose video packets are copied."""

import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from heapq import merge
from io import SEEK_SET
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.media.audio.blocks import Samples, fit, regroup
from dreamvid.media.audio.decode import RATE, read_blocks
from dreamvid.media.footage.reader import open_video
from dreamvid.media.video.libav import whole_film
from dreamvid.media.video.writer import open_film

logger = logging.getLogger(__name__)

CHANNELS = 2
BIT_RATE = 192_000  # of AAC and Opus, as sites recommend for stereo

FADE = RATE // 50  # samples, 20 ms: a sound cut off anywhere would click
BLOCK = RATE  # samples reversed at once


AUDIO_FORMATS = {
    ".mp4": ("aac", "fltp"),
    ".mov": ("aac", "fltp"),
    ".webm": ("libopus", "flt"),
    ".mkv": ("flac", "s32"),  # of 24 bits
}
"""libav's audio codec and sample format by the film's suffix; any other is MP4."""


def add_sound(
    film: Path, sound: Path, out: Path, *, backwards: bool = False, start: float = 0.0
) -> None:
    """Copy a film with the sound of another file, as `add_track` does.

    Second t of the film has second start + t of the sound, or with `backwards` second
    start + length - t.

    Raises:
        VideoError: the film cannot be read.
        OutputError: `out` cannot be written.
    """
    with closing(read_blocks(sound, start=start, channels=CHANNELS)) as blocks:
        add_track(film, blocks, out, backwards=backwards)


def add_track(
    film: Path,
    blocks: Iterable[Samples],
    out: Path,
    *,
    backwards: bool = False,
    bit_rate: int = BIT_RATE,
    fade: bool = True,
) -> None:
    """Copy a film's video packets and add a sound, in the audio format for `out`'s suffix.

    The sound is padded or trimmed to the film's length, and its last 20 ms (backwards: its first)
    are faded. Where it cannot be read, silence follows and is warned of: the film is not lost.
    About a second of sound is in memory; backwards, all of it goes through an unnamed file beside
    `out`. `out` appears whole or not at all.

    Args:
        film: in the container of `out`. A sound of its own is dropped.
        blocks: (2, n) at RATE.
        bit_rate: bits per second; ignored by FLAC.

    Raises VideoError, OutputError.
    """
    suffix = out.suffix.lower() if out.suffix.lower() in AUDIO_FORMATS else ".mp4"
    codec, form = AUDIO_FORMATS[suffix]
    samples = round(_length(film) * RATE)
    with (
        whole_film(out) as partial,
        TemporaryFile(dir=out.parent) as scratch,
        open_film(partial, suffix) as container,
    ):
        track = fit(_until_failure(blocks), samples, channels=CHANNELS)
        if fade:
            track = _fade(track, samples)
        if backwards:
            track = reverse_through(track, scratch)
        video = _add_video(container, film)
        audio = _add_audio(container, codec, form, bit_rate)
        # In order of time, so that libav buffers neither stream.
        for packet in merge(_copy(film, video), _encode(track, audio, form), key=_decode_time):
            container.mux(packet)


def _until_failure(blocks: Iterable[Samples]) -> Generator[Samples, None, None]:
    samples = 0
    try:
        for block in blocks:
            samples += block.shape[1]
            yield block
    except VideoError as error:
        text = "%s; the film has silence from second %.2f on"
        logger.warning(text, error, samples / RATE)


def _length(film: Path) -> Fraction:
    """Seconds from the beginning of the first frame to the end of the last one."""
    with open_video(film) as (container, stream):
        if stream.duration and stream.time_base is not None:
            return stream.duration * Fraction(stream.time_base)
        if container.duration:  # Matroska has no other
            return Fraction(container.duration, av.time_base)
        raise VideoError(f"{film}: does not say how long it is")


def _add_video(container: OutputContainer, film: Path) -> VideoStream:
    with open_video(film) as (source, template):
        # opaque: no encoder is looked up, since that of AV1 has another name than its decoder.
        stream = container.add_stream_from_template(template, opaque=True)
        stream.codec_context.codec_tag = template.codec_context.codec_tag
        stream.time_base = template.time_base
        stream.metadata.update(template.metadata)
        container.metadata.update(source.metadata)
    return stream


def _add_audio(container: OutputContainer, codec: str, form: str, bit_rate: int) -> AudioStream:
    stream = container.add_stream(codec, rate=RATE, layout="stereo", format=form)
    assert isinstance(stream, AudioStream)
    stream.time_base = Fraction(1, RATE)
    stream.codec_context.bit_rate = bit_rate
    stream.codec_context.flags |= Flags.bitexact  # else it writes libav's version
    stream.codec_context.open()  # it knows its frame size from then on
    return stream


def _decode_time(packet: Packet) -> Fraction:
    assert packet.dts is not None  # _dated sees to it
    return packet.dts * Fraction(packet.time_base)


def _copy(film: Path, video: VideoStream) -> Iterator[Packet]:
    with open_video(film) as (source, stream):
        count = 0
        for packet in _dated(p for p in source.demux(stream) if p.size):  # the last ends the stream
            packet.stream = video
            count += 1
            yield packet
        if stream.frames and count != stream.frames:  # Matroska stores no count
            raise VideoError(f"{film}: cut short, {count} of {stream.frames} frames")


def _dated(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Give the first packets of reordered frames decoding times, which Matroska does not store."""
    held: list[Packet] = []
    for packet in packets:
        held.append(packet)
        if packet.dts is not None:
            for back, early in enumerate(reversed(held)):
                early.dts = packet.dts - back * max(1, packet.duration or 0)
            yield from held
            held = []
    for packet in held:
        packet.dts = packet.pts
        yield packet


def _encode(track: Iterable[Samples], stream: AudioStream, form: str) -> Iterator[Packet]:
    """Encode the track.

    AAC's first packet has a negative time: the encoder begins with silence of its own (priming),
    which MP4's edit list and WebM's codec delay tell players to skip.
    """
    position = 0
    for block in regroup(track, stream.codec_context.frame_size):
        frame = AudioFrame.from_ndarray(_layout(block, form), form, "stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = position
        position += block.shape[1]
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _layout(block: Samples, form: str) -> np.ndarray:
    """Lay samples out for libav: planar (2, n), or interleaved (1, 2 n)."""
    if form.endswith("p"):
        return np.ascontiguousarray(block)
    row = np.ascontiguousarray(block.T).reshape(1, -1)
    if form == "flt":
        return row
    # FLAC takes the upper 24 of 32 bits.
    return np.round(row.astype(np.float64) * (2**23 - 1)).astype(np.int32) << 8


def _fade(track: Iterable[Samples], samples: int) -> Generator[Samples, None, None]:
    """Fade out the last FADE samples of a track of this length."""
    position = 0
    for block in track:
        left = samples - position - np.arange(block.shape[1])
        position += block.shape[1]
        yield block * np.minimum(left / FADE, 1).astype(np.float32)


def reverse_through(track: Iterable[Samples], scratch: BinaryIO) -> Generator[Samples, None, None]:
    """Reverse the samples, buffered in an empty file."""
    samples = 0
    for block in track:
        scratch.write(np.ascontiguousarray(block.T, np.float32).tobytes())
        samples += block.shape[1]
    size = CHANNELS * np.dtype(np.float32).itemsize
    for end in range(samples, 0, -BLOCK):
        first = max(0, end - BLOCK)
        scratch.seek(first * size, SEEK_SET)
        data = np.frombuffer(scratch.read((end - first) * size), np.float32)
        yield data.reshape(-1, CHANNELS)[::-1].T
