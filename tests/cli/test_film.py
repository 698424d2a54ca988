"""Films of footage, with sound, over time and in loops, all through the command line."""

import json
import subprocess
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import av
import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.film import engine
from dreamvid.render import render
from dreamvid.render.work import segmented
from tests.support.command import run

NTSC = Fraction(30000, 1001)
FEW = ("dream.layers=block_3/expand", "dream.octaves=1", "dream.steps=1", "dream.jitter=4")
STILL = "motion.centre=[0.5, 0.5]"
BRIEF = (*FEW, "start.size=32x32", "video.frames=4", "outputs.loop=false")


def settings(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


def refused(capsys, tmp_path, code, message, *words):
    """It fails with one line that has the message, and writes nothing."""
    before = {*tmp_path.rglob("*")}
    found, _, error = run(capsys, *words)
    assert (found, message in error) == (code, True), error
    assert error.startswith("dreamvid: ") and error.count("\n") == 1
    assert {path.suffix for path in {*tmp_path.rglob("*")} - before} & {".mp4", ".partial"} == set()


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def footage(tmp_path):
    """A preset that dreams on footage, quickly."""
    path = tmp_path / "on.toml"
    path.write_text(
        '[start]\nkind = "video"\n[dream]\nlayers = "block_3/expand"\noctaves = 1\nsteps = 1\n'
        'jitter = 4\n[flow]\nmethod = "dis-fast"\n[outputs]\nloop = false\n'
    )
    return path


def clip(
    path,
    times: Sequence[int] = range(8),
    *,
    rate: Fraction | int = 25,
    size=(48, 64),
    click=0.0,
    **codec: Any,
):
    """A bright square in the upper left of a dark picture; frame n is shown at times[n] / rate."""
    picture = np.full((*size, 3), 40, np.uint8)
    picture[: size[0] // 2, : size[1] // 2] = 220
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            codec.get("name", "libx264"), rate=rate, width=size[1], height=size[0]
        )
        stream.pix_fmt = codec.get("format", "yuv420p")
        stream.codec_context.time_base = stream.time_base = 1 / Fraction(rate)
        voice: Any = container.add_stream("aac", rate=48000, layout="mono") if click else None
        for at in times:
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = at, 1 / Fraction(rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice:
            container.mux(voice.encode(_audio(clicks(click))))
            container.mux(voice.encode(None))
    return path


def clicks(seconds, every=0.5):
    samples = np.zeros((1, round(48000 * seconds)), np.float32)
    for first in range(0, samples.shape[1], round(48000 * every)):
        samples[0, first : first + 200] = 0.8
    return samples


def _audio(samples):
    frame = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
    frame.sample_rate, frame.pts = 48000, 0
    return frame


def song(path, samples):
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        container.mux(stream.encode(_audio(samples)))
        container.mux(stream.encode(None))
    return path


def told(path):
    """(rate, frames, (height, width)) of the film, and the seconds of its sound, if it has one."""
    with av.open(str(path)) as container:
        stream: Any = container.streams.video[0]
        sounds: Any = container.streams.audio
        frames = sum(1 for packet in container.demux(stream) if packet.size)
        seconds = float(sounds[0].duration * sounds[0].time_base) if sounds else None
        if sounds:
            assert sounds[0].codec_context.name == "aac"
        return (stream.average_rate, frames, (stream.height, stream.width)), seconds


def picture_size(path):
    with PilImage.open(path) as picture:
        return picture.size


def first_picture(path):
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray")


def on(path, source, *pairs):
    return "render", path, "--out", "film", *settings(f"start.path={source}", *pairs)


def test_footage_keeps_its_rate_size_and_length(capsys, tmp_path, footage):
    clip(tmp_path / "a.mp4", rate=NTSC)
    code, said, error = run(capsys, *on(footage, "a.mp4"))
    assert code == 0, error
    assert "8 frames by lite0" in said and "8 frames, 0:00 of film" in said
    for name in ("forward.mp4", "reverse.mp4"):
        assert told(tmp_path / "film" / name) == ((NTSC, 8, (48, 64)), None)
    assert not list((tmp_path / "film").glob("*.partial"))
    record = json.loads((tmp_path / "film" / "run.json").read_text())
    assert record["frames"] == 8 and record["preset"]["video"]["fps"] == "30000/1001"


@pytest.mark.parametrize(
    ("words", "rate", "frames", "size"),
    [
        (["--frames", "99"], 25, 8, (48, 64)),
        (["--frames", "3"], 25, 3, (48, 64)),
        (["--fps", "50", "--size", "48x32"], 50, 16, (32, 48)),
        (["--set", "video.seconds=0.2"], 25, 5, (48, 64)),
    ],
)
def test_footage_is_never_lengthened(words, rate, frames, size, capsys, tmp_path, footage):
    clip(tmp_path / "a.mp4")
    code, said, error = run(capsys, *on(footage, "a.mp4", "outputs.reverse=false"), *words)
    assert code == 0 and f"{frames} frames by lite0" in said, error
    assert told(tmp_path / "film" / "forward.mp4")[0] == (rate, frames, size)


def test_footage_is_turned_upright(capsys, tmp_path, footage):
    clip(tmp_path / "flat.mp4")
    program = imageio_ffmpeg.get_ffmpeg_exe()
    turn = ("-display_rotation", "-90", "-i", "flat.mp4", "-c", "copy", "turned.mp4")
    subprocess.run([program, "-v", "error", "-nostdin", *turn], check=True)
    assert run(capsys, *on(footage, "turned.mp4", "dream.step_size=0.01"))[0] == 0
    shown = first_picture(tmp_path / "film" / "forward.mp4")
    assert shown.shape == (64, 48)
    # Turned clockwise, what was in the upper left is in the upper right.
    assert shown[8:24, 32:40].mean() > 150 > 100 > shown[8:24, 8:16].mean()


def test_footage_of_odd_size_becomes_even(capsys, tmp_path, footage):
    clip(tmp_path / "odd.mkv", size=(47, 63), name="ffv1", format="bgr0")
    assert run(capsys, *on(footage, "odd.mkv"))[0] == 0
    assert told(tmp_path / "film" / "forward.mp4")[0][2] == (46, 62)


def test_footage_of_variable_rate_becomes_constant(capsys, tmp_path, footage):
    clip(tmp_path / "a.mp4", [0, 1, 2, 5, 6, 10, 11, 12])
    code, _, error = run(capsys, *on(footage, "a.mp4"), "--fps", "25")
    assert code == 0, error
    assert told(tmp_path / "film" / "forward.mp4")[0][:2] == (25, 13)


def test_footage_keeps_its_sound(capsys, tmp_path, footage):
    clip(tmp_path / "a.mp4", range(10), click=2.0)
    hears = "dream.step_size=1 + onset"
    assert run(capsys, *on(footage, "a.mp4", hears))[0] == 0
    for name in ("forward.mp4", "reverse.mp4"):
        (_, frames, _), seconds = told(tmp_path / "film" / name)
        assert frames == 10 and seconds == pytest.approx(0.4, abs=0.03)
    silent = on(footage, "a.mp4", "sound.keep=false")
    assert run(capsys, *silent, "--fresh")[0] == 0
    assert told(tmp_path / "film" / "forward.mp4")[1] is None


def test_footage_whose_sound_cannot_be_decoded_is_silent(capsys, tmp_path, footage):
    path = clip(tmp_path / "a.mkv", range(4), click=1.0)
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    code, _, error = run(capsys, *on(footage, "a.mkv"))
    assert code == 0 and told(tmp_path / "film" / "forward.mp4")[1] is None
    said = "a.mkv: is of a codec that cannot be read, or damaged; it is taken as silent"
    assert error.count("a.mkv") == error.count(said) == 1
    for command, out in (("export", "e.mp4"), ("reverse", "r.mp4"), ("loop", "l.mp4")):
        code, _, error = run(capsys, command, "a.mkv", "--out", out)
        assert code == 0 and error.count(said) == 1, error
        assert told(tmp_path / out)[1] is None


def test_footage_is_not_overwritten(capsys, tmp_path, footage):
    (tmp_path / "film").mkdir()
    kept = clip(tmp_path / "film" / "forward.mp4").read_bytes()
    words = (*on(footage, "film/forward.mp4"), "--fresh")
    refused(capsys, tmp_path, 2, "film/forward.mp4 would be overwritten", *words)
    assert (tmp_path / "film" / "forward.mp4").read_bytes() == kept


def test_footage_mistakes_are_one_line(capsys, tmp_path, footage):
    (tmp_path / "text.mp4").write_text("no film at all\n" * 20)
    whole = clip(tmp_path / "whole.mp4", range(20)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    clip(tmp_path / "mute.mp4")
    (tmp_path / "folder.mp4").mkdir()
    refused(capsys, tmp_path, 4, "text.mp4", *on(footage, "text.mp4"))
    refused(capsys, tmp_path, 4, "cut.mp4", *on(footage, "cut.mp4"))
    refused(capsys, tmp_path, 4, "folder.mp4", *on(footage, "folder.mp4"))
    refused(capsys, tmp_path, 2, "gone.mp4 does not exist", *on(footage, "gone.mp4"))
    refused(capsys, tmp_path, 2, "start.path: this film dreams on", "render", footage)
    refused(capsys, tmp_path, 2, "rms needs a sound", *on(footage, "mute.mp4", "flow.decay=rms"))
    huge = on(footage, "mute.mp4", "start.size=16384x16384")
    refused(capsys, tmp_path, 2, "cannot be scaled to 16384x16384", *huge)
    refused(capsys, tmp_path, 2, "[motion]", *on(footage, "mute.mp4", "motion.zoom=2"))


def test_preview_of_footage_loops_and_sound(capsys, tmp_path, footage):
    clip(tmp_path / "a.mp4", range(4))
    song(tmp_path / "s.wav", clicks(1))
    words = ("preview", footage, "--set", "start.path=a.mp4", "--tiles", 2)
    assert run(capsys, *words)[0] == 0
    words = ("preview", "quickstart", "--size", "32x32", "--frames", 2, "--tiles", 2)
    loop = settings(*FEW, "loop.kind=endless", "sound.path=s.wav", "motion.zoom=1 + onset")
    assert run(capsys, *words, *loop)[0] == 0
    assert picture_size(tmp_path / "preview.png") == (64, 32)


@pytest.mark.parametrize(
    "schedule", ["dream.step_size=1 + onset", "motion.zoom=1 + 0.5*pulse(beat)"]
)
def test_sound_drives_schedules_and_is_in_the_film(schedule, capsys, tmp_path):
    song(tmp_path / "s.wav", clicks(1, 0.05))
    words = ("render", "quickstart", "--out", "film", "--fps", "20")
    heard = settings(*BRIEF, schedule, "sound.path=s.wav")
    code, _, error = run(capsys, *words, *heard)
    assert code == 0, error
    for name in ("forward.mp4", "reverse.mp4"):
        assert told(tmp_path / "film" / name)[1] == pytest.approx(0.2, abs=0.03)
    assert run(capsys, *words, *heard, "--fresh", "--set", "sound.keep=false")[0] == 0
    assert told(tmp_path / "film" / "forward.mp4")[1] is None


def test_sound_mistakes_are_one_line(capsys, tmp_path):
    (tmp_path / "text.wav").write_text("no sound at all\n" * 20)
    clip(tmp_path / "mute.mp4")
    words = ("render", "quickstart", "--out", "film", *settings(*BRIEF))
    for name, code, message in (
        ("gone.wav", 2, "sound.path: gone.wav does not exist"),
        ("mute.mp4", 2, "sound.path: mute.mp4 has no sound"),
        ("text.wav", 4, "text.wav"),
    ):
        refused(capsys, tmp_path, code, message, *words, "--set", f"sound.path={name}")


def test_sound_may_be_silent(capsys, tmp_path):
    song(tmp_path / "s.wav", np.zeros((1, 9600), np.float32))
    heard = settings(*BRIEF, "sound.path=s.wav", "dream.step_size=1 + onset")
    assert run(capsys, "render", "quickstart", "--out", "film", *heard)[0] == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("motion.zoom=1 + sn(t)", "motion.zoom: column 5"),
        ("motion.zoom=1/0", "motion.zoom"),
        ("motion.zoom=1/(2 - frame)", "motion.zoom: at frame 2"),
        ("motion.zoom=-t", "motion.zoom: is 0 at frame 0"),
        ("motion.zoom=1 - t", "frame 24"),
        ("motion.turn=rms", "motion.turn: at frame 0: rms needs a sound"),
        ("motion.turn=beat", "motion.turn: at frame 0: beat needs sound.bpm or a sound"),
        ("motion.zoom=__import__('os').system('id')", "motion.zoom"),
        ("motion.zoom=" + "(" * 5000 + "t" + ")" * 5000, "motion.zoom"),
        ("motion.zoom=9**9**9**9**9", "motion.zoom"),
        ("motion.zoom=exp(exp(exp(t + 9)))", "motion.zoom: at frame 0"),
        ("motion.zoom=" + "t*" * 100_000 + "t", "motion.zoom"),
        ("motion.zoom=0:(1.02), 10:(", "motion.zoom"),
        ('motion.zoom=[{at=0, value=1}, {at="x", value=2}]', "motion.zoom"),
        ("dream.octaves=4 + 100*t", "dream.octaves"),
        ("flow.frame=2", "flow.frame: no such option (did you mean frames?)"),
        ("loop.secnds=2", "did you mean seconds?"),
        ("colour.satration=2", "did you mean saturation?"),
        ("sound.pth=a", "did you mean path?"),
        ("motion.zom=2", "did you mean zoom?"),
        ("flwo.frames=2", "did you mean flow?"),
        ("loop.seconds=3", "has no effect"),
        ("colour.like=gone.png", "colour"),
    ],
    ids=lambda text: text[:24],
)
def test_settings_mistakes_are_one_line_before_any_work(setting, message, capsys, tmp_path):
    began = time.monotonic()
    words = ("render", "quickstart", "--out", "film", "--set", setting)
    refused(capsys, tmp_path, 2, message, *words)
    assert not (tmp_path / "film").exists()
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_loop_renders_and_resumes(capsys, tmp_path, monkeypatch):
    words = ("render", "quickstart", *settings(*BRIEF, "video.frames=6", "video.fps=12"))
    words = (*words, *settings("loop.kind=endless", "loop.seconds=0.25", "loop.warm_up=0.25"))
    code, said, error = run(capsys, *words, "--out", "whole")
    assert code == 0 and "6 frames" in said, error

    def interrupted(start, step, *, count):
        for number, frame in enumerate(engine.render_frames(start, step, count=count)):
            yield frame
            if number == 3:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(render, "render_frames", interrupted)
        patch.setattr(segmented, "CHECKPOINT_SECONDS", 0.0)
        assert run(capsys, *words, "--out", "parts")[0] == 130
    assert not (tmp_path / "parts" / "forward.mp4").exists()
    assert run(capsys, *words, "--out", "parts")[0] == 0
    films = [(tmp_path / name / "forward.mp4").read_bytes() for name in ("whole", "parts")]
    assert films[0] == films[1]


@pytest.mark.slow
def test_plot_draws_schedules(capsys, tmp_path):
    words = ("presets", "show", "quickstart", "--plot")
    over = settings("motion.zoom=1 + t", "dream.steps=0:(4), 20:(9)", STILL)
    code, said, error = run(capsys, *words, *over)
    assert code == 0, error
    rows = [line.split("\t") for line in said.splitlines()]
    assert [row[0] for row in rows] == ["dream.steps", "motion.zoom", "quickstart-schedules.png"]
    assert rows[0][2] == "4..9" and rows[1][1][0] == "▁" and rows[1][1][-1] == "█"
    assert picture_size(tmp_path / "quickstart-schedules.png")[0] == 1280
    assert run(capsys, *words, *over, "--out", "a.jpg", "--set", "video.frames=1")[0] == 0
    assert run(capsys, *words, *over, "--out", "b.png", "--set", "video.seconds=3600")[0] == 0


def test_plot_draws_schedules_that_hear(capsys, tmp_path, footage):
    song(tmp_path / "s.wav", clicks(2))
    heard = settings("sound.path=s.wav", "motion.zoom=1 + onset")
    code, said, _ = run(capsys, "presets", "show", "quickstart", "--plot", *heard)
    assert code == 0 and "motion.zoom\t" in said
    clip(tmp_path / "a.mp4", click=1.0)
    heard = settings("start.path=a.mp4", "flow.decay=rms")
    code, said, _ = run(capsys, "presets", "show", footage, "--plot", *heard)
    assert code == 0 and "on-schedules.png" in said


def test_plot_without_schedules_says_so(capsys, tmp_path):
    words = ("presets", "show", "quickstart", "--plot")
    code, said, _ = run(capsys, *words, *settings(STILL))
    assert code == 0 and "nothing changes over time" in said and said.count("\n") == 1
    assert not list(tmp_path.glob("*.png"))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--plot", "--set", "motion.zoom=1 - t"], 2, "motion.zoom: is 0 at frame 24"),
        (["--plot", "--set", "motion.zoom=1 + rms"], 2, "rms needs a sound"),
        (["--plot", "--set", "motion.zoom=1 + t", "--out", "a.txt"], 6, "no picture format"),
        (["--plot", "--set", "motion.zoom=1 + t", "--out", "/proc/a.png"], 6, "cannot be written"),
        (["--plot", "--json"], 2, "--json"),
        (["--out", "a.png"], 2, "--out: has no effect"),
        (["--set", "seed=1"], 2, "--set: has no effect"),
    ],
)
def test_plot_mistakes_are_one_line(words, code, message, capsys, tmp_path):
    refused(capsys, tmp_path, code, message, "presets", "show", "quickstart", *words)
    assert not list(tmp_path.glob("*.png"))


