"""File formats that films are exported to, by name, with their writers."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from dreamvid.errors import PresetError, suggest
from dreamvid.export.plans import Plan
from dreamvid.export.write_film import write_film
from dreamvid.media.animated.gif import write_gif
from dreamvid.media.animated.webp_avif_apng import LOSSLESS, write_animation
from dreamvid.media.clip import Pictures
from dreamvid.media.images.writing import save_bytes
from dreamvid.media.video.codecs import CODECS
from dreamvid.preset.sites import Target

Write = Callable[[Pictures, Path, Plan], None]


@dataclass(frozen=True, kw_only=True)
class QualityScale:
    """The unit of a format's quality."""

    name: str
    default: int
    bounds: tuple[int, int]
    fallbacks: Sequence[int]  # from the best to the smallest file

    def below(self, quality: int) -> list[int]:
        """The fallbacks that make a smaller file than this quality."""
        best, smallest = self.fallbacks[0], self.fallbacks[-1]
        sign = 1 if smallest > best else -1
        return [value for value in self.fallbacks if (value - quality) * sign > 0]


@dataclass(frozen=True, kw_only=True)
class Format:
    """Writer and abilities of a file format."""

    write: Write
    codecs: tuple[str, ...] = ()  # names of video.codecs.CODECS, the default first
    scale: QualityScale | None = None
    sound: bool = False
    max_fps: Fraction | None = None
    rate_first: bool = True  # a file too large loses frames before it loses pixels
    folder: bool = False


CRF = QualityScale(name="crf", default=16, bounds=(0, 40), fallbacks=range(17, 37))
QUALITY = QualityScale(
    name="quality", default=80, bounds=(0, LOSSLESS), fallbacks=range(75, 24, -5)
)
COLOURS = QualityScale(
    name="colours", default=256, bounds=(2, 256), fallbacks=(192, 128, 96, 64, 48)
)


def _write_gif(film: Pictures, path: Path, plan: Plan) -> None:
    write_gif(film, path, colours=plan.quality or COLOURS.default)


def _write_animation(kind: str, film: Pictures, path: Path, plan: Plan) -> None:
    quality = LOSSLESS if plan.quality is None else plan.quality
    write_animation(film, path, kind, quality=quality)


def _write_frames(film: Pictures, path: Path, plan: Plan) -> None:
    """Write a folder of 8-bit 000000.png, 000001.png ..."""
    path.mkdir()
    with closing(film.read()) as frames:
        for number, frame in enumerate(frames):
            save_bytes(frame, path / f"{number:06d}.png", compress_level=4)


def _film(suffix: str) -> Format:
    codecs = tuple(name for name, codec in CODECS.items() if codec.suffix == suffix)
    return Format(write=write_film, codecs=codecs, sound=True, rate_first=False)


FORMATS = {
    **{suffix[1:]: _film(suffix) for suffix in (".mp4", ".mov", ".mkv", ".webm")},
    "gif": Format(write=_write_gif, scale=COLOURS, max_fps=Fraction(50)),
    "webp": Format(write=partial(_write_animation, "webp"), scale=QUALITY),
    "avif": Format(write=partial(_write_animation, "avif"), scale=QUALITY),
    "apng": Format(write=partial(_write_animation, "apng")),
    "png": Format(write=_write_frames, folder=True),
}


NUMBERED = "%06d.png"  # other programs' pattern for the images of a folder


def format_for(out: Path, target: Target | None) -> str:
    """Name of the format by the path's suffix, "png" for a folder of frames.

    Raises PresetError for a suffix of no format, or where the target takes another.
    """
    suffix = out.suffix.lower()
    name = "apng" if suffix == ".png" else suffix[1:]
    if out.name == NUMBERED or not suffix:
        name = "png"
    elif name not in FORMATS or name == "png":
        endings = [f".{name}" for name in FORMATS if name != "png"]
        problem = f"{out} has the ending of no format that can be written"
        cure = f"one of {', '.join(endings)}, or a folder for single pictures"
        raise PresetError("--out", problem, cure)
    if target and target.format != name:
        problem = f"{target.name} takes {target.suffix}, and {out.name} is something else"
        raise PresetError("--out", problem, f"such as {out.with_suffix(target.suffix).name}")
    return name


def quality_scale(form: Format, codec: str | None) -> QualityScale | None:
    """The scale of the quality; None for formats that are lossless, or nearly so."""
    return CRF if codec and CODECS[codec].crf else form.scale


def codec_for(name: str, target: Target | None, requested: str | None) -> str | None:
    """The codec that is requested, else the target's or the format's default.

    Raises PresetError for one that the target or the format does not take.
    """
    codecs = FORMATS[name].codecs
    if target and target.codec and requested not in (None, target.codec):
        raise PresetError("--codec", f"{target.name} takes {target.codec}", "leave it out")
    codec = requested or (target.codec if target else None)
    if codec is None:
        return codecs[0] if codecs else None
    if codec not in codecs:
        problem = f"{codec} has no place in .{name}"
        cure = suggest(codec, codecs) if codecs else "leave it out"
        raise PresetError("--codec", problem, cure)
    return codec
