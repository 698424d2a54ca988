"""A film's pictures, as they are, and a sound of the film's length to one file."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
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
from dreamvid.media.video.libav import whole_film
from dreamvid.media.video.reader import open_video
from dreamvid.media.video.writer import open_film

CHANNELS = 2
BIT_RATE = 192_000  # of AAC and Opus: what sites ask for stereo sound

FADE = RATE // 50  # samples, 20 ms: the sound may be cut off anywhere, and would click
BLOCK = RATE  # samples reversed at once


@dataclass(frozen=True)
class Voice:
    """The sound that players expect in a kind of file, by libav's names."""

    codec: str
    samples: str  # the samples' form


VOICES = {
    ".mp4": Voice("aac", "fltp"),
    ".mov": Voice("aac", "fltp"),
    ".webm": Voice("libopus", "flt"),
    ".mkv": Voice("flac", "s32"),  # of 24 bits
}
"""By the end of the film's name; any other is MP4."""


def add_sound(
    film: Path, sound: Path, out: Path, *, backwards: bool = False, start: float = 0.0
) -> None:
    """Copy the film's pictures and give them the sound of another file.

    Second t of the film has second start + t of the sound, or `backwards` the sound that
    its reversed film has there: start + length - t. Else as `add_track`.

    Raises:
        VideoError: the film or the sound cannot be read.
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
    """Copy the film's pictures and give them a sound, in the codec for `out`'s suffix.

    The sound is as long as the film: silence follows a short one, and its last 20 ms
    (backwards: its first) are faded. A second or so of sound is in memory; backwards, all
    of it goes through a nameless file beside `out`. `out` appears whole or not at all.

    Args:
        film: of the kind that `out` is. A sound that it has is left out.
        blocks: (2, n) at RATE.
        bit_rate: bits a second; FLAC keeps all of them.
        fade: False: every sample stays as it is.

    Raises VideoError, OutputError.
    """
    suffix = out.suffix.lower() if out.suffix.lower() in VOICES else ".mp4"
    kind = VOICES[suffix]
    samples = round(_length(film) * RATE)
    with (
        whole_film(out) as partial,
        TemporaryFile(dir=out.parent) as scratch,
        open_film(partial, suffix) as container,
    ):
        track = fit(blocks, samples, channels=CHANNELS)
        if fade:
            track = _fade(track, samples)
        if backwards:
            track = reverse_through(track, scratch)
        pictures, voice = _add_pictures(container, film), _add_voice(container, kind, bit_rate)
        # In order of time, so that libav keeps no stream waiting for the other.
        both = merge(_copied(film, pictures), _encoded(track, voice, kind), key=_decoded_at)
        for packet in both:
            container.mux(packet)


def _length(film: Path) -> Fraction:
    """The seconds from the first picture's appearance to the last one's end."""
    with open_video(film) as (container, stream):
        if stream.duration and stream.time_base is not None:
            return stream.duration * Fraction(stream.time_base)
        if container.duration:  # all that Matroska says
            return Fraction(container.duration, av.time_base)
        raise VideoError(f"{film}: does not say how long it is")


def _add_pictures(container: OutputContainer, film: Path) -> VideoStream:
    with open_video(film) as (source, template):
        # opaque: what decodes AV1 is not what encodes it, and is not to be looked for.
        stream = container.add_stream_from_template(template, opaque=True)
        stream.codec_context.codec_tag = template.codec_context.codec_tag
        stream.time_base = template.time_base
        stream.metadata.update(template.metadata)
        container.metadata.update(source.metadata)
    return stream


def _add_voice(container: OutputContainer, kind: Voice, bit_rate: int) -> AudioStream:
    stream = container.add_stream(kind.codec, rate=RATE, layout="stereo", format=kind.samples)
    assert isinstance(stream, AudioStream)
    stream.time_base = Fraction(1, RATE)
    stream.codec_context.bit_rate = bit_rate
    stream.codec_context.flags |= Flags.bitexact  # else it signs with libav's version
    stream.codec_context.open()  # from then on it says how many samples it takes at once
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
        if stream.frames and count != stream.frames:  # Matroska does not say
            raise VideoError(f"{film}: cut short, {count} of {stream.frames} frames")


def _encoded(track: Iterable[Samples], voice: AudioStream, kind: Voice) -> Iterator[Packet]:
    """Its packets. AAC's first one has a negative time: the encoder begins with silence of its
    own, which MP4's edit list tells the player to leave out, and WebM's codec delay."""
    position = 0
    for block in regroup(track, voice.codec_context.frame_size):
        frame = AudioFrame.from_ndarray(_in_form(block, kind.samples), kind.samples, "stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = position
        position += block.shape[1]
        yield from voice.encode(frame)
    yield from voice.encode(None)


def _in_form(block: Samples, form: str) -> np.ndarray:
    """As libav wants samples: planes, (2, n), or one row of left, right, left ..., (1, 2 n)."""
    if form.endswith("p"):
        return np.ascontiguousarray(block)
    row = np.ascontiguousarray(block.T).reshape(1, -1)
    if form == "flt":
        return row
    # FLAC takes the upper 24 of 32 bits.
    return np.round(row.astype(np.float64) * (2**23 - 1)).astype(np.int32) << 8


def _fade(track: Iterable[Samples], samples: int) -> Generator[Samples, None, None]:
    """The last FADE of so many samples go down to silence."""
    position = 0
    for block in track:
        left = samples - position - np.arange(block.shape[1])
        position += block.shape[1]
        yield block * np.minimum(left / FADE, 1).astype(np.float32)


def reverse_through(track: Iterable[Samples], scratch: BinaryIO) -> Generator[Samples, None, None]:
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
