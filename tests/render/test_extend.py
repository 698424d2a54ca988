"""Films made longer: packet for packet what they are when rendered in one go."""

import os
import signal
import time

import pytest
import torch

from dreamvid.cli import main
from dreamvid.errors import PresetError, ResumeError
from dreamvid.render.extend import extend, plan
from dreamvid.render.render import render_film
from tests.support.small_film import SMALL, packets

CPU = torch.device("cpu")
CODECS = {"h264": ".mp4", "prores": ".mov"}


@pytest.fixture(scope="session")
def render(small_preset):
    def render(out, frames, *settings, **options):
        preset = small_preset(f"video.frames={frames}", *settings)
        return render_film(preset, out, device=CPU, **options)

    return render


def longer(out, **how):
    options = {name: how.pop(name) for name in ("stop", "on_frame", "note") if name in how}
    return extend(plan(out, **how), device=CPU, **options)


def stop_after(frames):
    done = []
    return lambda: done.append(1) or len(done) >= frames


def check_alike(out, whole, suffix=".mp4"):
    for name in (f"forward{suffix}", f"reverse{suffix}"):
        assert packets(out / name) == packets(whole / name), name
    for name in ("loop.gif", "poster.png"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.fixture(scope="module")
def whole(render, tmp_path_factory):
    """Films of 14 frames in one go, by codec."""
    torch.set_num_threads(1)
    made = {codec: tmp_path_factory.mktemp(codec) for codec in CODECS}
    for codec, out in made.items():
        assert render(out, 14, f"video.codec={codec}").finished
    return made


@pytest.mark.parametrize("frames", [8, 10])  # of full segments, or not
@pytest.mark.parametrize("codec", CODECS)
def test_extend_equals_a_longer_render(render, codec, frames, whole, tmp_path):
    render(tmp_path, frames, f"video.codec={codec}")
    seen = []
    outcome = longer(tmp_path, frames=14 - frames, on_frame=seen.append)
    assert outcome.finished and [progress.frame.index for progress in seen] == [*range(frames, 14)]
    check_alike(tmp_path, whole[codec], CODECS[codec])
    render(tmp_path, 14, f"video.codec={codec}", on_frame=seen.clear)  # is that film's folder now


@pytest.mark.slow
def test_extend_twice_and_by_seconds(render, whole, tmp_path):
    render(tmp_path, 5)
    assert longer(tmp_path, frames=2).count == 7
    assert longer(tmp_path, frames=2).count == 9
    assert longer(tmp_path, seconds=1.25).count == 14
    check_alike(tmp_path, whole["h264"])


def test_extend_an_unfinished_film(render, whole, tmp_path):
    assert not render(tmp_path, 12, stop=stop_after(6)).finished
    assert longer(tmp_path, frames=2).count == 14
    check_alike(tmp_path, whole["h264"])


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 2, 3])
def test_extend_again_only_finishes(render, after, whole, tmp_path):
    render(tmp_path, 10)
    assert not longer(tmp_path, frames=4, stop=stop_after(after)).finished
    with pytest.raises(ResumeError, match=r"a film of 14 frames was begun here \(--to 14 finish"):
        plan(tmp_path, frames=5)
    assert plan(tmp_path, to=14).count == plan(tmp_path, frames=4).count == 14
    assert longer(tmp_path, frames=4).finished
    check_alike(tmp_path, whole["h264"])
    assert plan(tmp_path, frames=4).count == 18


@pytest.mark.slow
def test_extend_resumes_after_a_kill(render, whole, tmp_path):
    for number, share in enumerate((0.02, 0.1, 0.2, 0.35, 0.5, 0.7)):
        out = tmp_path / str(number)
        render(out, 10)
        child = os.fork()  # torch is loaded already
        if child == 0:
            try:
                longer(out, frames=4)
            finally:
                os._exit(0)
        time.sleep(share)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        planned = plan(out, to=14)
        assert extend(planned, device=CPU).finished
        check_alike(out, whole["h264"])


def test_extend_names_length_dependent_options(render, tmp_path, capsys):
    zoom, turn = 'motion.zoom="1 + p / 10"', 'motion.turn="t"'
    render(tmp_path, 5, zoom, turn)
    assert plan(tmp_path, frames=2).depends == ("motion.zoom",)
    assert main(["extend", str(tmp_path), "--frames", "2", "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert "5 -> 7 frames" in out and str(tmp_path / "report.html") in out
    assert "motion.zoom depends on the film's length" in err and "turn" not in err


def test_extend_refuses_a_loop(render, tmp_path):
    render(tmp_path, 6, "loop.kind=cross-fade", "loop.seconds=0.5", "loop.warm_up=0.25")
    with pytest.raises(PresetError, match=r"loop.kind: cross-fade: a loop has no end"):
        plan(tmp_path, frames=2)


def test_extend_footage_to_its_end(whole, tmp_path):
    footage = f"start.path={whole['h264'] / 'forward.mp4'}"
    preset = [*SMALL, "video.frames=5", footage]
    base = [word for setting in preset for word in ("--set", setting)]
    table = tmp_path / "footage.toml"
    table.write_text("[start]\nkind = 'video'\n")
    out = tmp_path / "out"
    assert main(["render", str(table), *base, "--out", str(out), "--device", "cpu"]) == 0
    with pytest.raises(PresetError, match=r"15 frames, but the footage has 14 \(at most --to 14"):
        plan(out, frames=10)
    assert longer(out, frames=9).count == 14
    with pytest.raises(PresetError, match=r"all of it is rendered"):
        plan(out, frames=1)


def test_extend_refuses_folders_without_a_render(tmp_path, capsys):
    for command, words in (
        (["--frames", "3"], "has no render to go on from"),
        ([], "give one of --frames"),
        (["--seconds", "nan"], "nan should be above 0"),
        (["--frames", "3", "--to", "5"], "give one of --frames"),
    ):
        assert main(["extend", str(tmp_path / "none"), *command]) != 0
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_extend_refuses_a_shorter_film(render, tmp_path):
    render(tmp_path, 5)
    with pytest.raises(PresetError, match=r"--to: 4 frames: the film has 5"):
        plan(tmp_path, to=4)
    with pytest.raises(ResumeError, match=r"video.frames 5 -> 7; `dreamvid extend .* --to 7`"):
        render(tmp_path, 7)


def test_extend_refuses_a_damaged_record(render, tmp_path):
    render(tmp_path, 2)
    job = tmp_path / ".render" / "job.json"
    job.write_text("[" * 10_000)
    with pytest.raises(ResumeError, match=r"job.json is damaged"):
        plan(tmp_path, frames=1)
