"""The records that a render writes, run.json and the embedded ones, and contact sheets."""

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
from dreamvid.media.metadata import FORMAT, CannotEmbedError, embed, read_record, record_files
from dreamvid.models.layers import kernels
from dreamvid.render.record.provenance import record_for_file, with_names
from dreamvid.system.digests import sealed
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
    """Versions of Python and of the libraries that results depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # numba is optional
        return "none"


def device_name(device: torch.device) -> str:
    """The GPU's name, or the CPU's architecture and torch's number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {device.type}, {torch.get_num_threads()} threads"


def processor(device: torch.device) -> str:
    """The GPU's name, or the CPU's with the instruction set that torch uses.

    Results depend on the instruction set: sums are taken in another order.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if "model name" in line)
    return f"{name} ({device.type}, {torch.backends.cpu.get_cpu_capability()})"


def provenance(job: Job, device: torch.device) -> dict[str, Any]:
    """The inputs, device and versions of a film: equal for every run that gives the same film."""
    return {
        "preset": job.preset.model_dump(mode="json"),
        "files": job.files,
        "device": processor(device),
        "device_kind": device.type,
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def write_provenance(path: Path, job: Job, device: torch.device) -> None:
    """Write the provenance of a film before it is rendered; raises OutputError."""
    table = sealed({"format": FORMAT} | provenance(job, device))
    write_text(path, json.dumps(table, indent=2) + "\n")


def embed_records(
    out: Path, job: Job, device: torch.device, files: Sequence[Path], note: Callable[[str], None]
) -> None:
    """Embed the record in every file of a finished render and in its stills.

    Calls `note` with a line for each file left without one. Raises OutputError.
    """
    table = provenance(job, device)
    stills = [out / "stills" / f"{number:06d}.png" for number in job.preset.outputs.stills]
    stills = [path for path in stills if path.exists()]  # a number may be past the film's end
    for file in (*files, *stills):
        name = file.relative_to(out).with_suffix("").as_posix()
        record = record_for_file(table, name)
        for path in record_files(file):
            try:
                if read_record(path) != record:
                    embed(path, record)
            except (CannotEmbedError, VideoError) as error:
                note(f"without a record: {error}")


def write_run(
    path: Path,
    job: Job,
    *,
    device: torch.device,
    seconds: float,
    files: Sequence[Path],
    poster: int,
) -> None:
    """Write run.json: all that is needed to make the film again, with its inputs' names.

    `seconds` is the rendering time over all runs of a resumed film, `poster` the frame that is
    poster.png. Raises OutputError.
    """
    frames = job.preset.video.count
    record = {"format": FORMAT} | with_names(provenance(job, device))
    record |= {
        "kernels": kernels.status(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "frames": frames,
        "poster_frame": poster,
        "render_seconds": round(seconds, 2),
        "seconds_per_frame": round(seconds / frames, 3),
        "outputs": {file.name: file.stat().st_size for file in files},
    }
    write_text(path, json.dumps(record, indent=2) + "\n")


def contact_sheet(images: Sequence[OtherSizeImage], *, columns: int, width: int) -> Image:
    """Arrange images in rows, in reading order, each `width` pixels wide."""
    height = max(1, round(width * images[0].shape[-2] / images[0].shape[-1]))
    tiles = [resize(image.cpu(), (height, width)) for image in images]
    blank = torch.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % columns)
    rows = [torch.cat(tiles[n : n + columns], dim=-1) for n in range(0, len(tiles), columns)]
    return torch.cat(rows, dim=-2)
