"""`dreamvid loop`: make a film that ends where it begins."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from dreamvid.cli.arguments import Device, Frames, Model, Seed, Settings, refuse, with_options
from dreamvid.cli.terminal.console import note, say
from dreamvid.cli.terminal.finished import check_finished
from dreamvid.cli.terminal.frame_progress import frame_progress
from dreamvid.cli.terminal.stopping import stop_signals
from dreamvid.cli.terminal.units import file_size
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    from dreamvid.export.loop.plan import Kind
    from dreamvid.export.request import ExportRequest
    from dreamvid.media.clip import Pictures
    from dreamvid.preset.schema import Preset
    from dreamvid.preset.sites import Target

LOOP_SECONDS = 2.0  # in which a preset's end becomes its beginning; the default of loop.seconds


def loop(
    source: Annotated[
        str, Argument(metavar="VIDEO|PRESET", help="a film, a render's folder, or a preset")
    ],
    out: Annotated[
        Path | None, Option(help="its ending is the format: .gif, .mp4, .webp ...; default .gif")
    ] = None,
    kind: Annotated[
        Literal["ping-pong", "cross-fade", "repeat"] | None,
        Option(help="default: as it is, if it is a loop already, else ping-pong"),
    ] = None,
    times: Annotated[
        int | None, Option(min=1, max=1000, help="rounds in the file; of repeat, 2")
    ] = None,
    seconds: Annotated[float | None, Option(help="how long a cross-fade takes")] = None,
    target: Annotated[
        str | None, Option("--for", help="a name from `export --list`: size, bytes, codec")
    ] = None,
    size: Annotated[str | None, Option(metavar="WxH", help="pixels")] = None,
    fps: Annotated[str | None, Option(help="pictures a second; of a film fewer")] = None,
    frames: Frames = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
    fresh: Annotated[
        bool, Option("--fresh", help="of a preset: start over, do not resume")
    ] = False,
) -> None:
    """A film that ends where it begins: there and back, dissolved, or as it is, once or again."""
    _check_seconds(seconds, kind)
    from dreamvid.media.images.sequence import base_of
    from dreamvid.preset.sites import find

    site = find(target) if target else None
    path = out or Path(f"{base_of(Path(source)).stem}-loop{site.suffix if site else '.gif'}")
    if _is_preset(source):
        changes = with_options(settings, frames=frames, size=size, fps=fps, seed=seed, model=model)
        material = _of_preset(source, kind, changes, device, fresh)
    else:
        of_preset = dict(frames=frames, seed=seed, model=model, set=settings, fresh=fresh or None)
        refuse("is for presets alone", f"{source} is a film", **of_preset)
        material = _of_film(source, path, size, fps)
    _make_loop(material, path, out, site, kind=kind, times=times, seconds=seconds)


def _check_seconds(seconds: float | None, kind: str | None) -> None:
    if seconds is not None and kind != "cross-fade":
        raise PresetError("--seconds", "has no effect", "--kind cross-fade")
    if seconds is not None and not 0 < seconds <= 1e6:
        raise PresetError("--seconds", f"{seconds:g} should be above 0, at most a million")


@dataclass(frozen=True, kw_only=True)
class _Material:
    pictures: "Pictures"  # a preset's are not rendered yet: only their number and rate
    closed: bool  # its end leads to its beginning already
    request: "ExportRequest"
    film: Callable[[Path | None], Path]  # the file; a preset is rendered, beside a named output


def _make_loop(
    material: _Material,
    path: Path,
    out: Path | None,
    target: "Target | None",
    *,
    kind: "Kind | None",
    times: int | None,
    seconds: float | None,
) -> None:
    """Plan the loop, render what is missing, and export it to `path`; `out` is as given."""
    from dreamvid.export.export import check_output
    from dreamvid.export.export import export as export_film
    from dreamvid.export.loop.choose import STEP, make_loop
    from dreamvid.export.loop.plan import plan_loop
    from dreamvid.media.clip import pictures_of
    from dreamvid.media.metadata import copy_record

    how = kind or ("repeat" if material.closed else "ping-pong")
    planned = partial(
        plan_loop,
        kind=how,
        out=path,
        times=times or (1 if kind is None else None),
        seconds=seconds,
        target=target,
        request=material.request,
    )
    planned(material.pictures)  # mistakes are found before anything is rendered or written
    place = check_output(path, target)
    film = material.film(out and place)
    pictures = pictures_of(film, material.request.fps)
    plan = planned(pictures)
    result = export_film(
        make_loop(film, pictures, plan),
        path,
        target=target,
        request=material.request,
        finish=lambda loop: copy_record(film, loop, STEP.format(how)),
        note=note,
    )
    unchanged = material.closed and kind is None
    say("its end leads to its beginning already" if unchanged else f"made by {how}")
    for change in (*plan.changes, *result.changes):
        say(change)
    say(f"{result.path}  {file_size(result.bytes)}")


def _is_preset(source: str) -> bool:
    """Tell a preset, a .toml file or a name that no file has, from a film."""
    path = Path(source)
    plain = path.name == source and not path.suffix
    return path.suffix.lower() == ".toml" or (plain and not path.exists())


def _of_film(source: str, path: Path, size: str | None, fps: str | None) -> _Material:
    """Open a film, or a render's; raises PresetError, VideoError."""
    from dreamvid.cli.export import film_of, request_of
    from dreamvid.export.loop.choose import is_loop
    from dreamvid.media.clip import pictures_of

    request = request_of(size=size, fps=fps)
    film = film_of(Path(source))
    if path.resolve() == film.resolve():
        raise PresetError("--out", f"{path} is the film itself", "choose another name")
    pictures = pictures_of(film, request.fps)
    return _Material(pictures=pictures, closed=is_loop(film), request=request, film=lambda _: film)


