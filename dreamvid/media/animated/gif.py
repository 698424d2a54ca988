"""GIF encoding: of any film, and of the loop of a forward and a reversed film.

Driven by libav's own filters and encoder: imageio would hold all frames in memory.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import av.error
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.clip import Pictures
from dreamvid.media.footage.reader import count_frames, probe, read_frames
from dreamvid.media.video.libav import file_url, libav_errors, whole_film

TICK = Fraction(1, 100)  # seconds; a GIF's clock
MIN_DELAY = 2  # ticks; browsers show shorter frames for 10

SAMPLED = 128  # pixels: the smallest side whose palette is made of every second pixel

# A fixed dither pattern: error diffusion crawls from frame to frame and doubles the size.
DITHER = {"dither": "bayer", "bayer_scale": "5"}


def write_loop_gif(
    forward: Path,
    reverse: Path | None,
    path: Path,
    *,
    every: int,
    fps: Fraction | float,
    width: int,
    colours: int = 256,
) -> int:
    """Write every `every`th frame of a film forward and back, its ends shown once, looping forever.

    All frames share one palette. Memory does not grow with the film. The file appears whole or not
    at all. Returns the number of frames. Raises OutputError where it cannot be written, VideoError
    for a film that cannot be read or a `reverse` of another length than `forward`.

    Args:
        reverse: the reversed film; None for a film that is a loop already.
        fps: frames per second on average, at most 50; delays are integer hundredths of a second.
        width: pixels; a film is never enlarged.
        colours: 2 to 256, one of them transparent, for unchanged pixels.
    """
    if every < 1 or fps <= 0 or width < 1 or not 2 <= colours <= 256:
        raise ValueError(f"every {every}, fps {fps}, width {width} or colours {colours}")
    frames = count_frames(forward)
    if frames == 0 or (reverse and count_frames(reverse) != frames):
        raise VideoError(f"{reverse}: is not {forward} reversed: their lengths differ, or are 0")
    film = probe(forward).size
    width = min(width, film[1])
    size = max(1, round(film[0] * width / film[1])), width
    last = (frames - 1) // every
    count = max(1, 2 * last) if reverse else last + 1
    delay = max(Fraction(MIN_DELAY), 100 / Fraction(fps))
    with libav_errors(forward):
        palette = _palette(read_frames(forward, every=every, size=size), size, colours)
    images = _ping_pong(forward, reverse, every=every, frames=frames, size=size)
    _write(images, palette, path, size, delay, count)
    return count


def write_gif(film: Pictures, path: Path, *, colours: int = 256) -> None:
    """Write a film, read twice, at 50 frames per second at most, looping forever.

    All frames share one palette. Memory does not grow with the film. The file appears whole or not
    at all. Raises OutputError where it cannot be written, and what reading raises.

    Args:
        colours: 2 to 256, one of them transparent, for unchanged pixels.
    """
    with closing(film.read()) as frames:
        palette = _palette(frames, film.size, colours)
    delay = max(Fraction(MIN_DELAY), 100 / film.fps)
    with closing(film.read()) as frames:
        _write(frames, palette, path, film.size, delay, film.count)


def _write(
    images: Iterable[Bytes],
    palette: VideoFrame,
    path: Path,
    size: tuple[int, int],
    delay: Fraction,
    count: int,
) -> None:
    # The last frame has no next one, whose time would give its duration.
    final_delay = round(count * delay) - round((count - 1) * delay)
    options = {"loop": "0", "final_delay": str(final_delay)}
    with (
        whole_film(path) as partial,
        av.open(file_url(partial), "w", format="gif", options=options) as container,
    ):
        stream = container.add_stream("gif", width=size[1], height=size[0], time_base=TICK)
        stream.pix_fmt = "pal8"
        for number, frame in enumerate(_quantise(images, palette, size)):
            frame.pts, frame.time_base = round(number * delay), TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _ping_pong(
    forward: Path, reverse: Path | None, *, every: int, frames: int, size: tuple[int, int]
) -> Iterator[Bytes]:
    """Yield frames 0, every, ..., last * every, and back to `every`."""
    yield from read_frames(forward, every=every, size=size)
    last = (frames - 1) // every
    if reverse and last > 1:
        # Frame n of the film is frame frames - 1 - n of the reversed one.
        offset = frames - 1 - (last - 1) * every
        with closing(read_frames(reverse, every=every, offset=offset, size=size)) as backward:
            yield from islice(backward, last - 1)


def _palette(images: Iterable[Bytes], size: tuple[int, int], colours: int) -> VideoFrame:
    """Compute the palette shared by all frames.

    Large ones are sampled at every second pixel of every second row: the palette is as good
    (within 0.01 dB on noise of all colours) in a third of the time.
    """
    step = 2 if min(size) >= SAMPLED else 1
    graph = Graph()
    source = _source(graph, "rgb24", (-(-size[0] // step), -(-size[1] // step)))
    options = {"max_colors": str(colours), "stats_mode": "full"}
    sink = graph.add("buffersink")
    graph.link_nodes(source, graph.add("palettegen", **options), sink).configure()
    for image in images:
        source.push(_frame(np.ascontiguousarray(image[::step, ::step])))
        deque(_pull(graph), maxlen=0)  # nothing comes yet, but frames not asked for are kept
    source.push(None)
    return graph.vpull()


def _quantise(
    images: Iterable[Bytes], palette: VideoFrame, size: tuple[int, int]
) -> Iterator[VideoFrame]:
    graph = Graph()
    source = _source(graph, "rgb24", size)
    colours = _source(graph, palette.format.name, (palette.height, palette.width))
    dither, sink = graph.add("paletteuse", **DITHER), graph.add("buffersink")
    source.link_to(dither, 0, 0)
    colours.link_to(dither, 0, 1)
    dither.link_to(sink)
    graph.configure()
    colours.push(palette)
    colours.push(None)
    for number, image in enumerate(images):
        frame = _frame(image)
        frame.pts, frame.time_base = number, TICK
        source.push(frame)
        yield from _pull(graph)
    source.push(None)
    yield from _pull(graph)


def _source(graph: Graph, form: str, size: tuple[int, int]) -> FilterContext:
    # Every property is given: a buffer left to guess makes everything 640x480.
    return graph.add_buffer(width=size[1], height=size[0], format=VideoFormat(form), time_base=TICK)


def _frame(image: Bytes) -> VideoFrame:
    return VideoFrame.from_ndarray(image, format="rgb24")


def _pull(graph: Graph) -> Iterator[VideoFrame]:
    """Pull the frames that the graph has finished so far."""
    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            yield graph.vpull()
