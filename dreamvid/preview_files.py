"""Previews into files: a sheet of some pictures, or all of them as a small film."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from dreamvid.files import check_writable
from dreamvid.image import OtherSizeImage
from dreamvid.pictures.formats import format_of
from dreamvid.pictures.writing import save
from dreamvid.report import contact_sheet
from dreamvid.video.animated import write_loop_gif
from dreamvid.video.colour import to_yuv
from dreamvid.video.encoding import Encoding
from dreamvid.video.writer import encode

FILMS = (".mp4", ".gif")
GIF_RATE = 25  # pictures a second, at most


def check_preview(path: Path) -> None:
    """Before any work: raises OutputError where no preview can be written there."""
    if path.suffix.lower() not in FILMS:
        format_of(path)
    check_writable(path)


def write_preview(
    images: Iterable[OtherSizeImage], path: Path, *, count: int, fps: Fraction, tiles: int
) -> None:
    """Write pictures as the suffix of `path` says: a film of all, or a sheet of `tiles`.

    One picture is in memory, but for those on a sheet. Raises OutputError, VideoError.
    """
    suffix = path.suffix.lower()
    if suffix == ".mp4":
        _write_film(images, path, fps)
    elif suffix == ".gif":
        with TemporaryDirectory() as folder:
            film = Path(folder) / "film.mp4"
            _write_film(images, film, fps)
            every = -(-fps // GIF_RATE)
            write_loop_gif(film, None, path, every=every, fps=fps / every, width=4096)
    else:
        write_sheet(images, path, count=count, tiles=tiles)


def write_sheet(images: Iterable[OtherSizeImage], path: Path, *, count: int, tiles: int) -> None:
    """Some of `count` pictures, evenly spread from the first to the last, as one."""
    tiles = min(tiles, count)
    wanted = {round(n * (count - 1) / max(1, tiles - 1)) for n in range(tiles)}
    kept = [image.cpu() for number, image in enumerate(images) if number in wanted]
    columns = 3 if len(kept) > 2 else len(kept)
    save(contact_sheet(kept, columns=columns, width=kept[0].shape[-1]), path)


def _write_film(images: Iterable[OtherSizeImage], path: Path, fps: Fraction) -> None:
    frames = (to_yuv(image) for image in images)
    first = next(frames)
    size = first.shape[0] * 2 // 3, first.shape[1]
    encode(chain([first], frames), path, Encoding(size=size, fps=fps, crf=18, preset="veryfast"))
