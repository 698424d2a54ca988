"""Checks and readings that need torch; they run in a process of their own, see `aside`.

Arguments and results are JSON.
"""

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

from dreamvid.preset.load import lay_values
from dreamvid.preset.sites import find
from dreamvid.render.batch.checks import check_preset
from dreamvid.render.batch.schema import toml
from dreamvid.render.extend import plan
from dreamvid.render.replay import open_source, written_preset
from dreamvid.render.targets import shape_settings
from dreamvid.studio.server.upload_checks import check_upload


def prepare(
    table: dict[str, Any],
    *,
    title: str | None = None,
    size: str | None = None,
    frames: int | None = None,
    targets: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Make the preset of a film, and check that it can begin, as a batch does.

    Returns its table, with the length explicit; raises PresetError, ModelError or VideoError.
    """
    values: list[tuple[str, Any]] = [("title", title)] if title else []
    values += [("start.size", size)] if size else []
    values += [("video.frames", frames)] if frames else []
    if targets:
        for name in targets:
            find(name, "targets")
        values.append(("outputs.targets", list(targets)))
    table = deepcopy(table)
    preset = lay_values(table, values)
    given = [f"start.size={toml(size)}"] if size else []
    for setting in shape_settings(preset, given):
        preset = lay_values(table, [("start.size", setting.partition("=")[2].strip('"'))])
    whole = check_preset(preset, set())
    lay_values(table, [("video.frames", whole.video.count)])
    return table


def read_settings(path: str) -> dict[str, Any]:
    """Read the preset that a film, GIF, PNG or render folder was made from.

    Returns its `table` (found inputs by absolute path), its `title`, and the names of `missing`
    inputs. Raises PresetError, VideoError or ResumeError.
    """
    text, preset, missing = written_preset(open_source(Path(path)))
    return {"table": tomllib.loads(text), "title": preset.title, "missing": missing}


def plan_extension(folder: str, frames: int) -> dict[str, Any]:
    """Plan to make a film longer by so many frames; raises as `render.extend.plan`.

    Returns its length, `to`, its preset's `table`, and the options whose values `depend` on the
    length.
    """
    longer = plan(Path(folder), frames=frames)
    table = longer.preset.model_dump(mode="json", exclude_defaults=True)
    return {"to": longer.count, "table": table, "depends": list(longer.depends)}


TASKS = {task.__name__: task for task in (prepare, read_settings, plan_extension, check_upload)}
