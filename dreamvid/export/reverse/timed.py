"""Encoding of films of variable rate."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from dreamvid.media.video.colour import Planes
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.libav import whole_film
from dreamvid.media.video.writer import add_stream_for, frame_of, open_film


def encode_timed(
    frames: Iterable[tuple[Planes, int, int]], path: Path, encoding: Encoding, tick: Fraction
) -> None:
    """Encode frames with their times, as `video.writer.encode` does.

    WebM and MKV round times to milliseconds.

    Args:
        frames: each with the tick at which it is shown and its duration in ticks; ticks rise.
        tick: seconds.
    """
    with whole_film(path) as partial, open_film(partial, path.suffix) as container:
        stream = add_stream_for(container, encoding)
        stream.codec_context.time_base = stream.time_base = tick
        at = None
        for planes, at, length in frames:
            frame = frame_of(planes, encoding)
            frame.pts, frame.duration, frame.time_base = at, length, tick
            container.mux(stream.encode(frame))
        if at is None:
            raise ValueError(f"{path}: no frames to encode")
        container.mux(stream.encode(None))
