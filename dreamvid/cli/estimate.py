"""`dreamvid estimate`: predict the time, memory and disk that a render takes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dreamvid.cli.arguments import (
    Device,
    Fps,
    Frames,
    Json,
    Model,
    PresetName,
    Seed,
    Settings,
    Size,
    with_options,
)
from dreamvid.cli.terminal.console import say, say_json
from dreamvid.cli.terminal.units import duration, file_size

if TYPE_CHECKING:
    from dreamvid.profiling.estimate import Estimate


def estimate(
    preset: PresetName,
    frames: Frames = None,
    size: Size = None,
    fps: Fps = None,
    seed: Seed = None,
    model: Model = None,
    device: Device = "auto",
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Predict what a render will take, time, memory and disk, from a few frames of it."""
    from dreamvid.preset.load import load_preset

    changes = with_options(settings, frames=frames, size=size, fps=fps, seed=seed, model=model)
    chosen = load_preset(preset, changes)

    import time

    from dreamvid.profiling.estimate import estimate as measure
    from dreamvid.system.device import pick

    picked = pick(device)
    facts = _facts(measure(chosen, picked, loading=time.process_time()), picked.type)
    if as_json:
        say_json(facts)
        return
    tiles = f", in tiles of {facts['tile']}" if facts["tile"] else ""
    say(f"{facts['frames']} frames of {facts['size']} on {facts['device']}{tiles}")
    say(f"time    {_row(facts['seconds'], duration)}; {facts['seconds_per_frame']:.2f} s a frame")
    say(f"memory  {_row(facts['memory'], file_size)}")
    if facts["gpu"]:
        say(f"gpu     {file_size(facts['gpu'])}")
    say(f"disk    {_row(facts['disk'], file_size)}")


def _facts(estimate: "Estimate", device: str) -> dict[str, Any]:
    """Convert for JSON: seconds and whole bytes by purpose, each with their `total`."""
    seconds = {part: round(value, 3) for part, value in estimate.seconds.items()}
    memory, disk = (
        {part: round(value) for part, value in parts.items()}
        for parts in (estimate.memory, estimate.disk)
    )
    tables = {"seconds": seconds, "memory": memory, "disk": disk}
    totals = {name: parts | {"total": sum(parts.values())} for name, parts in tables.items()}
    return {
        "frames": estimate.frames,
        "dreamed": estimate.dreamed,
        "size": "{}x{}".format(*estimate.size),
        "device": device,
        "tile": estimate.tile,
        "seconds_per_frame": round(totals["seconds"]["total"] / estimate.frames, 3),
        "gpu": round(estimate.gpu),
        **totals,
    }


def _row(parts: dict[str, float], shown: Callable[[Any], str]) -> str:
    """Format the total, then its parts."""
    rest = ", ".join(f"{name} {shown(value)}" for name, value in parts.items() if name != "total")
    return f"{shown(parts['total'])}: {rest}"
