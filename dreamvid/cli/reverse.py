"""`dreamvid reverse`: play a film backwards into a new file."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from dreamvid.cli.terminal.console import note, say, share_progress
from dreamvid.cli.terminal.units import file_size


def reverse(
    video: Annotated[
        Path,
        Argument(help="any film, or the folder of a render or of pictures"),
    ],
    out: Annotated[
        Path | None, Option(help="the film to write; default VIDEO-reverse beside it")
    ] = None,
    sound: Annotated[
        Literal["reverse", "keep", "drop"], Option(help="backwards too, as it is, or none")
    ] = "reverse",
    crf: Annotated[
        int, Option(min=0, max=40, help="quality, where it is encoded again: lower is better")
    ] = 16,
) -> None:
    """Reverse a film of any length, bit for bit where every picture is a key picture."""
    from dreamvid.cli.export import film_of
    from dreamvid.export.reverse.packets import MUXERS
    from dreamvid.export.reverse.reverse import reverse_film
    from dreamvid.media.images.sequence import base_of

    source = film_of(video)
    suffix = source.suffix.lower() if source.suffix.lower() in MUXERS else ".mp4"
    base = base_of(source)
    path = out or base.with_name(f"{base.stem}-reverse{suffix}")
    with share_progress("reversing") as show:
        result = reverse_film(
            source,
            path,
            sound=sound,
            crf=crf,
            finish=lambda film: _copy_record(source, film),
            on_progress=show,
        )
    say(result.note)
    say(f"{result.path}  {file_size(result.path.stat().st_size)}")


def _copy_record(source: Path, film: Path) -> None:
    from dreamvid.media.metadata import copy_record, read_record
    from dreamvid.media.video.writer import CONTAINERS

    if film.suffix not in CONTAINERS:
        if read_record(source):
            note(f"{film.suffix} carries no record: its preset stays with {source}")
        return
    copy_record(source, film, "dreamvid reverse")
