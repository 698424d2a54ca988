import av
import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.embedding import embed, read_record
from dreamvid.looping.choose import is_loop
from tests.command import run
from tests.reversing.test_reversing import PICTURES, ffmpeg

SMALL = (
    "start.size=64x36",
    "dream.octaves=1",
    "dream.steps=1",
    "dream.pyramid=0",
    "dream.layers=block_5/expand",
    "video.fps=4",
    "outputs.loop=false",
)
FEW = [word for pair in SMALL for word in ("--set", pair)]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def film(tmp_path):
    ffmpeg(*PICTURES, "-c:v", "libx264", tmp_path / "a.mp4")  # 36 frames
    return tmp_path / "a.mp4"


def count(path):
    if path.suffix in (".gif", ".webp"):
        with PilImage.open(path) as file:
            return len([*ImageSequence.Iterator(file)])
    with av.open(str(path)) as film:
        return sum(1 for _ in film.decode(video=0))


@pytest.mark.parametrize(
    "words,frames",
    [
        ((), 70),
        (("--times", 2), 140),
        (("--kind", "repeat"), 72),
        (("--kind", "repeat", "--times", 3), 108),
        (("--kind", "cross-fade", "--seconds", 0.5), 24),
        (("--kind", "cross-fade"), 27),
        (("--fps", 12), 35),
    ],
)
def test_the_kinds(words, frames, film, tmp_path, capsys):
    code, _, error = run(capsys, "loop", film, "--out", "l.mp4", *words)
    assert code == 0, error
    assert count(tmp_path / "l.mp4") == frames


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_an_animation(suffix, film, tmp_path, capsys):
    words = ("--size", "32x24", "--fps", 8, "--out", f"l.{suffix}")
    assert run(capsys, "loop", film, *words)[0] == 0
    with PilImage.open(tmp_path / f"l.{suffix}") as file:
        assert file.size == (32, 24) and file.info["loop"] == 0


def test_a_target(film, tmp_path, capsys):
    code, out, error = run(capsys, "loop", film, "--for", "x-gif")
    assert code == 0, error
    assert (tmp_path / "a-loop.gif").stat().st_size < 15e6 and "a-loop.gif" in out


def test_what_is_a_loop_already_is_shown_as_it_is(film, tmp_path, capsys):
    record = {"format": "dreamvid record 1", "preset": {"loop": {"kind": "endless"}}}
    embed(film, record | {"made_by": ["dreamvid render"]})
    code, out, _ = run(capsys, "loop", film, "--out", "l.mp4")
    assert code == 0 and "leads to its beginning already" in out
    assert count(tmp_path / "l.mp4") == 36
    made = read_record(tmp_path / "l.mp4")
    assert made and made["made_by"] == ["dreamvid render", "dreamvid loop --kind repeat"]
    assert is_loop(tmp_path / "l.mp4")


@pytest.mark.parametrize(
    "kind,steps,closed",
    [
        ("endless", ["dreamvid render", "dreamvid reverse"], True),
        ("endless", ["dreamvid render", "dreamvid export"], False),
        ("none", ["dreamvid render"], False),
        ("none", ["dreamvid render", "dreamvid loop --kind ping-pong"], True),
        ("none", ["dreamvid render", "dreamvid loop --kind repeat"], False),
        ("none", [["x"], None], False),
        (["endless"], ["dreamvid render"], False),
        ("endless", "dreamvid render", False),
    ],
)
def test_which_record_tells_of_a_loop(kind, steps, closed, film):
    record = {"format": "dreamvid record 1", "preset": {"loop": {"kind": kind}}, "made_by": steps}
    embed(film, record)
    assert is_loop(film) is closed


def steps_of(path):
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return np.abs(np.diff(np.stack([*frames, frames[0]]).astype(float), axis=0)).mean((1, 2, 3))


def test_a_preset_is_dreamed_back_to_its_beginning(tmp_path, capsys):
    words = ("loop", "quickstart", *FEW, "--frames", 12, "--out", "l.mp4")
    code, out, error = run(capsys, *words)
    assert code == 0, error
    assert "loop.kind = endless" in error and "already" in out
    change = steps_of(tmp_path / "l.mp4")
    assert len(change) == 12 and change[-1] < 1.5 * change[:-1].mean()
    first = (tmp_path / "l.mp4").read_bytes()
    code, _, error = run(capsys, *words)  # again: the film is there
    assert code == 0 and "frame 1" not in error and (tmp_path / "l.mp4").read_bytes() == first


def test_a_preset_goes_there_and_back_where_that_is_asked(tmp_path, capsys):
    words = ("quickstart", *FEW, "--frames", 6, "--kind", "ping-pong", "--out", "l.gif")
    code, out, error = run(capsys, "loop", *words)
    assert code == 0 and "made by ping-pong" in out, error
    assert (tmp_path / "out" / "quickstart-ping-pong" / "forward.mp4").exists()
    assert count(tmp_path / "l.gif") <= 10  # Pillow joins pictures that are alike


def test_a_preset_of_footage_goes_there_and_back(film, tmp_path, capsys):
    words = ("footage-soft", "--set", f"start.path={film}", "--set", "dream.octaves=1")
    more = ("--set", "dream.steps=1", "--set", "flow.method=dis-fast", "--frames", 5)
    code, out, error = run(capsys, "loop", *words, *more, "--out", "l.mp4")
    assert code == 0 and "footage cannot be dreamed back" in error, error
    assert "made by ping-pong" in out and count(tmp_path / "l.mp4") == 8


@pytest.mark.parametrize(
    "words,message",
    [
        (("a.mp4", "--out", "a.mp4"), "is the film itself"),
        (("a.mp4", "--out", "l.xyz"), "has the ending of no format"),
        (("a.mp4", "--seconds", 1), "--seconds: has no effect"),
        (("a.mp4", "--kind", "cross-fade", "--seconds", "nan"), "must be above 0"),
        (("a.mp4", "--kind", "cross-fade", "--seconds", 9), "not within the film's half"),
        (("a.mp4", "--frames", 3), "is for presets alone"),
        (("a.mp4", "--fresh"), "is for presets alone"),
        (("a.mp4", "--size", "3x3"), "--size"),
        (("a.mp4", "--for", "nowhere"), "--for"),
        (("none.mp4",), "none.mp4"),
        (("nosuch",), "no preset of this name"),
    ],
)
def test_what_cannot_be_done_is_one_line(words, message, film, tmp_path, capsys):
    code, _, error = run(capsys, "loop", *words)
    assert code != 0 and message in error and error.count("\n") == 1, error
    assert [path.name for path in tmp_path.glob("*.*")] == ["a.mp4"]
