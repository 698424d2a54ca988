"""What a render tells about itself: the run record and contact sheets."""

import json
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from dreamvid.errors import VideoError
from dreamvid.film.job import Job
from dreamvid.image import Image, OtherSizeImage, resize
from dreamvid.media.metadata import (
    FORMAT,
    CannotEmbedError,
    embed,
    read_record,
    record_files,
)
from dreamvid.render.record.provenance import embedded
from dreamvid.system.files import write_text

LIBRARIES = (
    "dreamvid",
    "torch",
    "torchvision",
    "numba",
    "kornia",
    "av",
    "pillow",
    "opencv-python-headless",
)


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # numba, which has a fallback
        return "none"


def device_name(device: torch.device) -> str:
    """In words: the GPU's name, or the CPU and how many threads torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {device.type}, {torch.get_num_threads()} threads"


def processor(device: torch.device) -> str:
    """What computes, as precisely as its results depend on it: a GPU's name, or the CPU's.

    With what torch takes of its instructions: on other ones sums are taken in another order.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    return f"{name} ({device.type}, {torch.backends.cpu.get_cpu_capability()})"


def made(job: Job, device: torch.device) -> dict[str, Any]:
    """What a film is made from and on: the same for every run that gives the same film."""
    return {
        "preset": job.preset.model_dump(mode="json"),
        "files": job.files,
        "device": processor(device),
        "device_kind": device.type,
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def write_made(path: Path, job: Job, device: torch.device) -> None:
    """What a film is being made from, before there is one; raises OutputError."""
    write_text(path, json.dumps({"format": FORMAT} | made(job, device), indent=2) + "\n")


def sign(
    out: Path,
    job: Job,
    device: torch.device,
    files: Sequence[Path],
    note: Callable[[str], None],
) -> None:
    """Let every file of a finished render, and its stills, carry the record.

    Raises OutputError where one cannot be written.

    Args:
        note: told which file is left without, and why.
    """
    record = made(job, device)
    stills = [out / "stills" / f"{number:06d}.png" for number in job.preset.outputs.stills]
    kept = [path for path in stills if path.exists()]  # a number may be past the film's end
    for file in (*files, *kept):
        name = file.relative_to(out).with_suffix("").as_posix()
        ours = embedded(record, name)
        for path in record_files(file):
            try:
                if read_record(path) != ours:
                    embed(path, ours)
            except (CannotEmbedError, VideoError) as error:
                note(f"without a record: {error}")


def write_run(
    path: Path, job: Job, *, device: torch.device, seconds: float, files: Sequence[Path]
) -> None:
    """run.json: what made the film, enough to make it again; raises OutputError.

    Args:
        seconds: spent rendering, over all runs of a resumed film.
    """
    frames = job.preset.video.count
    record = {"format": FORMAT} | made(job, device)
    record |= {
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
