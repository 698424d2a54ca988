"""8-bit RGB frames and a sound to a film file, by the encoders that renders use."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from dreamvid.export.planes import converter
from dreamvid.export.plans import Plan
from dreamvid.media.audio.mux import add_track
from dreamvid.media.clip import Pictures
from dreamvid.media.video.colour import Planes
from dreamvid.media.video.encoder_options import Encoding
from dreamvid.media.video.writer import encode

SOURCE_DEPTH = 8  # bits; RGB is stored in no more where the codec has it


def write_film(film: Pictures, path: Path, plan: Plan) -> None:
    """Encode a film into a folder of the caller's, which holds the silent film meanwhile.

    Raises VideoError, OutputError.
    """
    assert plan.codec is not None
    silent = path.with_name(f"silent{path.suffix}")
    with closing(_planes(film, encoding := _encoding(film, plan))) as frames:
        encode(frames, silent, encoding)
    if plan.sound and film.sound:
        with closing(film.sound()) as blocks:
            add_track(silent, blocks, path, bit_rate=plan.sound)
        silent.unlink()
    else:
        silent.replace(path)


def _encoding(film: Pictures, plan: Plan) -> Encoding:
    encoding = Encoding(size=film.size, fps=film.fps, codec=plan.codec or "")
    if plan.quality is not None:
        encoding = replace(encoding, crf=plan.quality)
    if encoding.pixel_format.chroma is None and SOURCE_DEPTH in encoding.kind.pixel_formats:
        encoding = replace(encoding, depth=SOURCE_DEPTH)
    return encoding


def _planes(film: Pictures, encoding: Encoding) -> Generator[Planes, None, None]:
    convert = converter(encoding.pixel_format)
    with closing(film.read()) as frames:
        for frame in frames:
            yield convert(frame)
