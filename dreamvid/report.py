"""What a render tells about itself: the run record and contact sheets."""

import json
import platform
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from dreamvid.files import write_text
from dreamvid.image import Image, OtherSizeImage, resize
from dreamvid.job import Job

LIBRARIES = ("dreamvid", "torch", "torchvision", "kornia", "av", "pillow", "opencv-python-headless")


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def device_name(device: torch.device) -> str:
    """In words: the GPU's name, or the CPU and how many threads torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {device.type}, {torch.get_num_threads()} threads"


def write_run(
    path: Path, job: Job, *, device: torch.device, seconds: float, files: Sequence[Path]
) -> None:
    """run.json: what made the film, enough to make it again; raises OutputError.

    Args:
        seconds: spent rendering, over all runs of a resumed film.
    """
    frames = job.preset.video.count
    record: dict[str, Any] = {
        "preset": job.preset.model_dump(mode="json"),
        "files": job.files,
        "device": device_name(device),
        "versions": versions(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "frames": frames,
        "render_seconds": round(seconds, 2),
        "seconds_per_frame": round(seconds / frames, 3),
        "outputs": {file.name: file.stat().st_size for file in files},
    }
    write_text(path, json.dumps(record, indent=2) + "\n")


def contact_sheet(images: Sequence[OtherSizeImage], *, columns: int, width: int) -> Image:
    """Pictures side by side in rows, in reading order, each `width` pixels wide."""
    height = max(1, round(width * images[0].shape[-2] / images[0].shape[-1]))
    tiles = [resize(image.cpu(), (height, width)) for image in images]
    blank = torch.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % columns)
    rows = [torch.cat(tiles[n : n + columns], dim=-1) for n in range(0, len(tiles), columns)]
    return torch.cat(rows, dim=-2)
