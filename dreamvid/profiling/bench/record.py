"""Record of a bench as a JSON object."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from dreamvid.profiling.bench.film import FilmTimes
from dreamvid.profiling.bench.peak import Memory
from dreamvid.profiling.bench.scaling import Scaled
from dreamvid.profiling.bench.spread import Spread
from dreamvid.profiling.bench.steps import Measured
from dreamvid.render.record.run_record import device_name, versions

FIRST = ("seconds_per_step", "mpixel_steps_per_second", "share_of_matrix_rate", "peak_bytes")
"""Keys of the first case that are repeated at the top of a record."""


def make_record(
    device: torch.device,
    precision: torch.dtype,
    cases: Sequence[Measured],
    film: FilmTimes | None,
    scaling: Sequence[Scaled],
) -> dict[str, Any]:
    """Make a record of JSON values, without keys for parts that were not measured.

    Args:
        cases: at least one.
    """
    tables = [_case(one) for one in cases]
    record: dict[str, Any] = {name: tables[0][name] for name in FIRST}
    record |= {"machine": _machine(device, precision), "cases": tables}
    if film:
        record["film"] = _film(film)
    if scaling:
        record["scaling"] = [_scaled(one) for one in scaling]
    return record


def _machine(device: torch.device, precision: torch.dtype) -> dict[str, Any]:
    single = precision == torch.float32
    tf32 = single and device.type == "cuda" and torch.backends.cudnn.allow_tf32
    return {
        "device": device_name(device),
        "type": device.type,
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        # of convolutions and `matrix_rate`
        "precision": "tf32" if tf32 else str(precision).removeprefix("torch."),
        "system": platform.platform(),
        "versions": versions(),
    }


def _processor() -> str:
    """Name of the processor, as far as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _case(found: Measured) -> dict[str, Any]:
    work = found.work
    return {
        "model": found.place.model,
        "layer": found.place.layer,
        "size": show_size(found.size),
        "repeats": found.repeats,
        **_spread("seconds_per_step", found.seconds),
        **_spread("mpixel_steps_per_second", found.mpixel_steps),
        **_spread("share_of_matrix_rate", found.share_of_matrix_rate),
        **_spread("share_of_floor", found.share_of_floor),
        **_spread("matrix_rate", found.matrix_rate),
        **_spread("copy_bandwidth", found.bandwidth),
        "floor_seconds": work.floor(found.matrix_rate.median, found.bandwidth.median),
        "flops": work.flops,
        "other_bytes": work.other_bytes,
        **_memory(found.memory),
    }


def _film(found: FilmTimes) -> dict[str, Any]:
    return {
        "preset": found.preset,
        "model": found.model,
        "size": show_size(found.size),
        "frames": found.frames,
        "seconds": found.seconds,
        "frames_per_second": found.frames / found.seconds,
        **_spread("seconds_per_frame", found.frame),
        "parts": found.parts,
        "shares": found.shares,
        "encoding_seconds": found.encoding,
        "encoding_share": found.encoding / found.seconds,
        **_memory(found.memory),
    }


def _scaled(found: Scaled) -> dict[str, Any]:
    return {
        "model": found.place.model,
        "layer": found.place.layer,
        "size": show_size(found.size),
        **_spread("seconds_per_step", found.seconds),
        "nanoseconds_per_pixel": found.nanoseconds_per_pixel,
        **_spread("relative", found.relative),
    }


def show_size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _spread(name: str, value: Spread) -> dict[str, Any]:
    return {name: value.median, f"{name}_quartiles": [value.low, value.high]}


def _memory(found: dict[str, Memory]) -> dict[str, int | None]:
    """Memory of the process, and of the computing device as `peak_bytes`."""
    device = found.get("gpu", found["process"])
    return {
        "baseline_bytes": device.baseline,
        "peak_bytes": device.peak,
        "process_baseline_bytes": found["process"].baseline,
        "process_peak_bytes": found["process"].peak,
    }
