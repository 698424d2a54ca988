"""`dreamvid replay`: render again what a file was made from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import Device, Fresh, Settings, out_folder
from dreamvid.cli.terminal.console import say
from dreamvid.cli.terminal.finished import check_finished
from dreamvid.cli.terminal.frame_progress import frame_progress
from dreamvid.cli.terminal.stopping import stop_signals
from dreamvid.errors import DreamvidError, PresetError

if TYPE_CHECKING:
    from dreamvid.render.replay import Source

OUTPUTS = ("forward", "reverse", "loop", "poster", "run")  # file names that every render has


def replay(
    file: Annotated[
        Path, Argument(help="a film or picture that dreamvid made, or a render's folder")
    ],
    out: Annotated[
        Path | None, Option(help="folder for the films; default out/NAME-replay")
    ] = None,
    device: Device = "auto",
    settings: Settings = None,
    fresh: Fresh = False,
    strict: Annotated[
        bool, Option("--strict", help="fail where frames differ that should not")
    ] = False,
) -> None:
    """Render again what a file was made from; with --set, a variation of it."""
    from dreamvid.film.resolve import with_video
    from dreamvid.render import replay as replaying
    from dreamvid.render.render import render_film

    changes = settings or []
    if strict and changes:
        raise PresetError("--strict", "has nothing to compare with --set", "leave one out")
    source = replaying.open_source(file)
    target = out_folder(out, f"{_name(file)}-replay")
    if _would_overwrite(source.folder, target):
        raise PresetError("--out", f"{target} is where the old files are", "choose another folder")
    _say_record(source)
    picked = replaying.device_of(source.record, device)
    preset = with_video(replaying.preset_of(source, changes))
    with replaying.threads(source.record, picked):
        differences = replaying.differences(source.record, preset, picked)
        say(f"{preset.video.count} frames by {preset.model} on {picked.type}, into {target}")
        say(_expectation(changes, differences))
        with stop_signals() as stop, frame_progress() as show:
            outcome = render_film(
                preset, target, device=picked, fresh=fresh, on_frame=show, stop=stop
            )
    check_finished(outcome)
    for path in outcome.files:
        say(str(path))
    new = None if changes else replaying.counterpart(source, outcome.files, target)
    if source.film and new:
        result = replaying.compare(source.film, new)
        say(f"{source.film} and {new}: {result}")
        if strict and not (result.identical or differences):
            raise DreamvidError(f"{source.film}: its frames differ, and should not")
    elif strict:
        raise DreamvidError(f"{file}: nothing of the new render can be compared with it")


def _would_overwrite(folder: Path, target: Path) -> bool:
    """Tell if a render into `target` may write over files of a folder."""
    folder, target = folder.resolve(), target.resolve()
    return target == folder or (folder.name == "stills" and target == folder.parent)


def _name(file: Path) -> str:
    """Return a file's name, or its folder's if every render has a file of that name."""
    file = file.resolve()
    return file.parent.name if file.stem in OUTPUTS else file.stem


def _say_record(source: "Source") -> None:
    """Print what a file's record says, in single lines: the text may be a stranger's."""
    record = source.record
    version = record.versions.get("dreamvid", "unknown")
    plural = "s" if record.threads != 1 else ""
    threads = f", {record.threads} thread{plural}" if record.threads else ""
    device = record.device or "an unknown device"
    say(_line(f"{source.path}: made by dreamvid {version} on {device}{threads}"))
    if record.afterwards:
        steps = ", ".join(record.afterwards)
        say(_line(f"since then: {steps}; that is not done again, the film before it is rendered"))


def _expectation(changes: list[str], differences: list[str]) -> str:
    if changes:
        return _line(f"a variation: {', '.join(changes)}")
    if differences:
        return _line(f"frames will be close, perhaps not identical: {'; '.join(differences)}")
    return "frames will be identical: the same device, threads, versions and files"


def _line(text: str) -> str:
    return " ".join(text.split())
