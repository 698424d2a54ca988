import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dreamvid.cli.arguments import (
    Device,
    Fps,
    Frames,
    Model,
    Seed,
    Settings,
    Size,
    as_settings,
    out_folder,
    words,
)
from dreamvid.cli.terminal.console import note, say
from dreamvid.cli.terminal.finished import say_finished
from dreamvid.cli.terminal.frame_progress import frame_progress
from dreamvid.cli.terminal.stopping import stop_signals

if TYPE_CHECKING:
    from dreamvid.preset.schema import Preset
    from dreamvid.render.render import Progress


def render(
    preset: Annotated[str, typer.Argument(help="a name from `presets list`, or a .toml file")],
    out: Annotated[Path | None, typer.Option(help="folder for the films; default out/NAME")] = None,
    frames: Frames = None,
    size: Size = None,
    fps: Fps = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--for", help="make this too, at the first one's shape: see `export --list`"),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="keep a page in OUT/watch/ that shows it as it grows")
    ] = False,
    picture: Annotated[
        Literal["auto", "off", "blocks", "kitty", "iterm"],
        typer.Option(help="show the newest frame in the terminal"),
    ] = "auto",
    fresh: Annotated[bool, typer.Option("--fresh", help="start over, do not resume")] = False,
) -> None:
    """Render a preset to films; the same command again goes on where it stopped."""
    from dreamvid.preset.load import load_preset

    options = as_settings(
        video_frames=frames,
        start_size=size,
        video_fps=fps,
        seed=seed,
        model=model,
        outputs_targets=targets,
    )
    asked = [*(settings or []), *options]
    if targets:
        asked += _shape(load_preset(preset, asked), asked)
    chosen = load_preset(preset, asked)
    target = out_folder(out, "-".join([Path(preset).stem, *(targets or [])[:1]]))

    from dreamvid.film.resolve import with_video
    from dreamvid.monitor.observer import Observer
    from dreamvid.monitor.terminal import kind_for
    from dreamvid.render.render import render_film
    from dreamvid.system.device import pick

    picked, chosen = pick(device), with_video(chosen)
    what = f"{chosen.video.count} frames by {chosen.model} on {picked.type}"
    say(f"{chosen.title or preset}: {what}, into {target}")
    again = words("render", preset, asked, target)
    observer = Observer(chosen, target, command=again, watch=watch)
    kind = kind_for(picture, os.environ)
    with stop_signals() as stop, frame_progress(kind, stop) as show, observer:

        def on_frame(progress: "Progress") -> None:
            show(progress)
            observer.on_frame(progress)

        if observer.watcher:
            note(f"watch it at {observer.watcher.page.resolve().as_uri()}")
        outcome = render_film(
            chosen, target, device=picked, fresh=fresh, on_frame=on_frame, stop=stop, on_message=say
        )
        report = observer.finish(outcome)
    say_finished(outcome, chosen.video.rate, report)


def _shape(chosen: "Preset", settings: list[str]) -> list[str]:
    """The setting for the first target's shape, which is said."""
    from dreamvid.render.targets import shape_settings

    found = shape_settings(chosen, settings)
    for size in found:
        what = f"dreamed at {size.partition('=')[2].strip(chr(34))}"
        say(f"{what}, the shape of {chosen.outputs.targets[0]}; --size: more pixels, more time")
    return found
