"""A film's pictures, as they are, and a sound of the film's length to one MP4."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from fractions import Fraction
from heapq import merge
from io import SEEK_SET
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from dreamvid.errors import VideoError
from dreamvid.sound.blocks import Samples, fit, regroup
from dreamvid.sound.decode import RATE, read_blocks
from dreamvid.video.libav import whole_film
from dreamvid.video.reader import open_video
from dreamvid.video.writer import open_mp4

CHANNELS = 2
BIT_RATE = 192_000  # of AAC: what sites ask for stereo sound

FADE = RATE // 50  # samples, 20 ms: the sound may be cut off anywhere, and would click
BLOCK = RATE  # samples reversed at once


def add_sound(
    film: Path, sound: Path, out: Path, *, backwards: bool = False, start: float = 0.0
) -> None:
    """Copy the film's pictures and give them the sound of another file, in AAC.

    Second t of the film has second start + t of the sound, or `backwards` the sound that
    its reversed film has there: start + length - t. The sound is as long as the film:
    silence follows a short one, and its last 20 ms (backwards: its first) are faded.
    A second or so of sound is in memory; backwards, all of it goes through a nameless file
    beside `out`. `out` appears whole or not at all.

    Args:
        film: an MP4 as `writer.join` makes them. A sound that it has is left out.

    Raises:
        VideoError: the film or the sound cannot be read.
        OutputError: `out` cannot be written.
    """
    samples = round(_length(film) * RATE)
    with (
        whole_film(out) as partial,
        closing(read_blocks(sound, start=start, channels=CHANNELS)) as blocks,
        TemporaryFile(dir=out.parent) as scratch,
        open_mp4(partial) as container,
    ):
        track = _fade(fit(blocks, samples, channels=CHANNELS), samples)
        if backwards:
            track = _reverse(track, scratch)
        pictures, voice = _add_pictures(container, film), _add_aac(container)
        # In order of time, so that libav keeps no stream waiting for the other.
        both = merge(_copied(film, pictures), _encoded(track, voice), key=_decoded_at)
        for packet in both:
            container.mux(packet)


def _length(film: Path) -> Fraction:
    """The seconds from the first picture's appearance to the last one's end."""
    with open_video(film) as (_, stream):
        if not stream.duration or stream.time_base is None:
            raise VideoError(f"{film}: does not say how long it is")
        return stream.duration * Fraction(stream.time_base)


def _add_pictures(container: OutputContainer, film: Path) -> VideoStream:
    with open_video(film) as (source, template):
        stream = container.add_stream_from_template(template)
        stream.time_base = template.time_base
        stream.metadata.update(template.metadata)
        container.metadata.update(source.metadata)
    return stream


def _add_aac(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=RATE, layout="stereo")
    stream.time_base = Fraction(1, RATE)
    stream.codec_context.bit_rate = BIT_RATE
    stream.codec_context.flags |= Flags.bitexact  # else it signs with libav's version
    return stream


def _decoded_at(packet: Packet) -> Fraction:
    assert packet.dts is not None
    return packet.dts * Fraction(packet.time_base)


def _copied(film: Path, pictures: VideoStream) -> Iterator[Packet]:
    with open_video(film) as (source, stream):
        count = 0
        for packet in source.demux(stream):
            if packet.size:  # the last is empty and only ends the stream
                packet.stream = pictures
                count += 1
                yield packet
        if count != stream.frames:
            raise VideoError(f"{film}: cut short, {count} of {stream.frames} frames")


def _encoded(track: Iterable[Samples], voice: AudioStream) -> Iterator[Packet]:
    """AAC packets. The first one's time is negative: the encoder begins with silence of its
    own, which MP4's edit list tells the player to leave out."""
    position = 0
    for block in regroup(track, voice.codec_context.frame_size or 1024):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", "stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = position
        position += block.shape[1]
        yield from voice.encode(frame)
    yield from voice.encode(None)


def _fade(track: Iterable[Samples], samples: int) -> Generator[Samples, None, None]:
    """The last FADE of so many samples go down to silence."""
    position = 0
    for block in track:
        left = samples - position - np.arange(block.shape[1])
        position += block.shape[1]
        yield block * np.minimum(left / FADE, 1).astype(np.float32)


def _reverse(track: Iterable[Samples], scratch: BinaryIO) -> Generator[Samples, None, None]:
    """The samples from the last to the first, by way of an empty file."""
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
