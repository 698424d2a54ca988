"""Format a record as lines and table rows for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = tuple[str, ...]

CASE = ("model", "layer", "size")  # keys that name a case
CASES = (*CASE, "s/step", "half within", "Mpx-steps/s", "of matrix rate", "of floor", "memory")
SCALING = (*CASE, "s/step", "ns/pixel", "to 768x432's", "half within")
FILM = ("part", "seconds", "share")
COMPARED = ("what", "s before", "s now", "faster", "half within", "of matrix rate", "half within")


def machine_line(record: Mapping[str, Any]) -> str:
    machine = record["machine"]
    torch = machine["versions"]["torch"]
    return f"{machine['device']}, {machine['processor']}, torch {torch}, {machine['precision']}"


def case_rows(cases: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [
        (
            *(case[key] for key in CASE),
            f"{case['seconds_per_step']:.4f}",
            _within(case["seconds_per_step_quartiles"], 4),
            f"{case['mpixel_steps_per_second']:.3f}",
            f"{case['share_of_matrix_rate']:.3f}",
            f"{case['share_of_floor']:.3f}",
            _megabytes(case["peak_bytes"]),
        )
        for case in cases
    ]


def rate_line(case: Mapping[str, Any]) -> str:
    """Format the machine's rates during a case, the floor by them, and the memory before it."""
    return (
        f"{case['model']} {case['layer']} {case['size']}: "
        f"matrix product {case['matrix_rate'] / 1e9:.1f} GFLOP/s, "
        f"copy {case['copy_bandwidth'] / 1e9:.1f} GB/s; "
        f"a step is {_three(case['flops'] / 1e9)} GFLOP "
        f"and {_three(case['other_bytes'] / 1e9)} GB beside, "
        f"a floor of {case['floor_seconds']:.4f} s; {_megabytes(case['baseline_bytes'])} before it"
    )


def scaling_rows(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [
        (
            *(row[key] for key in CASE),
            f"{row['seconds_per_step']:.4f}",
            f"{row['nanoseconds_per_pixel']:.1f}",
            f"{row['relative']:.2f}",
            _within(row["relative_quartiles"], 2),
        )
        for row in rows
    ]


def film_line(film: Mapping[str, Any]) -> str:
    return (
        f"{film['preset']} ({film['model']}) {film['size']}, {film['frames']} frames: "
        f"{film['frames_per_second']:.2f} frames/s in all; "
        f"{film['seconds_per_frame']:.4f} s from frame to frame, "
        f"half within {_within(film['seconds_per_frame_quartiles'], 4)}; "
        f"memory {_megabytes(film['peak_bytes'])}, {_megabytes(film['baseline_bytes'])} before it"
    )


def film_rows(film: Mapping[str, Any]) -> list[Row]:
    shares = film["shares"]
    rows = [(name, f"{took:.3f}", f"{shares[name]:.1%}") for name, took in film["parts"].items()]
    beside = f"{film['encoding_seconds']:.3f}", f"{film['encoding_share']:.1%}"
    return [*rows, ("encoding, beside", *beside)]


def compared_rows(comparisons: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [
        (
            one["name"],
            f"{one['before']:.4f}",
            f"{one['now']:.4f}",
            *_ratio(one["faster"]),
            *(_ratio(one["share"]) if one["share"] else ("-", "-")),
        )
        for one in comparisons
    ]


def _ratio(spread: Mapping[str, float]) -> Row:
    return f"{spread['median']:.2f}", _within((spread["low"], spread["high"]), 2)


def _within(quartiles: Sequence[float], digits: int) -> str:
    low, high = quartiles
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _three(value: float) -> str:
    """Format a number with three significant digits."""
    return f"{float(f'{value:.3g}'):g}"


def _megabytes(count: int | None) -> str:
    return "-" if count is None else f"{count / 1e6:.0f} MB"
