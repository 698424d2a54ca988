"""Settings of a film of ten frames, 64x36, one step each, and what is compared of two films."""

from pathlib import Path

import av

SMALL = (
    "start.size=64x36",
    "dream.octaves=1",
    "dream.steps=1",
    "dream.pyramid=0",
    "dream.every=1",
    "dream.layers=block_5/expand",
    "video.fps=4",  # a segment holds a second: four frames
    "video.frames=10",
    "colour.keep=none",
)


def packets(path: Path) -> list[tuple[int | None, int | None, bytes]]:
    """Presentation time, decoding time and bytes of each packet of a film's video."""
    with av.open(str(path)) as film:
        return [(p.pts, p.dts, bytes(p)) for p in film.demux(film.streams.video[0]) if p.size]
