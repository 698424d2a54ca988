"""Reversal of any film: start reading here.

Intra-only films are reversed packet by packet, bit for bit; others are decoded from the last
frame to the first and encoded again. Sound is added afterwards.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from dreamvid.errors import PresetError
from dreamvid.export.reverse.backwards import decode_backwards, shown_backwards
from dreamvid.export.reverse.packets import MUXERS, lost_property, reason_to_encode, reverse_packets
from dreamvid.export.reverse.samples import Sampler
from dreamvid.export.reverse.timed import encode_timed
from dreamvid.export.working_folder import working_folder
from dreamvid.media.audio.decode import read_blocks
from dreamvid.media.audio.mux import add_track
from dreamvid.media.audio.source import has_sound
from dreamvid.media.footage.film_times import read_film_times
from dreamvid.media.footage.footage import even, upright_size
from dreamvid.media.footage.frame_times import FrameTimes, open_film
from dreamvid.media.footage.span import film_length
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.writer import CONTAINERS, encode
from dreamvid.system.files import whole_file

Sound = Literal["reverse", "keep", "drop"]

CODECS_OF = {
    ".mp4": ("h264", "hevc", "av1"),
    ".mov": ("prores", "prores-4444", "h264", "hevc"),
    ".mkv": ("h264", "hevc", "av1", "vp9", "prores", "ffv1"),
    ".webm": ("vp9", "av1"),
}
"""Codecs to encode in, by suffix: the source's own if it is listed, else the first."""

RGB_DEPTH = 8  # bits of frames that are converted

OnProgress = Callable[[float], None]
"""Callback with the share of the frames done, 0 to 1."""


@dataclass(frozen=True)
class Reversed:
    path: Path
    exact: bool  # every frame is bit for bit the source's
    note: str  # for the user


def reverse_film(
    path: Path,
    out: Path,
    *,
    sound: Sound = "reverse",
    crf: int = 16,
    finish: Callable[[Path], None] = lambda film: None,
    on_progress: OnProgress = lambda share: None,
) -> Reversed:
    """Write the film backwards, each frame shown for as long as in the source.

    Memory does not grow with the film. Packets and sound go through nameless files beside
    `out`, which appears whole or not at all. A film that is encoded again is upright, of square
    pixels and even sides; frames that its encoder cannot take go through 8-bit RGB.

    Args:
        sound: reversed, kept as it is, or dropped.
        crf: on x264's scale, for films that are encoded again.
        finish: called with the film before it takes its place, such as to embed a record.

    Raises:
        PresetError: `out` is the source, or of a format that is not written.
        VideoError: the source cannot be read, or an encoder failed.
        OutputError: `out` cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in MUXERS:
        cure = f"one of {', '.join(MUXERS)}"
        raise PresetError("--out", f"{out} has the ending of no film", cure)
    if out.exists() and path.exists() and out.samefile(path):
        raise PresetError("--out", f"{out} is the film itself", "choose another name")
    times = _bounded_times(path)
    reason = reason_to_encode(path, suffix, times)
    if reason:
        _refuse_unless_encoded(suffix, reason)
    track = sound if sound != "drop" and times.sound and has_sound(path) else "drop"
    if track != "drop" and suffix not in CONTAINERS:
        raise PresetError("--out", f"{suffix} is written without sound", "--sound drop, or .mov")
    with working_folder(out) as folder:
        silent = folder / f"silent{suffix}"
        if reason is None:
            reverse_packets(path, silent, times, on_progress)
            if lost := lost_property(silent, times):
                reason = f"{suffix} does not keep {lost}"
                _refuse_unless_encoded(suffix, reason)
        if reason is None:
            note = "every picture is the source's, bit for bit"
        else:
            encoding = _encoding(path, suffix, times, crf)
            _encode(path, silent, times, encoding, on_progress)
            note = f"encoded again in {encoding.kind.title}: {reason}"
        film = silent
        if track != "drop":
            film = folder / f"whole{suffix}"
            with closing(read_blocks(path)) as blocks:
                add_track(silent, blocks, film, backwards=track == "reverse", fade=False)
        finish(film)
        with whole_file(out) as partial:
            film.replace(partial)
    return Reversed(out, reason is None, note)


def _bounded_times(path: Path) -> FrameTimes:
    """Read the times of a film; raises VideoError for those beyond bounds."""
    times = read_film_times(path)
    film_length(path, times, times.rate)
    return times


def _refuse_unless_encoded(suffix: str, reason: str) -> None:
    if suffix not in CONTAINERS:
        cure = f"one of {', '.join(CONTAINERS)}"
        raise PresetError("--out", f"{suffix} only takes copied packets: {reason}", cure)


def _encoding(path: Path, suffix: str, times: FrameTimes, crf: int) -> Encoding:
    own = ""
    if not times.pictures:
        with open_film(path) as (_, stream):
            own = stream.codec_context.codec.canonical_name
    codec = own if own in CODECS_OF[suffix] else CODECS_OF[suffix][0]
    size = even(upright_size(times.first, times.pixel_aspect))
    formats = CODECS[codec].pixel_formats
    same = [depth for depth, known in formats.items() if known.name == times.first.format.name]
    depth = same[0] if same else RGB_DEPTH if RGB_DEPTH in formats else None
    return Encoding(size=size, fps=times.rate, crf=crf, codec=codec, depth=depth)


def _encode(
    path: Path, out: Path, times: FrameTimes, encoding: Encoding, on_progress: OnProgress
) -> None:
    if is_constant(times):
        with closing(_planes(path, times, encoding, on_progress)) as frames:
            encode(frames, out, encoding)
    else:
        with closing(_timed(path, times, encoding, on_progress)) as frames:
            encode_timed(frames, out, encoding, times.tick)


def is_constant(times: FrameTimes) -> bool:
    """Return whether every frame's time is its number's, but for rounding."""
    rounding = max(times.tick, Fraction(1, 1000))
    return len(times.ticks) == times.seconds * times.rate and all(
        abs(times.seconds_at(at) - number / times.rate) <= rounding
        for number, at in enumerate(times.ticks)
    )


def _planes(
    path: Path, times: FrameTimes, encoding: Encoding, on_progress: OnProgress
) -> Generator[Planes, None, None]:
    sampler, done = Sampler(times, encoding), 0
    with closing(shown_backwards(path, times, times.rate)) as frames:
        for frame, copies in frames:
            planes = sampler(frame)
            for _ in range(copies):
                yield planes
            done += copies
            on_progress(min(1.0, done / len(times.ticks)))


def _timed(
    path: Path, times: FrameTimes, encoding: Encoding, on_progress: OnProgress
) -> Generator[tuple[Planes, int, int], None, None]:
    """Yield planes, the tick of the reversed film at which they are shown, and their duration."""
    sampler, length = Sampler(times, encoding), times.seconds
    with closing(decode_backwards(path, times)) as frames:
        for frame, start, until in frames:
            begin, end = (round((length - at) / times.tick) for at in (until, start))
            if begin < end:  # frames of one time: only the last is seen
                yield sampler(frame), begin, end - begin
            on_progress(float(1 - start / length))
