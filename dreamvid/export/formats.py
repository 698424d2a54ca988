"""The kinds of files that films are exported to, by name, and how each is written."""

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

Write = Callable[[Pictures, Path, Plan], None]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """What quality is counted in."""

    name: str
    usual: int
    bounds: tuple[int, int]
    worse: Sequence[int]  # what may be given up, from the best to the smallest file

    def below(self, quality: int) -> list[int]:
        """The qualities that make a smaller file than this one."""
        best, smallest = self.worse[0], self.worse[-1]
        down = 1 if smallest > best else -1
        return [one for one in self.worse if (one - quality) * down > 0]


@dataclass(frozen=True, kw_only=True)
class Format:
    write: Write
    codecs: tuple[str, ...] = ()  # names of video.codecs.CODECS, the usual one first
    measure: Measure | None = None
    sound: bool = False
    fastest: Fraction | None = None  # pictures a second
    rate_first: bool = True  # of a file too large, sooner fewer pictures than smaller ones
    folder: bool = False


CRF = Measure(name="crf", usual=16, bounds=(0, 40), worse=range(17, 37))
QUALITY = Measure(name="quality", usual=80, bounds=(0, LOSSLESS), worse=range(75, 24, -5))
COLOURS = Measure(name="colours", usual=256, bounds=(2, 256), worse=(192, 128, 96, 64, 48))


def _write_gif(pictures: Pictures, path: Path, plan: Plan) -> None:
    write_gif(pictures, path, colours=plan.quality or COLOURS.usual)


def _write_animation(kind: str, pictures: Pictures, path: Path, plan: Plan) -> None:
    quality = LOSSLESS if plan.quality is None else plan.quality
    write_animation(pictures, path, kind, quality=quality)


def _write_frames(pictures: Pictures, path: Path, plan: Plan) -> None:
    """A folder of 000000.png, 000001.png ..., of 8 bits as the pictures are."""
    path.mkdir()
    with closing(pictures.read()) as frames:
        for number, picture in enumerate(frames):
            save_bytes(picture, path / f"{number:06d}.png", compress_level=4)


def _film(suffix: str) -> Format:
    codecs = tuple(name for name, codec in CODECS.items() if codec.suffix == suffix)
    return Format(write=write_film, codecs=codecs, sound=True, rate_first=False)


FORMATS = {
    **{suffix[1:]: _film(suffix) for suffix in (".mp4", ".mov", ".mkv", ".webm")},
    "gif": Format(write=_write_gif, measure=COLOURS, fastest=Fraction(50)),
    "webp": Format(write=partial(_write_animation, "webp"), measure=QUALITY),
    "avif": Format(write=partial(_write_animation, "avif"), measure=QUALITY),
    "apng": Format(write=partial(_write_animation, "apng")),
    "png": Format(write=_write_frames, folder=True),
}


NUMBERED = "%06d.png"  # in a folder's place: how other programs name its pictures


def format_named(path: Path) -> str:
    """By how a name ends: a folder is for single pictures; raises PresetError."""
    suffix = path.suffix.lower()
    if path.name == NUMBERED or not suffix:
        return "png"
    name = "apng" if suffix == ".png" else suffix[1:]
    if name not in FORMATS or name == "png":
        endings = [f".{name}" for name in FORMATS if name != "png"]
        problem = f"{path} has the ending of no format that can be written"
        cure = f"one of {', '.join(endings)}, or a folder for single pictures"
        raise PresetError("--out", problem, cure)
    return name


def measure_of(form: Format, codec: str | None) -> Measure | None:
    """None where there is nothing to choose: every pixel is kept, or as good as kept."""
    return CRF if codec and CODECS[codec].crf else form.measure


def codec_for(name: str, asked: str | None) -> str | None:
    """The codec asked for, or the format's usual one; raises PresetError."""
    codecs = FORMATS[name].codecs
    if asked is None:
        return codecs[0] if codecs else None
    if asked not in codecs:
        problem = f"{asked} has no place in .{name}"
        cure = suggest(asked, codecs) if codecs else "leave it out"
        raise PresetError("--codec", problem, cure)
    return asked
