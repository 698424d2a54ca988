"""`dreamvid export`: make a file as a site takes it, or in another format."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import note, say, say_json, table
from dreamvid.cli.terminal.units import file_size
from dreamvid.errors import PresetError, ResumeError, quote

if TYPE_CHECKING:
    from dreamvid.export.request import ExportRequest
    from dreamvid.preset.sites import Target


def export(
    file: Annotated[
        Path | None, Argument(help="any film, or the folder of a render: its forward film")
    ] = None,
    target: Annotated[
        str | None, Option("--for", help="a name from --list: size, length, bytes and codec")
    ] = None,
    out: Annotated[
        Path | None,
        Option(help="its ending is the format; a folder: single PNGs. Default FILE-TARGET"),
    ] = None,
    fit: Annotated[
        Literal["auto", "crop", "pad"] | None,
        Option(help="for another shape: cut out the middle, or pad with the film, blurred"),
    ] = None,
    start: Annotated[
        float, Option("--from", metavar="SECONDS", min=0, help="where it begins")
    ] = 0.0,
    seconds: Annotated[float | None, Option(help="how much of it, at most")] = None,
    size: Annotated[str | None, Option(metavar="WxH", help="pixels")] = None,
    fps: Annotated[str | None, Option(help="fewer pictures a second, by leaving out")] = None,
    codec: Annotated[str | None, Option(help="of .mp4 h264 or hevc, of .webm av1 or vp9")] = None,
    crf: Annotated[int | None, Option(help="a film's quality, 0 to 40: lower is better")] = None,
    quality: Annotated[
        int | None, Option(help="of WebP and AVIF, 0 to 100; a WebP of 100 is lossless")
    ] = None,
    colours: Annotated[int | None, Option(help="of a GIF, 2 to 256")] = None,
    limit: Annotated[
        str | None, Option(metavar="BYTES", help="as 8MB or 500kB: the largest file")
    ] = None,
    no_sound: Annotated[bool, Option("--no-sound", help="a silent file")] = False,
    listing: Annotated[bool, Option("--list", help="show what each target takes")] = False,
    as_json: Json = False,
) -> None:
    """Make a file as a site takes it, or in another format: cropped, trimmed, small enough."""
    if listing:
        _list(as_json)
        return
    if file is None:
        raise PresetError("FILE", "is missing", "a film, or the folder of a render; or --list")
    request = request_of(
        fit=fit,
        start=start,
        seconds=seconds,
        size=size,
        fps=fps,
        codec=codec,
        crf=crf,
        quality=quality,
        colours=colours,
        limit=limit,
        sound=not no_sound,
    )
    _export(film_of(file), out, target, request, as_json)


def _export(
    source: Path, out: Path | None, name: str | None, request: "ExportRequest", as_json: bool
) -> None:
    from dreamvid.export.export import export as export_film
    from dreamvid.media.clip import pictures_of
    from dreamvid.media.metadata import copy_record
    from dreamvid.preset.sites import find

    target = find(name) if name else None
    path = out or _beside(source, target)
    if path.resolve() == source.resolve():
        raise PresetError("--out", f"{path} is the film itself", "choose another name")
    step = f"dreamvid export --for {name}" if name else "dreamvid export"
    result = export_film(
        pictures_of(source, request.fps),
        path,
        target=target,
        request=request,
        finish=lambda film: copy_record(source, film, step),
        note=(lambda line: None) if as_json else note,
    )
    if as_json:
        say_json({"path": str(result.path), "bytes": result.bytes, "changes": result.changes})
        return
    for change in result.changes:
        say(change)
    say(f"{result.path}  {file_size(result.bytes)}")


def _list(as_json: bool) -> None:
    from dreamvid.preset.sites import targets

    if as_json:
        say_json({name: _as_json(target) for name, target in targets().items()})
        return
    headings = ("target", "format", "size", "length", "pictures/s", "at most", "checked", "for")
    table(headings, [_row(target) for target in targets().values()])


def _row(target: "Target") -> tuple[str, ...]:
    from dreamvid.export.plans import format_number as number
    from dreamvid.preset.sites import in_words

    within = target.within and f"up to {target.within[0]}x{target.within[1]}"
    exact = ", ".join(f"{width}x{height}" for width, height in target.sizes)
    seconds, fps = (
        span and (f"{number(span[0])} to {number(span[1])}" if span[0] else f"to {number(span[1])}")
        for span in (target.seconds, target.fps)
    )
    form = f"{target.format} {target.codec or ''}".strip()
    most = in_words(target.limit) if target.limit else "any"
    size = exact or within or "any"
    length = f"{seconds} s" if seconds else "any"
    checked = target.checked.isoformat()
    return target.name, form, size, length, fps or "any", most, checked, target.about


def _as_json(target: "Target") -> dict[str, Any]:
    """Convert a target for JSON: fractions to numbers, the date to text."""
    spans = {"fps": target.fps, "seconds": target.seconds}
    numbers = {key: span and [float(end) for end in span] for key, span in spans.items()}
    return asdict(target) | numbers | {"checked": target.checked.isoformat()}


def film_of(file: Path) -> Path:
    """Return the file, a render folder's forward film, or a folder of pictures.

    Raises PresetError where a folder has neither.
    """
    if not file.is_dir():
        return file
    from dreamvid.media.images.sequence import find_frames
    from dreamvid.render.record.finished_render import RUN, forward_film, read_run

    outputs = None
    with suppress(ResumeError):  # films copied without their run.json will do
        outputs = read_run(file / RUN).get("outputs")
    film = forward_film(file, outputs)
    if film is None and outputs is None and not (file / ".render").exists() and find_frames(file):
        return file
    if film is None:
        raise PresetError("FILE", f"{file} holds no forward film", "is the render finished?")
    return film


def _beside(source: Path, target: "Target | None") -> Path:
    if target is None:
        raise PresetError("--out", "is missing", "give the file to write, or --for TARGET")
    from dreamvid.media.images.sequence import base_of

    base = base_of(source)
    return base.with_name(f"{base.stem}-{target.name}{target.suffix}")


def request_of(
    *, start: float = 0.0, seconds: float | None = None, limit: str | None = None, **options: Any
) -> "ExportRequest":
    """Check and convert command-line options; raises PresetError naming the option."""
    from math import isfinite

    from dreamvid.export.request import ExportRequest, as_seconds
    from dreamvid.preset.values import check_fps, check_size, read_fps, read_size

    if not isfinite(start):
        raise PresetError("--from", "must be a number of seconds")
    if seconds is not None and not (isfinite(seconds) and seconds > 0):
        raise PresetError("--seconds", f"must be above 0, got {seconds:g}")
    for key, read, check in (("size", read_size, check_size), ("fps", read_fps, check_fps)):
        if options[key] is not None:
            try:
                options[key] = check(read(options[key]))  # type: ignore[arg-type]
            except ValueError as error:
                raise PresetError(f"--{key}", f"{error}, got {quote(options[key])}") from None
    return ExportRequest(
        start=as_seconds(start),
        seconds=None if seconds is None else as_seconds(seconds),
        limit=None if limit is None else _bytes(limit),
        **options,
    )


def _bytes(text: str) -> int:
    """Read 8MB, 500 kB, 1.5M or a number of bytes; decimal, the smaller of what sites may mean."""
    import re

    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,6})?)\s*(|[kKmMgG])(?:i?[bB])?", text.strip())
    if match is None:
        raise PresetError("--limit", f"{quote(text)} is not a size", "such as 8MB or 500kB")
    count = int(float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}[match[2].lower()])
    if count < 1:
        raise PresetError("--limit", f"{quote(text)} is less than a byte", "such as 8MB")
    return count
