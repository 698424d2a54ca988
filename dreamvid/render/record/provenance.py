"""What a record says: all that a film was made from, and on what.

Nothing of when, how long or where: the same render twice gives the same bytes, and a film
that is posted tells nobody its maker's folders.
"""

from collections.abc import Callable
from copy import deepcopy
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreamvid.errors import PresetError
from dreamvid.media.metadata import FORMAT
from dreamvid.preset.dream import is_name
from dreamvid.preset.load import explain

RENDER = "dreamvid render"  # the first step of every film

Text = Annotated[str, Field(max_length=300)]
Digest = Annotated[str, Field(pattern=r"^((sha256|sha1):)?[0-9a-f]{40,64}$")]


class Record(BaseModel):
    """A record that was read, and is well-formed; its preset is yet to be checked."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    preset: dict[str, Any]  # resolved: every option
    files: dict[Text, Digest]  # "start.path sha256", "model.file sha256" and so on
    device: Text = ""
    device_kind: Text = ""  # as --device has it
    threads: int | None = Field(default=None, ge=1, le=1024)  # of torch, on a CPU
    versions: dict[Text, Text]
    output: Text = ""  # which file of the render it was put into, without its suffix
    made_by: tuple[Text, ...] = (RENDER,)

    @property
    def afterwards(self) -> tuple[str, ...]:
        """What was done to the file after it was rendered."""
        return self.made_by[1:]


def check_record(table: dict[str, Any], source: str) -> Record:
    """Raises PresetError naming the source and what is wrong."""
    try:
        return Record.model_validate(table)
    except ValidationError as error:
        raise PresetError(source, f"its record is damaged: {explain(error, Record)}") from None


def embedded(made: dict[str, Any], output: str) -> dict[str, Any]:
    """As it is put into a file: of paths the names alone.

    Args:
        made: of `report.made`.
        output: the file in the render folder, without its suffix.
    """

    def named(option: str, path: str) -> str:
        name = file_name(path)  # a direction's could be taken for a shelf's
        return f"./{name}" if option == "dream.direction" and is_name(name) else name

    preset = with_paths(made["preset"], named)
    return {"format": FORMAT, "output": output, "made_by": [RENDER]} | made | {"preset": preset}


def with_paths(preset: dict[str, Any], change: Callable[[str, str], str]) -> dict[str, Any]:
    """A preset's table, the paths of files in it changed.

    Args:
        preset: as `model_dump` gives it. In a stranger's own spelling, such as a guide that is
            a text alone, paths would be missed.
        change: is told the option, named as `job.inputs` does, and the path.
    """
    preset = deepcopy(preset)

    def put(table: Any, key: str, option: str) -> None:
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = change(option, table[key])

    dream = preset.get("dream")
    dream = dream if isinstance(dream, dict) else {}
    for group in ("start", "colour", "sound"):
        key = "like" if group == "colour" else "path"
        put(preset.get(group), key, f"{group}.{key}")
    if not is_name(dream.get("direction")):
        put(dream, "direction", "dream.direction")
    put(dream.get("mask"), "path", "dream.mask.path")
    guides = dream.get("guide")
    for n, guide in enumerate(guides if isinstance(guides, list | tuple) else ()):
        put(guide, "path", f"dream.guide[{n}]")
        if isinstance(guide, dict):
            put(guide.get("mask"), "path", f"dream.guide[{n}].mask.path")
    return preset


def file_name(path: str) -> str:
    """The last part of a path of any system; "file" where it has none that names a file."""
    name = PureWindowsPath(PurePosixPath(path).name).name
    return name if name not in ("", ".", "..") and "\0" not in name else "file"
