from pathlib import Path
from typing import Annotated

import typer

from dreamvid.cli.arguments import Device, Model, Seed, Settings, Size, as_settings
from dreamvid.cli.terminal.console import counted, say
from dreamvid.errors import PresetError

FIRST = 12  # frames, where nothing else is asked for


def preview(
    preset: Annotated[str, typer.Argument(help="a name from `presets list`, or a .toml file")],
    out: Annotated[
        Path | None,
        typer.Option(
            help="a picture: a sheet; .mp4 or .gif: a film; "
            "default preview.png, with --motion preview.mp4"
        ),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(min=1, help="how far into the film to go; default 12, or all of it with ..."),
    ] = None,
    tiles: Annotated[int, typer.Option(min=1, max=60, help="pictures on a sheet")] = 6,
    motion: Annotated[
        bool, typer.Option("--motion", help="... the camera alone, on a chessboard")
    ] = False,
    sparse: Annotated[
        bool, typer.Option("--sparse", help="... only a few frames dreamed, the others moved")
    ] = False,
    size: Size = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """What a preset will look like, small, in seconds."""
    from dreamvid.preset.load import load_preset

    if motion and sparse:
        raise PresetError("--motion", "has no dream, and --sparse is one", "give one of them")
    options = as_settings(start_size=size, seed=seed, model=model)
    chosen = load_preset(preset, [*(settings or []), *options])
    path = out or Path("preview.mp4" if motion else "preview.png")

    from dreamvid.film.resolve import with_video
    from dreamvid.render.motion_preview import camera_film, camera_frames
    from dreamvid.render.preview import (
        check_preview,
        film_frames,
        shrink,
        thin,
        with_size,
        write_preview,
    )
    from dreamvid.system.device import pick

    check_preview(path)
    small = chosen if size else shrink(chosen)
    whole = with_video(small).video.count
    count = min(whole, frames or (whole if motion or sparse else FIRST))
    if motion:
        film = camera_film(with_size(with_video(small)))
        rate, images = film.timeline.fps, camera_frames(film, count)
    else:
        small, images = film_frames(thin(small) if sparse else small, pick(device), frames=count)
        rate = small.video.rate
    shown = counted("frame", images, count) if motion or sparse else images
    write_preview(shown, path, count=count, fps=rate, tiles=tiles)
    say(str(path))
