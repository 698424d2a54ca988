"""Which device computes. The only place that chooses one; everything else is given it."""

import os

import torch

from dreamvid.errors import PresetError


def pick(name: str) -> torch.device:
    """'auto' is the fastest there is; raises PresetError for one that is not there."""
    present = available()
    if name == "auto":
        return torch.device(present[-1])
    if name not in present:
        raise PresetError("--device", f"there is no {name} here", f"there is: {', '.join(present)}")
    return torch.device(name)


def available() -> list[str]:
    """Slowest first."""
    found = ["cpu"]
    if torch.backends.mps.is_available():
        found.append("mps")
    if torch.cuda.is_available():
        found.append("cuda")
    return found


def cores() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # neither macOS nor Windows has it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
