"""Content of a record: a film's inputs, device and versions.

Neither date, duration nor folders: rendering twice gives the same bytes, and a film that is posted
does not reveal its maker's paths.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreamvid.errors import PresetError
from dreamvid.media.metadata import FORMAT
from dreamvid.preset.colour import is_scene
from dreamvid.preset.load import explain
from dreamvid.preset.objectives import is_name

RENDER = "dreamvid render"  # the first entry of every made_by

Text = Annotated[str, Field(max_length=300)]
Digest = Annotated[str, Field(pattern=r"^((sha256|sha1):)?[0-9a-f]{40,64}$")]


class Record(BaseModel):
    """A well-formed record; its preset is not checked yet."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    preset: dict[str, Any]  # resolved: every option
    files: dict[Text, Digest]  # by "start.path sha256", "model.file sha256" and so on
    device: Text = ""
    device_kind: Text = ""  # as --device takes it
    threads: int | None = Field(default=None, ge=1, le=1024)  # torch's, on a CPU
    versions: dict[Text, Text]
    output: Text = ""  # the file of the render that it was embedded in, without its suffix
    made_by: tuple[Text, ...] = (RENDER,)

    @property
    def afterwards(self) -> tuple[str, ...]:
        """The commands that changed the file after it was rendered."""
        return self.made_by[1:]


def check_record(table: dict[str, Any], source: str) -> Record:
    """Validate a record that was read; raises PresetError naming the source and the fault."""
    try:
        return Record.model_validate(table)
    except ValidationError as error:
        raise PresetError(source, f"its record is damaged: {explain(error, Record)}") from None


def record_for_file(provenance: dict[str, Any], output: str) -> dict[str, Any]:
    """Make the record to embed in a file: the provenance, with paths reduced to names.

    `output` is the file in the render folder, without its suffix.
    """
    header = {"format": FORMAT, "output": output, "made_by": [RENDER]}
    return header | with_names(provenance)


def with_names(provenance: dict[str, Any]) -> dict[str, Any]:
    """Reduce the paths in a provenance to the files' names."""

    def named(option: str, path: str) -> str:
        name = file_name(path)  # a bare one could be taken for the name of a direction or scene
        direction = re.fullmatch(r"dream\.direction(\[\d+\])?", option)
        bare = (direction and is_name(name)) or (
            option.startswith("colour.like") and is_scene(name)
        )
        return f"./{name}" if bare else name

    return provenance | {"preset": with_paths(provenance["preset"], named)}


def paths_in(preset: dict[str, Any]) -> dict[str, str]:
    """List the paths in a preset's table by option, as `with_paths` does."""
    paths: dict[str, str] = {}
    with_paths(preset, lambda option, path: paths.setdefault(option, path))
    return paths


def with_paths(preset: dict[str, Any], change: Callable[[str, str], str]) -> dict[str, Any]:
    """Replace each path of a file in a preset's table by `change(option, path)`.

    The options are named as `film.inputs` does. The table is one of `model_dump`: in another
    spelling, such as a guide that is a plain string, paths would be missed.
    """
    preset = deepcopy(preset)

    def put(table: Any, key: str, option: str) -> None:
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = change(option, table[key])

    dream = preset.get("dream")
    dream = dream if isinstance(dream, dict) else {}
    for group in ("start", "sound"):
        put(preset.get(group), "path", f"{group}.path")
    colour = preset.get("colour")
    likes = colour.get("like") if isinstance(colour, dict) else None
    if not is_scene(likes):
        put(colour, "like", "colour.like")
    for n, like in enumerate(likes if isinstance(likes, list | tuple) else ()):
        if isinstance(like, dict) and not is_scene(like.get("of")):
            put(like, "of", f"colour.like[{n}].of")
    if not is_name(dream.get("direction")):
        put(dream, "direction", "dream.direction")
    put(dream.get("mask"), "path", "dream.mask.path")
    for key, named in (("guide", "path"), ("direction", "name")):
        entries = dream.get(key)
        for n, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
            if isinstance(entry, dict):
                if named == "path" or not is_name(entry.get(named)):
                    put(entry, named, f"dream.{key}[{n}]")
                put(entry.get("mask"), "path", f"dream.{key}[{n}].mask.path")
    return preset


def file_name(path: str) -> str:
    """The last part of a path of any system; "file" if that is not the name of a file.

    A pattern of pictures, such as *.png, says little without its folder: it has that name, too.
    """
    name = PureWindowsPath(PurePosixPath(path).name).name
    folder = PureWindowsPath(path).parent.name
    if re.search(r"[*?]|%(0\d+)?d", name) and folder not in ("", "..") and "\0" not in path:
        return f"{folder}/{name}"
    return name if name not in ("", ".", "..") and "\0" not in name else "file"
