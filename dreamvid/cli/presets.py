"""`dreamvid presets`: list, show, copy and describe presets."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from dreamvid.cli.arguments import Json, Settings
from dreamvid.cli.terminal.console import note, say, say_json, table
from dreamvid.cli.terminal.units import duration

if TYPE_CHECKING:
    from dreamvid.preset.schema import Preset

SAMPLES = 1000  # most samples drawn of a curve

app = typer.Typer(help="List, show, copy and describe presets.", no_args_is_help=True)


@app.command("list")
def list_presets(as_json: Json = False) -> None:
    """List the presets that come with dreamvid."""
    from dreamvid.preset.load import load_preset, names

    presets = {name: load_preset(name) for name in names()}
    if as_json:
        say_json({name: preset.model_dump(mode="json") for name, preset in presets.items()})
        return
    rows = []
    for name, preset in presets.items():
        size = "x".join(map(str, preset.start.size)) if preset.start.size else "any"
        fixed = preset.video.frames or preset.video.seconds  # else the footage decides
        length = duration(float(preset.video.count / preset.video.rate)) if fixed else "any"
        rows.append((name, preset.model, size, length, preset.about))
    table(("preset", "model", "size", "length", "what it is"), rows)


@app.command()
def show(
    name: Annotated[
        str, Argument(help="a preset's name, a .toml file, or what was rendered from one")
    ],
    as_json: Json = False,
    plot: Annotated[
        bool, Option("--plot", help="draw every option that changes over the film")
    ] = False,
    out: Annotated[
        Path | None, Option(help="with --plot, the sheet; default NAME-schedules.png")
    ] = None,
    settings: Settings = None,
) -> None:
    """Show a preset's text; with --json every option, with --plot its curves over time."""
    from dreamvid.errors import PresetError
    from dreamvid.preset.load import load_preset, read_text

    if as_json and plot:
        raise PresetError("--json", "cannot be combined with --plot")
    if out and not plot:
        raise PresetError("--out", "has no effect without --plot")
    if settings and not (plot or as_json):
        raise PresetError("--set", "has no effect without --plot or --json")
    text = ""
    if _is_rendered(name):
        text, preset, _missing = _from_file(name, settings or [])
    else:
        preset = load_preset(name, settings or [])
    if plot:
        _plot(preset, name, out or Path(f"{Path(name).stem}-schedules.png"))
    elif as_json:
        say_json(preset.model_dump(mode="json"))
    else:
        say((text or read_text(name)).rstrip())


def _plot(preset: "Preset", name: str, out: Path) -> None:
    from dreamvid.film.timeline import check_schedules, make_timeline, sound_of
    from dreamvid.preset.schedules import schedules

    curves = dict(schedules(preset))
    if not curves:
        say(f"{name}: nothing changes over time, there is nothing to draw")
        return

    import numpy as np

    from dreamvid.film.resolve import with_video
    from dreamvid.image import from_bytes
    from dreamvid.media.images.formats import format_of
    from dreamvid.media.images.writing import save
    from dreamvid.schedule.plot import draw, samples, sparkline
    from dreamvid.system.files import check_writable

    format_of(out)
    preset = with_video(preset)
    timeline = make_timeline(preset, sound_of(preset))
    check_schedules(preset, timeline)
    check_writable(out)
    spread = -(-timeline.frames // SAMPLES)
    moments = [timeline.moment(index) for index in range(0, timeline.frames, spread)]
    sampled = {option: samples(curve, moments) for option, curve in curves.items()}
    sheet = draw(sampled, float(timeline.frames / timeline.fps))
    save(from_bytes(np.asarray(sheet)), out)
    rows = [
        (option, sparkline(values), f"{min(values):.5g}..{max(values):.5g}")
        for option, values in sampled.items()
    ]
    table(("option", "over the film", "range"), rows)
    say(str(out))


@app.command()
def new(
    name: Annotated[str, Argument(help="the new preset: NAME.toml in this folder")],
    source: Annotated[
        str,
        Option(
            "--from",
            metavar="PRESET|FILE",
            help="the preset to begin with, what was rendered, or settings of Deforum or Parseq",
        ),
    ] = "quickstart",
) -> None:
    """Copy a preset, or what a file was rendered from, to NAME.toml here, to change and render."""
    from dreamvid.errors import OutputError, PresetError, quote
    from dreamvid.preset.load import load_preset, read_text
    from dreamvid.preset.settings_file import import_settings, is_settings_file
    from dreamvid.system.files import write_text

    missing: list[str] = []
    rows: tuple[tuple[str, str], ...] = ()
    if is_settings_file(Path(source)):
        text, rows, missing = import_settings(Path(source))
    elif _is_rendered(source):
        text, _preset, missing = _from_file(source, [])
    else:
        load_preset(source)  # what does not load is not worth copying
        text = read_text(source)
    path = Path(name if name.endswith(".toml") else f"{name}.toml")
    if path.name in (".toml", "..toml", "...toml") or not path.name.isprintable():
        raise PresetError("NAME", f"{quote(name)} is not a name", "such as mine")
    if path.exists():
        raise OutputError(f"{path} exists already; choose another name")
    write_text(path, text)
    if rows:
        table(("setting", "became"), rows)
    argument = shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))
    say(f"{path}: change it, then `dreamvid render {argument}`")
    for name in missing:
        where = "put it there, or change it" if rows else f"put it beside {path}"
        note(f"{name}, which it was made from, is not here: {where}")


def _is_rendered(name: str) -> bool:
    """Tell a rendered file or folder from a preset."""
    from dreamvid.preset.load import RENDERED, names

    path = Path(name)
    return name not in names() and (path.suffix.lower() in RENDERED or path.is_dir())


def _from_file(name: str, settings: list[str]) -> tuple[str, "Preset", list[str]]:
    from dreamvid.preset.load import lay_over
    from dreamvid.render.replay import open_source, written_preset

    text, preset, missing = written_preset(open_source(Path(name)))
    if settings:
        preset = lay_over(preset.model_dump(mode="json"), settings)
    return text, preset, missing


@app.command()
def schema() -> None:
    """Print the JSON schema of presets, from which editors complete and check."""
    from dreamvid.preset.schema import Preset

    say_json(Preset.model_json_schema())
