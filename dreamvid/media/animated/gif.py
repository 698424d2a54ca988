"""GIFs: any pictures; and the loop, a film forward, then back, its two ends not shown twice.

A film that is a loop by itself is only shown forward. Nothing is held for the
way back: it is read from the reversed film. imageio would hold all pictures in memory.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import OutputContainer
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from dreamvid.errors import VideoError
from dreamvid.image import Bytes
from dreamvid.media.clip import Pictures
from dreamvid.media.video.libav import file_url, libav_errors, whole_film
from dreamvid.media.video.reader import count_frames, probe, read_frames

TICK = Fraction(1, 100)  # seconds; a GIF's clock
FASTEST = 2  # ticks; browsers slow pictures shown for less down to 10

SAMPLED = 128  # pixels: the smallest side from which a palette looks at every second pixel

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
    """Write every `every`th frame of a film and back, looping for ever; gives the picture count.

    One palette serves all pictures. Memory does not grow with the film. The file appears
    whole or not at all. Raises OutputError where it cannot be written, VideoError for a
    film that cannot be read or a `reverse` that is not as long as `forward`.

    Args:
        reverse: the reversed film; None for a film that is a loop and needs no way back.
        fps: pictures per second on average, at most 50; delays are whole hundredths.
        width: in pixels; a film is never enlarged.
        colours: 2 to 256, one of them for "as in the picture before".
    """
    if every < 1 or fps <= 0 or width < 1 or not 2 <= colours <= 256:
        raise ValueError(f"every {every}, fps {fps}, width {width} or colours {colours}")
    frames = count_frames(forward)
    if frames == 0 or (reverse and count_frames(reverse) != frames):
        raise VideoError(f"{reverse}: is not {forward} reversed: their lengths differ, or are 0")
    size = _gif_size(probe(forward).size, width)
    last = (frames - 1) // every
    count = max(1, 2 * last) if reverse else last + 1
    delay = max(Fraction(FASTEST), 100 / Fraction(fps))
    with libav_errors(forward):
        palette = _palette(read_frames(forward, every=every, size=size), size, colours)
    pictures = _there_and_back(forward, reverse, every=every, frames=frames, size=size)
    _write(pictures, palette, path, size, delay, count)
    return count


def write_gif(pictures: Pictures, path: Path, *, colours: int = 256) -> None:
    """Write all pictures, which are read twice, at most 50 a second, looping for ever.

    One palette serves them all. Memory does not grow with the film. The file appears whole
    or not at all. Raises OutputError where it cannot be written, and what reading raises.

    Args:
        colours: 2 to 256, one of them for "as in the picture before".
    """
    with closing(pictures.read()) as frames:
        palette = _palette(frames, pictures.size, colours)
    delay = max(Fraction(FASTEST), 100 / pictures.fps)
    with closing(pictures.read()) as frames:
        _write(frames, palette, path, pictures.size, delay, pictures.count)


def _write(
    pictures: Iterable[Bytes],
    palette: VideoFrame,
    path: Path,
    size: tuple[int, int],
    delay: Fraction,
    count: int,
) -> None:
    final_delay = round(count * delay) - round((count - 1) * delay)
    with whole_film(path) as partial, _open_gif(partial, final_delay) as container:
        stream = container.add_stream("gif", width=size[1], height=size[0], time_base=TICK)
        stream.pix_fmt = "pal8"
        for number, picture in enumerate(_quantised(pictures, palette, size)):
            picture.pts, picture.time_base = round(number * delay), TICK
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _gif_size(film: tuple[int, int], width: int) -> tuple[int, int]:
    width = min(width, film[1])
    return max(1, round(film[0] * width / film[1])), width


def _open_gif(partial: Path, final_delay: int) -> OutputContainer:
    # The last picture has no next one whose time would tell how long it is shown.
    options = {"loop": "0", "final_delay": str(final_delay)}
    return av.open(file_url(partial), "w", format="gif", options=options)


def _there_and_back(
    forward: Path, reverse: Path | None, *, every: int, frames: int, size: tuple[int, int]
) -> Iterator[Bytes]:
    """Frames 0, every, ..., last * every, and back to `every`."""
    yield from read_frames(forward, every=every, size=size)
    last = (frames - 1) // every
    if reverse and last > 1:
        # Frame n of the film is frame frames - 1 - n of the reversed one.
        first_back = frames - 1 - (last - 1) * every
        back = read_frames(reverse, every=every, offset=first_back, size=size)
        with closing(back):
            yield from islice(back, last - 1)


def _palette(pictures: Iterable[Bytes], size: tuple[int, int], colours: int) -> VideoFrame:
    """The colours that serve all pictures best.

    Large pictures count with every second pixel of every second row: the palette is as
    good (within 0.01 dB on noise of all colours) in a third of the time.
    """
    step = 2 if min(size) >= SAMPLED else 1
    graph = Graph()
    source = _source(graph, "rgb24", (-(-size[0] // step), -(-size[1] // step)))
    options = {"max_colors": str(colours), "stats_mode": "full"}
    sink = graph.add("buffersink")
    graph.link_nodes(source, graph.add("palettegen", **options), sink).configure()
    for picture in pictures:
        source.push(_frame(np.ascontiguousarray(picture[::step, ::step])))
    source.push(None)
    return graph.vpull()


def _quantised(
    pictures: Iterable[Bytes], palette: VideoFrame, size: tuple[int, int]
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
    for number, picture in enumerate(pictures):
        frame = _frame(picture)
        frame.pts, frame.time_base = number, TICK
        source.push(frame)
        yield from _ready(graph)
    source.push(None)
    yield from _ready(graph)


def _source(graph: Graph, form: str, size: tuple[int, int]) -> FilterContext:
    # Said in full: a buffer that is left to guess makes everything 640x480.
    return graph.add_buffer(width=size[1], height=size[0], format=VideoFormat(form), time_base=TICK)


def _frame(picture: Bytes) -> VideoFrame:
    return VideoFrame.from_ndarray(picture, format="rgb24")


def _ready(graph: Graph) -> Iterator[VideoFrame]:
    """What the graph has finished so far."""
    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            yield graph.vpull()
