"""report.html: all about a finished render in one file, for people.

Titles, names and settings are strangers' text: everything is escaped.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from dreamvid.errors import ResumeError, VideoError
from dreamvid.film.timeline import make_timeline, schedules, sound_of
from dreamvid.image import Bytes
from dreamvid.monitor.charts import curve, shares
from dreamvid.monitor.contact_sheet import pictures_over
from dreamvid.monitor.css import STYLE
from dreamvid.monitor.thumbnail import as_jpeg
from dreamvid.monitor.timings import Timings
from dreamvid.preset.schema import Preset, flatten
from dreamvid.schedule.plot import INKS, samples
from dreamvid.system.files import write_text

NAME = "report.html"
PICTURES = 24  # at most, on the contact sheet
LONGEST = 320  # pixels of one of them
MOMENTS = 200  # at which schedules are drawn
PLAYED = (".mp4", ".webm")  # what browsers play


@dataclass(frozen=True, kw_only=True)
class Report:
    record: dict[str, Any]  # run.json
    preset: Preset  # of the film, as it was asked for
    command: str
    timings: Timings
    film: Path
    pictures: list[tuple[float, Bytes]]  # seconds, picture


def write_report(out: Path, preset: Preset, film: Path, command: str, timings: Timings) -> Path:
    """Write OUT/report.html beside run.json; raises OutputError, VideoError, ResumeError."""
    try:
        record = json.loads((out / "run.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ResumeError(f"{out / 'run.json'}: cannot be read: {error}") from None
    pictures = pictures_over(film, count=min(PICTURES, preset.video.count), longest=LONGEST)
    report = Report(
        record=record,
        preset=preset,
        command=command,
        timings=timings,
        film=film,
        pictures=pictures,
    )
    write_text(out / NAME, "\n".join(_page(report)) + "\n")
    return out / NAME


def _page(report: Report) -> Iterator[str]:
    title = report.preset.title or "A dream"
    yield '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n<body>"
    yield f"<h1>{escape(title)}</h1>"
    if report.preset.about:
        yield f"<p>{escape(report.preset.about)}</p>"
    yield from _film(report)
    yield from _numbers(report)
    yield from _sheet(report.pictures)
    yield from _timings(report)
    yield from _schedules(report.preset)
    yield "<h2>Make it again</h2>"
    yield f"<pre>{escape(report.command)}</pre>"
    yield "<h2>Settings that are not the usual ones</h2>"
    yield from _table(changed_settings(report.record["preset"]))
    yield "<h2>Made with</h2>"
    yield from _table(_made_with(report.record))
    yield "<h2>Files</h2>"
    yield from _files(report.record["outputs"])
    yield "</body></html>"


def _film(report: Report) -> Iterator[str]:
    if report.film.suffix in PLAYED:
        first = f' poster="{_data(report.pictures[0][1])}"' if report.pictures else ""
        width, height = _size(report)
        whole = f"width: min(100%, calc(75vh * {width} / {height}))"  # seen without scrolling
        source = f'src="{quote(report.film.name)}" style="{whole}"'
        yield f"<video {source} controls loop muted playsinline{first}></video>"


def _size(report: Report) -> tuple[int, int]:
    """(width, height)"""
    width, height = str(report.record["preset"]["start"]["size"]).split("x")
    return int(width), int(height)


def _numbers(report: Report) -> Iterator[str]:
    record, video = report.record, report.preset.video
    width, height = _size(report)
    numbers = {
        "frames": record["frames"],
        f"seconds at {video.rate} a second": f"{float(video.count / video.rate):.2f}",
        "pixels": f"{width} x {height}",
        "seconds of rendering": record["render_seconds"],
        "seconds a frame": record["seconds_per_frame"],
        "runs": len(report.timings.runs) or "-",
    }
    yield '<h2>In numbers</h2>\n<div class="numbers">'
    for name, value in numbers.items():
        yield f"<div><b>{escape(str(value))}</b>{escape(name)}</div>"
    yield "</div>"


def _sheet(pictures: list[tuple[float, Bytes]]) -> Iterator[str]:
    yield '<h2>Over its length</h2>\n<div class="sheet">'
    for seconds, pixels in pictures:
        yield f'<figure><img src="{_data(pixels)}" alt="at {seconds:.2f} seconds">'
        yield f"<figcaption>{seconds:.2f} s</figcaption></figure>"
    yield "</div>"


def _data(pixels: Bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(pixels)).decode('ascii')}"


def _timings(report: Report) -> Iterator[str]:
    timings = report.timings
    if not timings.frames:
        return
    numbers = sorted(timings.frames)
    took = [timings.frames[number] for number in numbers]
    last = max(numbers)
    yield "<h2>Where the time went</h2>"
    begun = sorted({run for run in timings.runs if run})  # where it was taken up again
    marks = [run / last for run in begun if run <= last]
    name = f"a frame, half of them within {median(took):.3g} s"
    ends = f"frame {numbers[0]}", f"frame {last}"
    yield from curve(name, took, ends, unit=" s", ink=INKS[1], marks=marks)
    parts = {"loading and first frames": timings.until_first, "frames": sum(took)}
    yield from shares(parts | {"writing the films": timings.films})


def _schedules(preset: Preset) -> Iterator[str]:
    found = dict(schedules(preset))
    if not found:
        return
    try:
        timeline = make_timeline(preset, sound_of(preset))
        step = -(-timeline.frames // MOMENTS)
        moments = [timeline.moment(n) for n in range(0, timeline.frames, step)]
        drawn = {option: samples(number, moments) for option, number in found.items()}
    except (VideoError, ValueError):  # the sound has gone since it was heard
        return
    end = f"{float(timeline.frames / timeline.fps):.4g} s"
    yield "<h2>What changes over time</h2>"
    for number, (option, values) in enumerate(drawn.items()):
        yield from curve(option, values, ("0 s", end), ink=INKS[number % len(INKS)])


def changed_settings(preset: dict[str, Any]) -> dict[str, Any]:
    """Of a preset as run.json has it, what is not at its default: {"motion.zoom": 1.8, ...}."""
    usual = flatten(Preset.model_construct().model_dump(mode="json"))
    found = flatten({key: value for key, value in preset.items() if key not in ("title", "about")})
    return {key: value for key, value in found.items() if usual.get(key) != value}


def _made_with(record: dict[str, Any]) -> dict[str, Any]:
    told = {"model": record["preset"]["model"], "seed": record["preset"]["seed"]}
    told |= record["files"] | {"device": record["device"], "finished": record["finished"]}
    return told | {f"{name} version": number for name, number in record["versions"].items()}


def _table(rows: dict[str, Any]) -> Iterator[str]:
    yield "<table>"
    for name, value in rows.items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"<tr><td>{escape(name)}</td><td><code>{escape(shown)}</code></td></tr>"
    yield "</table>"


def _files(sizes: dict[str, int]) -> Iterator[str]:
    yield "<table>"
    for name, size in sizes.items():
        shown = f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
        yield f'<tr><td><a href="{quote(name)}">{escape(name)}</a></td><td>{shown}</td></tr>'
    yield "</table>"
