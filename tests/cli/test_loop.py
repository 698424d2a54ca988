import av
import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.export.loop.choose import is_loop
from dreamvid.media.metadata import embed, read_record
from tests.export.reverse.test_reverse import PICTURES, ffmpeg
from tests.support.command import run
from tests.support.small_film import SMALL

FEW = [word for pair in (*SMALL, "outputs.loop=false") for word in ("--set", pair)]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def film(tmp_path):
    ffmpeg(*PICTURES, "-c:v", "libx264", tmp_path / "a.mp4")  # 36 frames
    return tmp_path / "a.mp4"


def made_in(folder):
    return {path.name for path in folder.iterdir()} - {"home"}


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
def test_loop_kinds(words, frames, film, tmp_path, capsys):
    code, _, error = run(capsys, "loop", film, "--out", "l.mp4", *words)
    assert code == 0, error
    assert count(tmp_path / "l.mp4") == frames


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_loop_of_an_animation(suffix, film, tmp_path, capsys):
    words = ("--size", "32x24", "--fps", 8, "--out", f"l.{suffix}")
    assert run(capsys, "loop", film, *words)[0] == 0
    with PilImage.open(tmp_path / f"l.{suffix}") as file:
        assert file.size == (32, 24) and file.info["loop"] == 0


def test_loop_for_a_target(film, tmp_path, capsys):
    code, out, error = run(capsys, "loop", film, "--for", "x-gif")
    assert code == 0, error
    assert (tmp_path / "a-loop.gif").stat().st_size < 15e6 and "a-loop.gif" in out


LONG = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=24:duration=7")


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--times", 3), ("--kind", "cross-fade")])
def test_loop_for_a_target_is_shorter_and_whole(words, tmp_path, capsys):
    film = tmp_path / "long.mp4"
    ffmpeg(*LONG, "-c:v", "libx264", film)
    record = {"format": "dreamvid record 1", "preset": {"loop": {"kind": "none"}}}
    embed(film, record | {"made_by": ["dreamvid render"]})
    code, out, error = run(capsys, "loop", film, "--for", "slack-emoji", *words, "--out", "l.gif")
    assert code == 0, error
    assert "of 7 seconds: slack-emoji takes 4 seconds at most" in out and "--from" not in out
    change = steps_of(tmp_path / "l.gif")
    assert len(change) == 48  # 4 seconds of 12 pictures
    assert change[-1] < 1.5 * change[:-1].mean() and is_loop(tmp_path / "l.gif")


def test_loop_cut_by_a_target_is_refused(film, tmp_path, capsys):
    record = {"format": "dreamvid record 1", "preset": {"loop": {"kind": "endless"}}}
    ffmpeg(*LONG, "-c:v", "libx264", film)
    embed(film, record | {"made_by": ["dreamvid render"]})
    code, _, error = run(capsys, "loop", film, "--for", "slack-emoji")
    assert code == 2 and "takes 4 seconds at most, and one round has 7" in error
    assert made_in(tmp_path) == {"a.mp4"}


def test_cross_fade_of_one_frame_is_refused(tmp_path, capsys):
    ffmpeg(*PICTURES, "-frames:v", 1, "-c:v", "libx264", tmp_path / "one.mp4")
    code, _, error = run(capsys, "loop", "one.mp4", "--kind", "cross-fade")
    assert code == 2 and "--kind: " in error and "one picture" in error, error


@pytest.mark.parametrize("reverse", ["true", "false"])
def test_gif_of_a_render_is_a_loop(reverse, tmp_path, capsys):
    words = ("quickstart", *FEW, "--set", "outputs.loop=true", "--frames", 6)
    code, _, error = run(
        capsys, "render", *words, "--set", f"outputs.reverse={reverse}", "--out", "r"
    )
    assert code == 0, error
    assert is_loop(tmp_path / "r/loop.gif") and not is_loop(tmp_path / "r/forward.mp4")
    code, out, _ = run(capsys, "loop", "r/loop.gif", "--out", "l.mp4")
    assert code == 0 and "leads to its beginning already" in out
    assert count(tmp_path / "l.mp4") == count(tmp_path / "r/loop.gif") == 4  # of every second frame
    assert is_loop(tmp_path / "l.mp4")
    assert run(capsys, "export", "r/loop.gif", "--seconds", 1, "--out", "cut.gif")[0] == 0
    assert not is_loop(tmp_path / "cut.gif")


def test_loop_stays_as_it_is(film, tmp_path, capsys):
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
def test_loop_is_recognised_by_its_record(kind, steps, closed, film):
    record = {"format": "dreamvid record 1", "preset": {"loop": {"kind": kind}}, "made_by": steps}
    embed(film, record)
    assert is_loop(film) is closed


