"""Pictures to a film of variable rate: each with the time at which it is shown."""

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
    """As `video.writer.encode`; each frame with its tick and for how many ticks it is shown.

    Ticks rise. WebM and MKV keep whole milliseconds, the nearest.

    Args:
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