def test_presets_show_every_table(capsys):
    shown = json.loads(run(capsys, "presets", "show", "quickstart", "--json")[1])
    schema = json.loads(run(capsys, "presets", "schema")[1])
    for table in ("flow", "colour", "sound", "loop"):
        assert (
            shown[table].keys() == schema["$defs"][f"{table.title()}Options"]["properties"].keys()
        )
    assert "footage-soft\tlite0\tany\tany\t" in run(capsys, "presets", "list")[1]
    assert run(capsys, "presets", "new", "mine", "--from", "footage-soft")[0] == 0


def test_sound_may_change_after_the_render(capsys, tmp_path):
    out, music = tmp_path / "out", song(tmp_path / "music.wav", clicks(2))
    words = ("render", "quickstart", "--out", out, *settings(*BRIEF))
    assert run(capsys, *words)[0] == 0
    cut = tmp_path / "cut.wav"
    cut.write_bytes(music.read_bytes()[:1000])
    code, _, error = run(capsys, *words, "--set", f"sound.path={cut}")
    assert code == 0 and error.count("cut.wav: its sound is cut short after 0.01 seconds") == 1
    assert (out / "reverse.mp4").exists() and (out / "poster.png").exists()
    rendered = (out / ".render" / "checkpoint.safetensors").stat().st_mtime_ns
    assert run(capsys, *words, "--set", f"sound.path={music}")[0] == 0
    assert (out / ".render" / "checkpoint.safetensors").stat().st_mtime_ns == rendered
    with av.open(str(out / "forward.mp4")) as film:
        assert len(film.streams.audio) == 1


def test_guide_may_be_renamed(capsys, tmp_path):
    for name in "ab":
        PilImage.new("RGB", (64, 64), (200, 90, 30)).save(tmp_path / f"{name}.png")
        words = ("render", "quickstart", "--out", tmp_path / "out", *settings(*BRIEF))
        assert run(capsys, *words, "--set", f"dream.guide={tmp_path / name}.png")[0] == 0