def steps_of(path):
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return np.abs(np.diff(np.stack([*frames, frames[0]]).astype(float), axis=0)).mean((1, 2, 3))


def test_preset_is_dreamed_back_to_its_beginning(tmp_path, capsys):
    words = ("loop", "quickstart", *FEW, "--frames", 12, "--out", "l.mp4")
    code, out, error = run(capsys, *words)
    assert code == 0, error
    assert "loop.kind = endless" in error and "already" in out
    change = steps_of(tmp_path / "l.mp4")
    assert len(change) == 12 and change[-1] < 1.5 * change[:-1].mean()
    first = (tmp_path / "l.mp4").read_bytes()
    code, _, error = run(capsys, *words)  # again: the film is there
    assert code == 0 and "frame 1" not in error and (tmp_path / "l.mp4").read_bytes() == first


def test_preset_as_ping_pong(tmp_path, capsys):
    words = ("quickstart", *FEW, "--frames", 6, "--kind", "ping-pong", "--out", "l.gif")
    code, out, error = run(capsys, "loop", *words)
    assert code == 0 and "made by ping-pong" in out, error
    assert (tmp_path / "l-ping-pong" / "forward.mp4").exists()
    assert count(tmp_path / "l.gif") <= 10  # Pillow joins pictures that are alike


@pytest.mark.slow
def test_preset_is_rendered_anew_for_another_file(tmp_path, capsys):
    words = ("loop", "quickstart", *FEW, "--frames", 5)
    for out in ("l.gif", "m.gif", "below/l.gif"):
        more = ("--seed", len(out), "--out", out)
        assert run(capsys, *words, *more)[0] == 0
        assert run(capsys, *words, *more)[0] == 0  # again: the film is there
    assert (tmp_path / "below/l-loop/forward.mp4").exists()
    code, _, error = run(capsys, *words, "--seed", 9, "--out", "l.gif")
    assert code == 5 and "l-loop holds work with other settings" in error
    assert "choose another --out" in error
    assert run(capsys, *words)[0] == 0
    assert (tmp_path / "out/quickstart-loop/forward.mp4").exists()
    assert (tmp_path / "quickstart-loop.gif").exists()


@pytest.mark.parametrize(
    "words,message",
    [
        (("--kind", "cross-fade", "--seconds", 5), "--seconds: 5 s is not within the film's half"),
        (("--kind", "cross-fade", "--frames", 1), "--kind: "),
        (("--for", "slack-emoji", "--frames", 40), "of a preset --frames 16"),
        (("--for", "slack-emoji", "--out", "zz/l.mp4"), "--out"),
        (("--out", "."), "--out: is empty, or this very folder"),
    ],
)
def test_mistakes_are_refused_before_the_render(words, message, tmp_path, capsys):
    code, out, error = run(capsys, "loop", "quickstart", *FEW, "--frames", 8, *words)
    assert code != 0 and message in error and error.count("\n") == 1, error
    assert not out and not made_in(tmp_path)


def test_preset_of_footage_is_ping_pong(film, tmp_path, capsys):
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
        (("a.mp4", "--kind", "cross-fade", "--seconds", "nan"), "should be above 0"),
        (("a.mp4", "--kind", "cross-fade", "--seconds", "1e308"), "at most a million"),
        (("a.mp4", "--kind", "cross-fade", "--seconds", 9), "not within the film's half"),
        (("a.mp4", "--frames", 3), "is for presets alone"),
        (("a.mp4", "--fresh"), "is for presets alone"),
        (("a.mp4", "--size", "3x3"), "--size"),
        (("a.mp4", "--for", "nowhere"), "--for"),
        (("a.mp4", "--for", "slack-emoji", "--kind", "repeat", "--fps", 60), "--fps"),
        (("a.mp4", "--for", "slack-emoji", "--size", "9x9", "--out", "zz/y/l.gif"), "--size"),
        (("none.mp4",), "none.mp4"),
        (("none.mp4", "--out", "zz/yy/l.gif"), "none.mp4: does not exist"),
        (("nosuch", "--out", "zz/yy/l.gif"), "no preset of this name"),
        (("quickstart", "--out", "zz/yy/l.xyz"), "has the ending of no format"),
        (("nosuch",), "no preset of this name"),
    ],
)
def test_mistakes_are_one_line(words, message, film, tmp_path, capsys):
    code, _, error = run(capsys, "loop", *words)
    assert code != 0 and message in error and error.count("\n") == 1, error
    assert made_in(tmp_path) == {"a.mp4"}
