from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dreamvid.cli.arguments import Device, Frames, Model, Seed, Settings, as_settings
from dreamvid.cli.console import note, say
from dreamvid.cli.finished import check_finished
from dreamvid.cli.frames import frame_progress
from dreamvid.cli.stopping import stop_signals
from dreamvid.cli.units import file_size
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    from dreamvid.options import Preset

LOOP_SECONDS = 2.0  # that a preset's end takes to become its beginning, as the options' default


def loop(
    source: Annotated[
        str, typer.Argument(metavar="VIDEO|PRESET", help="a film, a render's folder, or a preset")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="its ending is the format: .gif, .mp4, .webp ...; default .gif"),
    ] = None,
    kind: Annotated[
        Literal["ping-pong", "cross-fade", "repeat"] | None,
        typer.Option(help="default: as it is, if it is a loop already, else ping-pong"),
    ] = None,
    times: Annotated[
        int | None, typer.Option(min=1, max=1000, help="rounds in the file; of repeat, 2")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="how long a cross-fade takes")] = None,
    target: Annotated[
        str | None, typer.Option("--for", help="a name from `export --list`: size, bytes, codec")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="pixels")] = None,
    fps: Annotated[str | None, typer.Option(help="pictures a second; of a film fewer")] = None,
    frames: Frames = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="of a preset: start over, do not resume")
    ] = False,
) -> None:
    """A film that ends where it begins: there and back, dissolved, or as it is, once or again."""
    if seconds is not None and kind != "cross-fade":
        raise PresetError("--seconds", "has no effect", "--kind cross-fade")
    if seconds is not None and not (isfinite(seconds) and seconds > 0):
        raise PresetError("--seconds", f"must be above 0, got {seconds:g}")
    from dreamvid.cli.export import film_of, wishes_of
    from dreamvid.targets.catalogue import find
    from dreamvid.targets.export import place_of

    chosen = find(target) if target else None
    path = out or Path(f"{Path(source).stem}-loop{chosen.suffix if chosen else '.gif'}")
    place_of(path, chosen)  # before a preset is rendered
    if _is_preset(source):
        options = as_settings(
            video_frames=frames, start_size=size, video_fps=fps, seed=seed, model=model
        )
        film, closed = _rendered(source, kind, [*(settings or []), *options], device, fresh)
        wishes = wishes_of(start=0.0, seconds=None, limit=None, size=None, fps=None)
    else:
        _refuse_for_film(
            source, frames=frames, seed=seed, model=model, set=settings, fresh=fresh or None
        )
        wishes = wishes_of(start=0.0, seconds=None, limit=None, size=size, fps=fps)
        film = film_of(Path(source))
        if path.resolve() == film.resolve():
            raise PresetError("--out", f"{path} is the film itself", "choose another name")

        from dreamvid.looping.choose import is_loop

        closed = is_loop(film)
    from dreamvid.embedding import carry
    from dreamvid.looping.choose import STEP, make_loop
    from dreamvid.targets.export import export as export_film

    made_as = kind or ("repeat" if closed else "ping-pong")
    rounds = times or (1 if kind is None else None)
    made = export_film(
        make_loop(film, made_as, times=rounds, seconds=seconds),
        path,
        target=chosen,
        wishes=wishes,
        finish=lambda made: carry(film, made, STEP.format(made_as)),
        note=note,
    )
    say("its end leads to its beginning already" if closed and not kind else f"made by {made_as}")
    for change in made.changes:
        say(change)
    say(f"{made.path}  {file_size(made.bytes)}")


def _refuse_for_film(source: str, **asked: object) -> None:
    """Raises PresetError for an option that only a preset has."""
    for option, value in asked.items():
        if value is not None:
            raise PresetError(f"--{option}", "is for presets alone", f"{source} is a film")


def _is_preset(source: str) -> bool:
    """A .toml file, or a name that no file has."""
    path = Path(source)
    plain = path.name == source and not path.suffix
    return path.suffix.lower() == ".toml" or (plain and not path.exists())


def _rendered(
    source: str, kind: str | None, settings: list[str], device: Device, fresh: bool
) -> tuple[Path, bool]:
    """The preset's film, rendered now or before, and whether it is a loop by itself."""
    from dreamvid.preset import load_preset

    preset = load_preset(source, settings)
    preset = _closed(source, preset, settings) if kind is None else preset

    from dreamvid.device import pick
    from dreamvid.render import render_film
    from dreamvid.resolve import with_video

    preset, folder = with_video(preset), Path("out") / f"{Path(source).stem}-{kind or 'loop'}"
    say(f"{preset.title or source}: {preset.video.count} frames by {preset.model}, into {folder}")
    with stop_signals() as stop, frame_progress() as show:
        outcome = render_film(
            preset, folder, device=pick(device), fresh=fresh, on_frame=show, stop=stop, note=note
        )
    check_finished(outcome)
    film = next(path for path in outcome.files if path.stem == "forward")
    return film, preset.loop.kind != "none"


def _closed(source: str, preset: "Preset", settings: list[str]) -> "Preset":
    """The preset with an end that is dreamed back to its beginning, where it can have one."""
    from dreamvid.preset import load_preset
    from dreamvid.resolve import with_video

    if preset.loop.kind != "none":
        return preset
    if preset.of_footage:
        note("a film of footage cannot be dreamed back to its beginning: it goes there and back")
        return preset
    video = with_video(preset).video
    length = min(LOOP_SECONDS, float(video.count / video.rate) / 2)
    closing = ["loop.kind=endless", f"loop.seconds={length}"]
    note("its end is dreamed back to its beginning, with loop.kind = endless; or --kind ping-pong")
    return load_preset(source, [*settings, *closing])
