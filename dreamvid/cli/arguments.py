"""Options that several commands share, and what they mean for a preset."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from dreamvid.errors import PresetError

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="change one setting, such as dream.octaves=6"),
]
Model = Annotated[str | None, typer.Option(help="a name from `dreamvid models list`")]
Frames = Annotated[int | None, typer.Option(help="length of the film")]
Fps = Annotated[str | None, typer.Option(help="frames a second, such as 24")]
Seed = Annotated[int | None, typer.Option(help="another film of the same kind")]
Size = Annotated[str | None, typer.Option(metavar="WxH", help="film size in pixels")]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="where to compute; auto: the fastest")
]
Json = Annotated[bool, typer.Option("--json", help="for another program to read")]
Captions = Annotated[
    Path | None,
    typer.Option(
        help="CSV or JSON of files and captions, or a folder of them; "
        "default: the .txt or .json beside each photo"
    ),
]
OutPicture = Annotated[Path, typer.Option("--out", help="the picture to write, .png or .jpg")]


def as_settings(**options: object) -> list[str]:
    """Command-line options as settings: start_size="64x48" -> 'start.size="64x48"'.

    JSON's strings and numbers are TOML's too.
    """
    return [
        f"{name.replace('_', '.', 1)}={json.dumps(value, ensure_ascii=False)}"
        for name, value in options.items()
        if value is not None
    ]


def words(command: str, preset: str, settings: Sequence[str], out: Path) -> str:
    """What to type into a shell for a preset with these settings."""
    set_them = [word for setting in settings for word in ("--set", setting)]
    return shlex.join(["dreamvid", command, preset, "--out", str(out), *set_them])


def out_folder(out: Path | None, name: str) -> Path:
    """The folder for films, out/NAME if none is given; raises PresetError."""
    if out is not None and out == Path():
        raise PresetError("--out", "is empty, or this very folder", "give one of its own")
    return out or Path("out") / name
