"""`dreamvid render`: render a preset to films."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Option

from dreamvid.cli.arguments import (
    Device,
    Fps,
    Frames,
    Fresh,
    Model,
    PresetName,
    Seed,
    Settings,
    Size,
    out_folder,
    shell_command,
    with_options,
)
from dreamvid.cli.terminal.console import note, say
from dreamvid.cli.terminal.finished import say_finished
from dreamvid.cli.terminal.frame_progress import frame_progress
from dreamvid.cli.terminal.stopping import stop_signals

if TYPE_CHECKING:
    from dreamvid.preset.schema import Preset
    from dreamvid.render.render import Progress


def render(
    preset: PresetName,
    out: Annotated[Path | None, Option(help="folder for the films; default out/NAME")] = None,
    frames: Frames = None,
    size: Size = None,
    fps: Fps = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
    targets: Annotated[
        list[str] | None,
        Option("--for", help="make this too, at the first one's shape: see `export --list`"),
    ] = None,
    watch: Annotated[
        bool, Option("--watch", help="keep a page in OUT/watch/ that shows it as it grows")
    ] = False,
    picture: Annotated[
        Literal["auto", "off", "blocks", "kitty", "iterm"],
        Option(help="show the newest frame in the terminal"),
    ] = "auto",
    fresh: Fresh = False,
) -> None:
    """Render a preset to films; the same command again goes on where it stopped."""
    from dreamvid.preset.load import load_preset

    changes = with_options(
        settings, frames=frames, size=size, fps=fps, seed=seed, model=model, targets=targets
    )
    if targets:
        changes += _shape(load_preset(preset, changes), changes)
    chosen = load_preset(preset, changes)
    folder = out_folder(out, "-".join([Path(preset).stem, *(targets or [])[:1]]))
    command = shell_command("render", preset, changes, folder)
    _render(chosen, preset, folder, device, picture, command=command, watch=watch, fresh=fresh)


def _render(
    preset: "Preset",
    name: str,
    out: Path,
    device: Device,
    picture: Literal["auto", "off", "blocks", "kitty", "iterm"],
    *,
    command: str,
    watch: bool,
    fresh: bool,
) -> None:
    """Render with progress in the terminal and, if wanted, on a page; `command` resumes it."""
    from dreamvid.film.resolve import with_video
    from dreamvid.monitor.observer import Observer
    from dreamvid.monitor.terminal import kind_for
    from dreamvid.render.render import render_film
    from dreamvid.system.device import pick

    picked, preset = pick(device), with_video(preset)
    frames = f"{preset.video.count} frames by {preset.model} on {picked.type}"
    say(f"{preset.title or name}: {frames}, into {out}")
    observer = Observer(preset, out, command=command, watch=watch)
    kind = kind_for(picture, os.environ)
    with stop_signals() as stop, frame_progress(kind, stop) as show, observer:

        def on_frame(progress: "Progress") -> None:
            show(progress)
            observer.on_frame(progress)

        if observer.watcher:
            note(f"watch it at {observer.watcher.page.resolve().as_uri()}")
        outcome = render_film(
            preset, out, device=picked, fresh=fresh, on_frame=on_frame, stop=stop, on_message=say
        )
        report = observer.finish(outcome)
    say_finished(outcome, preset.video.rate, report)


def _shape(chosen: "Preset", settings: list[str]) -> list[str]:
    """Return settings for the first target's shape, and say them."""
    from dreamvid.render.targets import shape_settings

    changes = shape_settings(chosen, settings)
    for change in changes:
        size, target = change.partition("=")[2].strip('"'), chosen.outputs.targets[0]
        say(f"dreamed at {size}, the shape of {target}; --size: more pixels, more time")
    return changes
