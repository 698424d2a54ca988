"""Choice of the device that computes. Everything else is given one."""

import os

import torch

from dreamvid.errors import PresetError


def pick(name: str) -> torch.device:
    """Device of a name, "auto" being the fastest; raises PresetError if it is not there."""
    present = available()
    if name == "auto":
        return torch.device(present[-1])
    if name not in present:
        raise PresetError("--device", f"there is no {name} here", f"there is: {', '.join(present)}")
    return torch.device(name)


def available() -> list[str]:
    """List the names of this machine's devices, slowest first."""
    devices = ["cpu"]
    if torch.backends.mps.is_available():
        devices.append("mps")
    if torch.cuda.is_available():
        devices.append("cuda")
    return devices


def cores() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # neither macOS nor Windows has it
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
