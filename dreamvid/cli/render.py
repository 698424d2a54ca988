from pathlib import Path
from typing import Annotated

import typer

from dreamvid.cli.arguments import Device, Fps, Frames, Model, Seed, Settings, Size, as_settings
from dreamvid.cli.console import duration, file_size, frame_progress, say
from dreamvid.cli.stopping import stop_signals
from dreamvid.errors import PresetError, Stopped


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
    fresh: Annotated[bool, typer.Option("--fresh", help="start over, do not resume")] = False,
) -> None:
    """Render a preset to films; the same command again goes on where it stopped."""
    from dreamvid.preset import load_preset

    options = as_settings(
        video_frames=frames, start_size=size, video_fps=fps, seed=seed, model=model
    )
    chosen = load_preset(preset, [*(settings or []), *options])
    if out is not None and out == Path():
        raise PresetError("--out", "is empty", "give a folder")
    target = out or Path("out") / Path(preset).stem

    from dreamvid.device import pick
    from dreamvid.render import render_film
    from dreamvid.resolve import with_video

    picked, chosen = pick(device), with_video(chosen)
    what = f"{chosen.video.count} frames by {chosen.model} on {picked.type}"
    say(f"{chosen.title or preset}: {what}, into {target}")
    with stop_signals() as stop, frame_progress() as show:
        outcome = render_film(chosen, target, device=picked, fresh=fresh, on_frame=show, stop=stop)
    if not outcome.finished:
        done = f"{outcome.frames} of {outcome.count} frames are done"
        raise Stopped(f"stopped; {done}, and the same command goes on from there")
    length = duration(float(outcome.count / chosen.video.rate))
    say(f"{outcome.count} frames, {length} of film")
    for path in outcome.files:
        say(f"{path}  {file_size(path.stat().st_size)}")
