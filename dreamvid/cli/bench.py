"""`dreamvid bench`: measure how fast this machine dreams."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Option

from dreamvid.cli.arguments import Device, Json, refuse
from dreamvid.cli.terminal.console import note, say, say_json, table
from dreamvid.errors import PresetError, quote

if TYPE_CHECKING:
    from dreamvid.profiling.bench.plan import Plan

FRAMES = 48  # default length of the film

FilmPreset = Annotated[
    str | None,
    Option(help="of the film; default: google-classic, or quickstart without googlenet"),
]
FilmSettings = Annotated[
    list[str] | None,
    Option("--set", metavar="KEY=VALUE", help="over the film's preset; repeatable"),
]
Studio = Annotated[bool, Option("--studio", help="the studio instead, as a window of it sees it")]
Width = Annotated[
    int | None, Option(min=64, max=1920, help="of the studio's preview; default: its own")
]
Seconds = Annotated[int | None, Option(min=5, max=86400, help="that the studio plays; default: 60")]
Compare = Annotated[Path | None, Option(metavar="FILE", help="what --out wrote, to compare with")]


def bench(
    model: Annotated[
        list[str] | None,
        Option(help="default: lite0, and googlenet if it is installed; repeatable"),
    ] = None,
    layer: Annotated[
        list[str] | None, Option(help="default: the models' usual ones; repeatable")
    ] = None,
    size: Annotated[
        list[str] | None, Option(metavar="WxH", help="default: 768x432; repeatable")
    ] = None,
    repeats: Annotated[int, Option(min=1, max=1000, help="of each measurement")] = 7,
    precision: Annotated[
        Literal["auto", "single", "half"], Option(help="as dream.precision")
    ] = "auto",
    scaling: Annotated[
        bool, Option("--scaling", help="sizes from 256x144 up too, per pixel")
    ] = False,
    film: Annotated[str | None, Option(metavar="WxH", help="a film of this size too")] = None,
    preset: FilmPreset = None,
    frames: Annotated[int | None, Option(min=2, help=f"default: {FRAMES}")] = None,
    settings: FilmSettings = None,
    studio: Studio = False,
    width: Width = None,
    seconds: Seconds = None,
    compare: Compare = None,
    out: Annotated[Path | None, Option(metavar="FILE", help="write the JSON here")] = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Measure how fast this machine dreams, how near that is to its limit, where time goes."""
    if studio:
        _measure_studio(preset or "quickstart", width, seconds or 60, device, as_json)
        return
    refuse("there is no studio to measure", "--studio", width=width, seconds=seconds)
    sizes = list(dict.fromkeys(_size("--size", text) for text in size or ["768x432"]))
    film_size = None if film is None else _size("--film", film)
    if film is None:
        problem, cure = "there is no film to measure", "such as --film 640x360"
        refuse(problem, cure, preset=preset, frames=frames, set=settings or None)

    from dreamvid.profiling.bench.plan import make_plan
    from dreamvid.system.device import pick

    plan = make_plan(
        model or [],
        layer or [],
        sizes,
        repeats=repeats,
        device=pick(device),
        precision=precision,
        scaling=scaling,
        film=film_size,
        preset=preset,
        frames=frames or FRAMES,
        settings=settings or [],
    )
    _measure(plan, compare, out, as_json)


def _measure_studio(
    preset: str, width: int | None, seconds: int, device: str, as_json: bool
) -> None:
    from dreamvid.cli.terminal.units import file_size
    from dreamvid.studio.bench.measure import measure

    found = measure(preset, width, seconds, device)
    if as_json:
        say_json(asdict(found))
        return
    say(f"{preset} at {found.size}, for {seconds} s")
    say(f"first picture  {found.first_picture:.1f} s after the start of the program")
    say(f"first dream    {found.first_dream:.1f} s after play")
    say(f"dreamed        {found.dreamed:.1f} a second")
    say(f"shown          {found.shown:.1f} a second, the longest gap {found.longest_gap:.2f} s")
    times = f"median {found.control_median:.2f} s, worst {found.control_worst:.2f} s"
    say(f"control moved to picture changed: {times}")
    if found.memory_before and found.memory_after:
        sizes = f"{file_size(found.memory_before)}, then {file_size(found.memory_after)}"
        say(f"memory         {sizes}")


def _measure(plan: "Plan", compare: Path | None, out: Path | None, as_json: bool) -> None:
    from dreamvid.profiling.bench import tables
    from dreamvid.profiling.bench.compare import check_common, differences, read_record
    from dreamvid.profiling.bench.compare import compare as compare_records
    from dreamvid.profiling.bench.plan import carry_out
    from dreamvid.system.files import check_writable, write_text

    earlier = read_record(compare) if compare else None
    if compare and earlier:
        check_common(compare, earlier, plan.names)
    if out:
        check_writable(out)
    record = carry_out(plan, note)
    if earlier:
        record["compared"] = [asdict(row) for row in compare_records(earlier, record)]
        if changes := differences(earlier, record):
            note(f"--compare: {'; '.join(changes)}")
    if out:
        write_text(out, json.dumps(record, indent=2) + "\n")
    if as_json:
        say_json(record)
    else:
        _show(record)
        if earlier:
            say(f"before: {tables.machine_line(earlier)}")
            table(tables.COMPARED, tables.compared_rows(record["compared"]))


def _show(record: dict[str, Any]) -> None:
    from dreamvid.profiling.bench import tables

    say(tables.machine_line(record))
    table(tables.CASES, tables.case_rows(record["cases"]))
    for case in record["cases"]:
        say(tables.rate_line(case))
    if "scaling" in record:
        table(tables.SCALING, tables.scaling_rows(record["scaling"]))
    if "film" in record:
        say(tables.film_line(record["film"]))
        table(tables.FILM, tables.film_rows(record["film"]))


def _size(option: str, text: str) -> tuple[int, int]:
    from dreamvid.preset.values import check_size, read_size

    try:
        size = read_size(text)
        assert isinstance(size, tuple)  # read from text
        return check_size(size)
    except ValueError as error:
        raise PresetError(option, f"{error}, got {quote(text)}") from None
