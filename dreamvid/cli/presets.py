from pathlib import Path
from typing import Annotated

import typer

from dreamvid.cli.arguments import Json
from dreamvid.cli.console import duration, say, say_json, table

app = typer.Typer(help="List, show, copy and describe presets.", no_args_is_help=True)


@app.command("list")
def list_presets(as_json: Json = False) -> None:
    """The presets that come with dreamvid."""
    from dreamvid.preset import load_preset, names

    found = {name: load_preset(name) for name in names()}
    if as_json:
        say_json({name: preset.model_dump(mode="json") for name, preset in found.items()})
        return
    rows = []
    for name, preset in found.items():
        width, height = preset.start.size or (0, 0)
        length = duration(float(preset.video.count / preset.video.rate))
        rows.append((name, preset.model, f"{width}x{height}", length, preset.about))
    table(("preset", "model", "size", "length", "what it is"), rows)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="a preset's name, or a .toml file")],
    as_json: Json = False,
) -> None:
    """A preset's text; with --json every option, defaults spelled out."""
    from dreamvid.preset import load_preset, read_text

    preset = load_preset(name)
    say_json(preset.model_dump(mode="json")) if as_json else say(read_text(name).rstrip())


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="the new preset: NAME.toml in this folder")],
    source: Annotated[
        str, typer.Option("--from", metavar="PRESET", help="the preset to begin with")
    ] = "quickstart",
) -> None:
    """Copy a preset to NAME.toml here, to change and render."""
    from dreamvid.errors import OutputError, PresetError, quote
    from dreamvid.files import write_text
    from dreamvid.preset import load_preset, read_text

    load_preset(source)  # what does not load is not worth copying
    path = Path(name if name.endswith(".toml") else f"{name}.toml")
    if path.name in (".toml", "..toml", "...toml"):
        raise PresetError("NAME", f"{quote(name)} is not a name", "such as mine")
    if path.exists():
        raise OutputError(f"{path} exists already; choose another name")
    write_text(path, read_text(source))
    shown = f"./{path}" if str(path).startswith("-") else path
    say(f"{path}: change it, then `dreamvid render {shown}`")


@app.command()
def schema() -> None:
    """The JSON schema of presets: editors complete and check from it."""
    from dreamvid.options import Preset

    say_json(Preset.model_json_schema())