def _of_preset(
    source: str, kind: "Kind | None", settings: list[str], device: Device, fresh: bool
) -> _Material:
    """Load a preset, closed into a loop where it can be; raises PresetError, VideoError."""
    from dreamvid.export.loop.plan import placeholder
    from dreamvid.export.request import ExportRequest
    from dreamvid.film.resolve import with_video
    from dreamvid.preset.load import load_preset

    preset, hint = load_preset(source, settings), ""
    if kind is None:
        preset, hint = _closed(source, preset, settings)
    preset = with_video(preset)

    def film(out: Path | None) -> Path:
        folder = _folder(source, kind, out)
        if hint:
            note(hint)
        return _render(preset, source, folder, device, fresh)

    return _Material(
        pictures=placeholder(preset.video.count, preset.video.rate),
        closed=preset.loop.kind != "none",
        request=ExportRequest(),
        film=film,
    )


def _folder(source: str, kind: str | None, out: Path | None) -> Path:
    """Name the folder to render a preset into after the output, if that is named.

    Raises PresetError for an output without a name.
    """
    if out is None:
        return Path("out") / f"{Path(source).stem}-{kind or 'loop'}"
    if not out.name:
        raise PresetError("--out", "is empty, or this very folder", "give one of its own")
    return out.with_name(f"{out.stem}-{kind or 'loop'}")


def _render(preset: "Preset", source: str, folder: Path, device: Device, fresh: bool) -> Path:
    """Render the preset, or go on with it; returns its forward film."""
    from dreamvid.render.render import render_film
    from dreamvid.system.device import pick

    picked = pick(device)
    say(f"{preset.title or source}: {preset.video.count} frames by {preset.model}, into {folder}")
    with stop_signals() as stop, frame_progress() as show:
        outcome = render_film(
            preset, folder, device=picked, fresh=fresh, on_frame=show, stop=stop, on_message=note
        )
    check_finished(outcome)
    return next(path for path in outcome.files if path.stem == "forward")


def _closed(source: str, preset: "Preset", settings: list[str]) -> tuple["Preset", str]:
    """Return the preset, its end dreamed back to its beginning if possible, and a note on it."""
    from dreamvid.film.resolve import with_video
    from dreamvid.preset.load import load_preset

    if preset.loop.kind != "none":
        return preset, ""
    if preset.of_footage:
        hint = "a film of footage cannot be dreamed back to its beginning: it goes there and back"
        return preset, hint
    video = with_video(preset).video
    length = min(LOOP_SECONDS, float(video.count / video.rate) / 2)
    closing = ["loop.kind=endless", f"loop.seconds={length}"]
    hint = "its end is dreamed back to its beginning, with loop.kind = endless; or --kind ping-pong"
    return load_preset(source, [*settings, *closing]), hint
