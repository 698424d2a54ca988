"""8-bit RGB pictures and a sound to a film file, by the encoders that renders use."""

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

SOURCE_DEPTH = 8  # bits: what RGB is stored in, where a codec has it, needs no more


def write_film(pictures: Pictures, path: Path, plan: Plan) -> None:
    """Into a folder of the caller's, which holds the silent film meanwhile.

    Raises VideoError, OutputError.
    """
    assert plan.codec is not None
    silent = path.with_name(f"silent{path.suffix}")
    with closing(_planes(pictures, encoding := _encoding(pictures, plan))) as frames:
        encode(frames, silent, encoding)
    if plan.sound and pictures.sound:
        with closing(pictures.sound()) as blocks:
            add_track(silent, blocks, path, bit_rate=plan.sound)
        silent.unlink()
    else:
        silent.replace(path)


def _encoding(pictures: Pictures, plan: Plan) -> Encoding:
    encoding = Encoding(size=pictures.size, fps=pictures.fps, codec=plan.codec or "")
    if plan.quality is not None:
        encoding = replace(encoding, crf=plan.quality)
    if encoding.form.chroma is None and SOURCE_DEPTH in encoding.kind.forms:
        encoding = replace(encoding, depth=SOURCE_DEPTH)
    return encoding


def _planes(pictures: Pictures, encoding: Encoding) -> Generator[Planes, None, None]:
    convert = converter(encoding.form)
    with closing(pictures.read()) as frames:
        for picture in frames:
            yield convert(picture)
