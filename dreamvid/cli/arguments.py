"""Options that several commands share, and the preset settings they stand for."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

from dreamvid.errors import PresetError

PresetName = Annotated[str, Argument(help="a name from `presets list`, or a .toml file")]
BasePreset = Annotated[str | None, Option("--preset", help="take model and settings from it")]
Settings = Annotated[
    list[str] | None,
    Option("--set", metavar="KEY=VALUE", help="change one setting, such as dream.octaves=6"),
]
Model = Annotated[str | None, Option(help="a name from `dreamvid models list`")]
ModelName = Annotated[str, Argument(help="a name from `dreamvid models list`")]
Frames = Annotated[int | None, Option(help="length of the film")]
Fps = Annotated[str | None, Option(help="frames a second, such as 24")]
Seed = Annotated[int | None, Option(help="another film of the same kind")]
Size = Annotated[str | None, Option(metavar="WxH", help="film size in pixels")]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"], Option(help="where to compute; auto: the fastest")
]
Fresh = Annotated[bool, Option("--fresh", help="start over, do not resume")]
Json = Annotated[bool, Option("--json", help="for another program to read")]
Captions = Annotated[
    Path | None,
    Option(
        help="CSV or JSON of files and captions, or a folder of them; "
        "default: the .txt or .json beside each photo"
    ),
]

KEYS = {
    "frames": "video.frames",
    "fps": "video.fps",
    "size": "start.size",
    "seed": "seed",
    "model": "model",
    "targets": "outputs.targets",
}
"""Preset keys of the options."""


def with_options(settings: list[str] | None, **options: object) -> list[str]:
    """Append options to settings by their preset keys: size="64x48" -> 'start.size="64x48"'.

    JSON's strings and numbers are TOML's too.
    """
    changes = {KEYS[name]: value for name, value in options.items() if value is not None}
    texts = {key: json.dumps(value, ensure_ascii=False) for key, value in changes.items()}
    return [*(settings or []), *(f"{key}={text}" for key, text in texts.items())]


def refuse(problem: str, cure: str, **options: object) -> None:
    """Raise PresetError for the first of these options that is given."""
    for option, value in options.items():
        if value is not None:
            raise PresetError(f"--{option}", problem, cure)


def shell_command(command: str, preset: str, settings: Sequence[str], out: Path) -> str:
    """Quote the shell command line that runs a preset with these settings."""
    options = [arg for setting in settings for arg in ("--set", setting)]
    return shlex.join(["dreamvid", command, preset, "--out", str(out), *options])


def out_folder(out: Path | None, name: str) -> Path:
    """Return the folder for films, out/NAME by default; raises PresetError."""
    if out is not None and out == Path():
        raise PresetError("--out", "is empty, or this very folder", "give one of its own")
    return out or Path("out") / name
