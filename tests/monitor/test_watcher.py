"""A render that is looked at while it goes on, and its report."""

import json
import threading
import zlib
from fractions import Fraction
from html.parser import HTMLParser

import av
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.film.resolve import with_video
from dreamvid.monitor.observer import Observer
from dreamvid.monitor.timings import read_timings
from dreamvid.preset.load import load_preset
from dreamvid.render.render import render_film

CPU = torch.device("cpu")
TITLE = '<script>alert(1)</script> & "more"'
VOID = {"meta", "img", "br", "line", "polyline", "link"}


class Page(HTMLParser):
    """Elements that are closed in the order they were opened, and their text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text, self.tags, self.links = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID - {"line", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data.strip())


def small(*settings):
    few = ["start.size=64x36", "dream.octaves=1", "dream.steps=1", "dream.pyramid=0"]
    few += ["dream.layers=block_1/expand", "video.fps=4", "video.frames=10"]
    chosen = load_preset("quickstart", [*few, "motion.turn=10*sin(t)", *settings])
    return with_video(chosen.model_copy(update={"title": TITLE}))


def watched(preset, out, *, watch=False, then=lambda progress: None, stop=lambda: False):
    with Observer(preset, out, command="dreamvid render <x>", watch=watch) as observer:

        def on_frame(progress):
            observer.on_frame(progress)
            then(progress)

        outcome = render_film(preset, out, device=CPU, on_frame=on_frame, stop=stop)
        return observer.finish(outcome)


def status(out):
    text = (out / "watch" / "status.js").read_text("ascii")
    assert text.startswith("watching(") and text.endswith(");\n")
    return json.loads(text[len("watching(") : -3])


def test_report_is_escaped_and_equals_run_json(tmp_path):
    report = watched(small(), tmp_path)
    assert report and report == tmp_path / "report.html"
    page = Page(report.read_text("utf-8"))
    record = json.loads((tmp_path / "run.json").read_text())
    assert "script" not in page.tags and page.text.count(TITLE) == 2  # title and heading
    assert "dreamvid render '<x>'" in page.text
    for said in (record["frames"], record["render_seconds"], record["seconds_per_frame"]):
        assert str(said) in page.text
    assert record["files"]["model.file sha256"] in page.text
    assert (
        "How it holds" in page.text
        and "cross: contrast of the middle lines over others'" in page.text
    )
    assert "motion.turn" in page.text and "dream.steps" in page.text
    assert "video.crf" not in page.text  # which is at its default
    inside = [link for link in page.links if link.startswith("data:image/jpeg;base64,")]
    assert len(inside) == 10
    outside = set(page.links) - set(inside)
    assert outside == {*record["outputs"]}


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["ffv1", "vp9", "prores"])
def test_contact_sheet_of_all_kinds_of_films(tmp_path, codec):
    report = watched(small(f"video.codec={codec}", "video.frames=6"), tmp_path)
    assert report and report.read_text("utf-8").count("<figure>") == 6


@pytest.mark.slow
def test_timings_of_all_runs_are_kept(tmp_path):
    stops = iter([False, False, False, True])
    assert watched(small(), tmp_path, stop=lambda: next(stops)) is None
    assert not (tmp_path / "report.html").exists()
    watched(small(), tmp_path)
    kept = read_timings(tmp_path / ".render" / "timings.jsonl", most=10)
    assert kept.runs == [0, 4] and kept.until_first > 0 and kept.films > 0
    assert sorted(kept.frames) == [2, 3, 4, 6, 7, 8, 9, 10]  # a run's first also loads


def test_timings_that_are_damaged_are_ignored(tmp_path):
    path = tmp_path / "timings.jsonl"
    begun = line(b'{"run": 0, "until_first": 1.5}')
    good = begun + line(b'{"frame": 2, "seconds": [0.5, "x", 0.25, 1e+99]}')
    flipped = line(b'{"films": 1.5}').replace(b"1.5", b"9.5")
    path.write_bytes(
        good + flipped + b"[\xff\n" + line(b'{"frame": -1, "seconds": [1]}') + begun[:9]
    )
    kept = read_timings(path, most=3)
    assert (kept.frames, kept.runs, kept.until_first) == ({2: 0.5}, [0], 1.5)
    assert kept.films == 0
    assert read_timings(tmp_path / "none", most=3).frames == {}


def line(text):
    return text[:-1] + f', "crc": {zlib.crc32(text)}}}\n'.encode()


@pytest.mark.slow
def test_watch_files_are_always_complete(tmp_path):
    folder, over, seen, wrong = tmp_path / "watch", threading.Event(), set(), []

    def look():
        while not over.is_set():
            try:
                if (folder / "poster.png").exists():
                    with PilImage.open(folder / "poster.png") as poster:
                        poster.load()
                if (folder / "watch.mp4").exists():
                    with av.open(str(folder / "watch.mp4")) as film:
                        seen.add(sum(1 for _ in film.decode(video=0)))
                if (folder / "status.js").exists():
                    status(tmp_path)
            except Exception as error:
                wrong.append(error)

    reader = threading.Thread(target=look)
    reader.start()
    watched(small("video.frames=40"), tmp_path, watch=True)
    over.set()
    reader.join()
    assert not wrong and seen
    told = status(tmp_path)
    assert (told["state"], told["done"], told["count"]) == ("finished", 40, 40)
    assert told["title"] == TITLE and "forward.mp4" in told["files"]
    with av.open(str(folder / "watch.mp4")) as film:
        stream = film.streams.video[0]
        assert stream.average_rate == Fraction(4) and (stream.width, stream.height) == (64, 36)
        assert sum(1 for _ in film.decode(video=0)) == 40


def test_watch_page_shows_a_stop_and_a_failure(tmp_path):
    watched(small(), tmp_path / "a", watch=True, stop=lambda: True)
    told = status(tmp_path / "a")
    assert told["state"] == "stopped" and told["line"].startswith("1 of 10 frames are done")

    def fail(progress):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        watched(small(), tmp_path / "b", watch=True, then=fail)
    assert status(tmp_path / "b")["state"] == "failed"


@pytest.mark.slow
def test_watch_changes_no_film(tmp_path):
    watched(small(), tmp_path / "a")
    watched(small(), tmp_path / "b", watch=True)
    for name in ("forward.mp4", "reverse.mp4", "loop.gif", "poster.png"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.slow
def test_watch_poster_that_cannot_be_written_is_a_warning(tmp_path, caplog):
    (tmp_path / "watch" / "poster.png" / "in the way").mkdir(parents=True)
    assert watched(small(), tmp_path, watch=True)
    assert "--watch: " in caplog.text
