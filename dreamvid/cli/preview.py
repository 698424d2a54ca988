"""`dreamvid preview`: show what a preset will look like, small, in seconds."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from dreamvid.cli.arguments import Device, Model, PresetName, Seed, Settings, Size, with_options
from dreamvid.cli.terminal.console import counted, say
from dreamvid.errors import PresetError

if TYPE_CHECKING:
    import torch

    from dreamvid.image import Image
    from dreamvid.preset.schema import Preset

FIRST = 12  # frames, by default


def preview(
    preset: PresetName,
    out: Annotated[
        Path | None,
        Option(
            help="a picture: a sheet; .mp4 or .gif: a film; "
            "default preview.png, with --motion preview.mp4"
        ),
    ] = None,
    frames: Annotated[
        int | None,
        Option(min=1, help="how far into the film to go; default 12, or all of it with ..."),
    ] = None,
    tiles: Annotated[int, Option(min=1, max=60, help="pictures on a sheet")] = 6,
    motion: Annotated[
        bool, Option("--motion", help="... the camera alone, on a chessboard")
    ] = False,
    sparse: Annotated[
        bool, Option("--sparse", help="... only a few frames dreamed, the others moved")
    ] = False,
    size: Size = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """Show what a preset will look like, small, in seconds."""
    from dreamvid.preset.load import load_preset

    if motion and sparse:
        raise PresetError("--motion", "has no dream, and --sparse is one", "give one of them")
    chosen = load_preset(preset, with_options(settings, size=size, seed=seed, model=model))
    path = out or Path("preview.mp4" if motion else "preview.png")

    from dreamvid.render.preview import check_preview, shrink, write_preview
    from dreamvid.system.device import pick

    check_preview(path)
    small = chosen if size else shrink(chosen)
    images, count, fps = _frames(small, frames, pick(device), motion=motion, sparse=sparse)
    shown = counted("frame", images, count) if motion or sparse else images
    write_preview(shown, path, count=count, fps=fps, tiles=tiles)
    say(str(path))


def _frames(
    preset: "Preset", frames: int | None, device: "torch.device", *, motion: bool, sparse: bool
) -> "tuple[Iterator[Image], int, Fraction]":
    """Return the images to show, how many there are, and their frames a second."""
    from dreamvid.film.resolve import with_video
    from dreamvid.render.motion_preview import camera_film, camera_frames
    from dreamvid.render.preview import film_frames, thin, with_size

    whole = with_video(preset).video.count
    count = min(whole, frames or (whole if motion or sparse else FIRST))
    if motion:
        film = camera_film(with_size(with_video(preset)))
        return camera_frames(film, count), count, film.timeline.fps
    preset, images = film_frames(thin(preset) if sparse else preset, device, frames=count)
    return images, count, preset.video.rate
