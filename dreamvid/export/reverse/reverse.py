"""Any film backwards: start reading here.

Key pictures alone are turned packet by packet, bit for bit; other films are decoded
from the last frame to the first and encoded again. The sound is put to it afterwards.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from dreamvid.errors import OutputError, PresetError
from dreamvid.export.reverse.backwards import decode_backwards, shown_backwards
from dreamvid.export.reverse.packets import HOLDERS, can_turn, lost_by, turn_packets
from dreamvid.export.reverse.samples import Sampler
from dreamvid.export.reverse.timed import encode_timed
from dreamvid.media.audio.decode import read_blocks
from dreamvid.media.audio.mux import add_track
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.footage import even, upright_size
from dreamvid.media.video.frame_times import FrameTimes, open_film, read_frame_times
from dreamvid.media.video.writer import CONTAINERS, encode
from dreamvid.system.files import whole_file

Sound = Literal["reverse", "keep", "drop"]

CODECS_OF = {
    ".mp4": ("h264", "hevc", "av1"),
    ".mov": ("prores", "prores-4444", "h264", "hevc"),
    ".mkv": ("h264", "hevc", "av1", "vp9", "prores", "ffv1"),
    ".webm": ("vp9", "av1"),
}
"""What films are encoded in, by suffix; a source's own codec if it is there, else the first."""

RGB_DEPTH = 8  # bits: frames that are not taken as they are become RGB of so many

Told = Callable[[float], None]
"""Called with the share of the pictures that is done, 0 to 1."""


@dataclass(frozen=True)
class Reversed:
    path: Path
    exact: bool  # whether every picture is bit for bit the source's
    note: str  # how it was made, in some words


def reverse_film(
    path: Path,
    out: Path,
    *,
    sound: Sound = "reverse",
    crf: int = 16,
    finish: Callable[[Path], None] = lambda film: None,
    told: Told = lambda share: None,
) -> Reversed:
    """Write the film backwards: as long, each frame shown for as long as it was.

    Memory does not grow with the film. Packets and sound go through nameless files beside
    `out`, which appears whole or not at all. A film that is encoded again is upright, of
    square pixels and even sides; what its encoder does not take as it is goes through 8 bits.

    Args:
        sound: backwards too, as it is, or none.
        crf: x264's, for films that are encoded again; others' own is made of it.
        finish: done to the film before it takes its place, such as to embed a record.
        told: called as the pictures are done.

    Raises:
        PresetError: `out` is the source, or of a format that is not written.
        VideoError: the source cannot be read, or an encoder failed.
        OutputError: `out` cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in HOLDERS:
        known = ", ".join(HOLDERS)
        raise PresetError("--out", f"{out} has the ending of no film", f"one of {known}")
    if out.exists() and path.exists() and out.samefile(path):
        raise PresetError("--out", f"{out} is the film itself", "choose another name")
    times = read_frame_times(path)
    reason = can_turn(path, suffix, times)
    if reason:
        _refuse_unless_encoded(suffix, reason)
    voice = sound if times.sound else "drop"
    if voice != "drop" and suffix not in CONTAINERS:
        raise PresetError("--out", f"{suffix} is written without sound", "--sound drop, or .mov")
    with _folder_beside(out) as folder:
        silent = Path(folder) / f"silent{suffix}"
        if reason is None:
            turn_packets(path, silent, times, told)
            if lost := lost_by(silent, times):
                reason = f"{suffix} does not keep {lost}"
                _refuse_unless_encoded(suffix, reason)
        if reason is None:
            note = "every picture is the source's, bit for bit"
        else:
            encoding = _encoding(path, suffix, times, crf)
            _encode(path, silent, times, encoding, told)
            note = f"encoded again in {encoding.kind.title}: {reason}"
        made = silent
        if voice != "drop":
            made = Path(folder) / f"whole{suffix}"
            with closing(read_blocks(path)) as blocks:
                add_track(silent, blocks, made, backwards=voice == "reverse", fade=False)
        finish(made)
        with whole_file(out) as partial:
            made.replace(partial)
    return Reversed(out, reason is None, note)


def _refuse_unless_encoded(suffix: str, reason: str) -> None:
    if suffix not in CONTAINERS:
        cure = f"one of {', '.join(CONTAINERS)}"
        raise PresetError("--out", f"{suffix} only takes copied packets: {reason}", cure)


def _folder_beside(out: Path) -> "TemporaryDirectory[str]":
    """On the same disk, so that what is finished there need only be renamed."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        return TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from None


def _encoding(path: Path, suffix: str, times: FrameTimes, crf: int) -> Encoding:
    with open_film(path) as (_, stream):
        own = stream.codec_context.codec.canonical_name
    codec = own if own in CODECS_OF[suffix] else CODECS_OF[suffix][0]
    height, width = even(upright_size(times.first, times.pixel_aspect))
    forms = CODECS[codec].pixel_formats
    alike = [depth for depth, form in forms.items() if form.name == times.first.format.name]
    depth = alike[0] if alike else RGB_DEPTH if RGB_DEPTH in forms else None
    return Encoding(size=(height, width), fps=times.rate, crf=crf, codec=codec, depth=depth)


def _encode(path: Path, out: Path, times: FrameTimes, encoding: Encoding, told: Told) -> None:
    if is_constant(times):
        with closing(_planes(path, times, encoding, told)) as frames:
            encode(frames, out, encoding)
    else:
        with closing(_timed(path, times, encoding, told)) as frames:
            encode_timed(frames, out, encoding, times.tick)


def is_constant(times: FrameTimes) -> bool:
    """Whether every frame is where its number says, but for the rounding of times."""
    rounding = max(times.tick, Fraction(1, 1000))
    return len(times.ticks) == times.seconds * times.rate and all(
        abs(times.seconds_at(at) - number / times.rate) <= rounding
        for number, at in enumerate(times.ticks)
    )


def _planes(
    path: Path, times: FrameTimes, encoding: Encoding, told: Told
) -> Generator[Planes, None, None]:
    sampler, done = Sampler(times, encoding), 0
    with closing(shown_backwards(path, times, times.rate)) as frames:
        for frame, copies in frames:
            planes = sampler(frame)
            for _ in range(copies):
                yield planes
            done += copies
            told(min(1.0, done / len(times.ticks)))


def _timed(
    path: Path, times: FrameTimes, encoding: Encoding, told: Told
) -> Generator[tuple[Planes, int, int], None, None]:
    """Planes, and from which tick of the reversed film on and for how many they are shown."""
    sampler, length = Sampler(times, encoding), times.seconds
    with closing(decode_backwards(path, times)) as frames:
        for frame, start, until in frames:
            begin, end = (round((length - at) / times.tick) for at in (until, start))
            if begin < end:  # frames of one time: only the last is seen
                yield sampler(frame), begin, end - begin
            told(float(1 - start / length))
