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
    """Make a record of JSON values, without keys for parts that were not measured."""
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


def _case(case: Measured) -> dict[str, Any]:
    work = case.work
    return {
        "model": case.model_layer.model,
        "layer": case.model_layer.layer,
        "size": show_size(case.size),
        "repeats": case.repeats,
        **_spread("seconds_per_step", case.seconds),
        **_spread("mpixel_steps_per_second", case.mpixel_steps),
        **_spread("share_of_matrix_rate", case.share_of_matrix_rate),
        **_spread("share_of_floor", case.share_of_floor),
        **_spread("matrix_rate", case.matrix_rate),
        **_spread("copy_bandwidth", case.bandwidth),
        "floor_seconds": work.floor(case.matrix_rate.median, case.bandwidth.median),
        "flops": work.flops,
        "other_bytes": work.other_bytes,
        **_memory(case.memory),
    }


def _film(film: FilmTimes) -> dict[str, Any]:
    return {
        "preset": film.preset,
        "model": film.model,
        "size": show_size(film.size),
        "frames": film.frames,
        "seconds": film.seconds,
        "frames_per_second": film.frames / film.seconds,
        **_spread("seconds_per_frame", film.frame),
        "parts": film.parts,
        "shares": film.shares,
        "encoding_seconds": film.encoding,
        "encoding_share": film.encoding / film.seconds,
        **_memory(film.memory),
    }


def _scaled(scaled: Scaled) -> dict[str, Any]:
    return {
        "model": scaled.model_layer.model,
        "layer": scaled.model_layer.layer,
        "size": show_size(scaled.size),
        **_spread("seconds_per_step", scaled.seconds),
        "nanoseconds_per_pixel": scaled.nanoseconds_per_pixel,
        **_spread("relative", scaled.relative),
    }


def show_size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _spread(name: str, value: Spread) -> dict[str, Any]:
    return {name: value.median, f"{name}_quartiles": [value.low, value.high]}


def _memory(memory: dict[str, Memory]) -> dict[str, int | None]:
    """Memory of the process, and of the computing device as `peak_bytes`."""
    device = memory.get("gpu", memory["process"])
    return {
        "baseline_bytes": device.baseline,
        "peak_bytes": device.peak,
        "process_baseline_bytes": memory["process"].baseline,
        "process_peak_bytes": memory["process"].peak,
    }
