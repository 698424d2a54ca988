"""Save and load the state of a render, with its images exactly as they are in memory."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from dreamvid.errors import ResumeError
from dreamvid.film.engine import Frame
from dreamvid.render.work.arrays import packed, unpacked
from dreamvid.render.work.poster import Poster
from dreamvid.system.files import whole_file

POSTER = "poster"
MEMORY = "memory "  # prefix of a remembered image's name


@dataclass(frozen=True)
class Checkpoint:
    """State of a render: its latest frame, and the frames that no segment holds yet."""

    frame: Frame
    pending: tuple[np.ndarray, ...] = ()  # in the encoder's pixel format, oldest first
    seconds: float = 0.0  # spent rendering so far
    segments: Mapping[str, str] = field(default_factory=dict)  # digests by file name
    poster: Poster | None = None  # the best frame so far


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, and keep the one before as `before(path)`; raises OutputError.

    It uses NumPy, since it is called from the encoder's thread: a single parallel torch operation
    there leaves a second pool of OpenMP threads, and from then on both pools sleep instead
    of spinning, which makes every later frame half as slow again.
    """
    frame = checkpoint.frame
    # A remembered image is mostly the shown one, which need not be written twice.
    shown = [name for name, image in frame.memory.items() if image is frame.image]
    images = {f"{MEMORY}{name}": frame.memory[name] for name in frame.memory.keys() - shown}
    images |= {"image": frame.image}
    arrays = {name: image.detach().cpu().numpy() for name, image in images.items()}
    arrays |= {f"pending{n}": frame for n, frame in enumerate(checkpoint.pending)}
    about = {"index": frame.index, "seconds": checkpoint.seconds, "shown": shown}
    about["memory"] = list(frame.memory)  # in this order
    about["segments"] = dict(checkpoint.segments)
    if poster := checkpoint.poster:
        arrays |= {POSTER: poster.pixels}
        about |= {POSTER: {"frame": poster.frame, "score": poster.score}}
    with whole_file(path, make=False) as partial:
        partial.write_bytes(packed(arrays, about))
        _keep_old(path)


def before(path: Path) -> Path:
    """Path of the checkpoint before the newest one."""
    return path.with_name(f"before-{path.name}")


def _keep_old(path: Path) -> None:
    """Link the checkpoint that is about to be replaced, on file systems with hard links."""
    if path.exists():
        before(path).unlink(missing_ok=True)
        with suppress(OSError):
            os.link(path, before(path))


def load(path: Path, device: torch.device) -> Checkpoint:
    """Read a checkpoint, with its images on `device`; raises ResumeError if it is damaged."""
    tensors, about = unpacked(path)
    try:
        image = tensors["image"].to(device)
        memory = {
            name: image if name in about["shown"] else tensors[f"{MEMORY}{name}"].to(device)
            for name in about["memory"]
        }
        count = sum(name.startswith("pending") for name in tensors)
        pending = tuple(tensors[f"pending{n}"].numpy() for n in range(count))
        frame = Frame(about["index"], image, memory)
        chosen = about.get(POSTER)
        poster = Poster(**chosen, pixels=tensors[POSTER].numpy()) if chosen else None
        return Checkpoint(frame, pending, about["seconds"], about["segments"], poster)
    except (KeyError, TypeError) as error:  # another version's
        raise ResumeError(f"{path} is damaged ({error}); --fresh starts over") from None
