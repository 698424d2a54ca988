"""report.html: a finished render in one file, with its film, pictures, timings and settings."""

import base64
import json
import re
import shlex
from pathlib import Path
from statistics import median
from typing import Any

from dreamvid.errors import ResumeError, VideoError
from dreamvid.film.inputs import inputs
from dreamvid.film.timeline import make_timeline, sound_of
from dreamvid.image import Bytes
from dreamvid.inspect.bands import judge
from dreamvid.inspect.film import Inspection, inspect_film
from dreamvid.inspect.summary import MEANINGS, curves_of, verdict_of
from dreamvid.media.clip import pictures_of
from dreamvid.monitor.charts import Curve, make_curve
from dreamvid.monitor.contact_sheet import sample_frames
from dreamvid.monitor.thumbnail import as_jpeg
from dreamvid.monitor.timings import Timings
from dreamvid.preset.schedules import schedules
from dreamvid.preset.schema import Preset, flatten
from dreamvid.render.record.provenance import file_name
from dreamvid.schedule.plot import INKS, samples
from dreamvid.system.files import write_text
from dreamvid.system.html import fill_template

NAME = "report.html"
TEMPLATE = Path(__file__).parent / "templates" / NAME
PICTURES = 24  # at most, on the contact sheet
LONGEST = 320  # pixels of a picture's longer side
MOMENTS = 200  # at which schedules are drawn
_QUOTED = re.compile(r"(?<=['\"])[^'\"]+(?=['\"])")
MEASURED, PAIRS = 240, 24  # frames, and pairs for flicker, that the measures are taken from
PLAYED = (".mp4", ".webm")  # by browsers


def write_report(out: Path, preset: Preset, film: Path, command: str, timings: Timings) -> Path:
    """Write OUT/report.html beside run.json; raises OutputError, VideoError, ResumeError.

    Args:
        preset: as the user gave it, with rate and length spelled out.
    """
    try:
        record = json.loads((out / "run.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ResumeError(f"{out / 'run.json'}: cannot be read: {error}") from None
    pictures = sample_frames(film, count=min(PICTURES, preset.video.count), longest=LONGEST)
    measures = inspect_film(
        pictures_of(film), loop=preset.loop.kind != "none", most=MEASURED, pairs=PAIRS
    )
    width, height = str(record["preset"]["start"]["size"]).split("x")
    length = f"{float(preset.video.count / preset.video.rate):.2f}"
    times = {
        "loading and first frames": timings.until_first,
        "frames": sum(timings.frames.values()),
        "writing the films": timings.films,
    }
    numbers = {
        "frames": record["frames"],
        f"seconds at {preset.video.rate} a second": length,
        "pixels": f"{width} x {height}",
        "seconds of rendering": record["render_seconds"],
        "seconds a frame": record["seconds_per_frame"],
        "runs": len(timings.runs) or "-",
    }
    page = fill_template(
        TEMPLATE,
        title=preset.title or "A dream",
        about=preset.about,
        playable=film.suffix in PLAYED,
        film=film.name,
        width=int(width),
        height=int(height),
        pictures=[(seconds, _data_url(pixels)) for seconds, pixels in pictures],
        measures=_measures(measures),
        verdict=verdict_of(judge(measures, record["preset"])),
        numbers=numbers,
        frame_times=_frame_times(timings),
        times=times,
        inks=INKS,
        schedules=_schedules(preset),
        command=_posted(command, preset),
        settings=_texts(changed_settings(record["preset"])),
        made_with=_texts(_made_with(record)),
        files={name: _file_size(size) for name, size in record["outputs"].items()},
    )
    write_text(out / NAME, page)
    return out / NAME


def _posted(command: str, preset: Preset) -> str:
    """Reduce the paths in a command to names, since a report is shown to others."""
    files = {path.expanduser().resolve() for path in inputs(preset).values()}

    def named(text: str) -> str:
        try:
            ours = Path(text).expanduser().resolve() in files
        except (OSError, ValueError, RuntimeError):  # not a path
            return text
        return file_name(text) if ours else text

    def posted(before: str, word: str) -> str:
        if before != "--set":  # the preset, a folder
            return file_name(word)
        key, equals, value = word.partition("=")
        return key + equals + re.sub(_QUOTED, lambda quoted: named(quoted[0]), named(value))

    words = shlex.split(command)
    return shlex.join(map(posted, ["", *words], words))


def _data_url(pixels: Bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(as_jpeg(pixels)).decode('ascii')}"


def _file_size(size: int) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def _measures(film: Inspection) -> list[Curve]:
    """Draw light, colour, clipping, detail, flicker and the cross over the film."""
    ends = "0 s", f"{film.seconds:.4g} s"
    return [
        make_curve(MEANINGS[name], values, ends, ink=INKS[number % len(INKS)])
        for number, (name, values) in enumerate(curves_of(film).items())
    ]


def _frame_times(timings: Timings) -> Curve | None:
    """Draw the seconds of each frame, with a mark where a run resumed; None without timings."""
    if not timings.frames:
        return None
    numbers = sorted(timings.frames)
    seconds = [timings.frames[number] for number in numbers]
    last = max(numbers)
    name = f"a frame, half of them within {median(seconds):.3g} s"
    ends = f"frame {numbers[0]}", f"frame {last}"
    marks = [run / last for run in sorted({*timings.runs}) if 0 < run <= last]
    return make_curve(name, seconds, ends, unit=" s", ink=INKS[1], marks=marks)


def _schedules(preset: Preset) -> list[Curve]:
    """Draw each setting that changes over the film."""
    numbers = dict(schedules(preset))
    if not numbers:
        return []
    try:
        timeline = make_timeline(preset, sound_of(preset))
        step = -(-timeline.frames // MOMENTS)
        moments = [timeline.moment(n) for n in range(0, timeline.frames, step)]
        drawn = {option: samples(number, moments) for option, number in numbers.items()}
    except (VideoError, ValueError):  # the sound has gone since it was heard
        return []
    ends = "0 s", f"{float(timeline.frames / timeline.fps):.4g} s"
    return [
        make_curve(option, values, ends, ink=INKS[number % len(INKS)])
        for number, (option, values) in enumerate(drawn.items())
    ]


def changed_settings(preset: dict[str, Any]) -> dict[str, Any]:
    """Select the settings of run.json's preset that are not at their default, by dotted name."""
    defaults = flatten(Preset.model_construct().model_dump(mode="json"))
    given = flatten({key: value for key, value in preset.items() if key not in ("title", "about")})
    return {key: value for key, value in given.items() if defaults.get(key) != value}


def _made_with(record: dict[str, Any]) -> dict[str, Any]:
    rows = {"model": record["preset"]["model"], "seed": record["preset"]["seed"]}
    rows |= record["files"] | {"device": record["device"], "finished": record["finished"]}
    return rows | {f"{name} version": number for name, number in record["versions"].items()}


def _texts(rows: dict[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in rows.items()
    }
