"""Whole renders, small: the embedded model at 64x36, one step a frame."""

import json
import os
import signal
import subprocess
import sys
import time

import av
import numpy as np
import pytest
import torch
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.errors import OutputError, PresetError, ResumeError
from dreamvid.render.render import render_film
from tests.support.small_film import SMALL, packets

CPU = torch.device("cpu")


def pictures(path):
    """Count the frames of an animation."""
    with PilImage.open(path) as file:
        return len(list(ImageSequence.Iterator(file)))


def grey(path):
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="gray") for frame in film.decode(video=0)])


@pytest.fixture
def whole(small_preset, tmp_path):
    outcome = render_film(small_preset(), tmp_path / "whole", device=CPU)
    assert outcome.finished
    return tmp_path / "whole"


def test_render_writes_every_file(whole):
    names = {"forward.mp4", "reverse.mp4", "loop.gif", "poster.png", "run.json", ".render"}
    assert {path.name for path in whole.iterdir()} == names
    forward, backward = grey(whole / "forward.mp4"), grey(whole / "reverse.mp4")
    assert forward.shape == backward.shape == (10, 36, 64)
    difference = np.abs(forward.astype(int) - backward[::-1].astype(int)).mean((1, 2))
    apart = np.abs(forward.astype(int) - backward.astype(int)).mean((1, 2))
    assert difference.max() < 3 and difference.max() < apart[0] / 3
    with PilImage.open(whole / "poster.png") as poster, PilImage.open(whole / "loop.gif") as loop:
        assert poster.size == (64, 36)
        chosen = np.asarray(poster.convert("L")).astype(int)
        number = json.loads((whole / "run.json").read_text())["poster_frame"]
        assert np.abs(chosen - forward[number].astype(int)).mean() < 12
        assert loop.info["loop"] == 0
    assert pictures(whole / "loop.gif") == 8  # 0 2 4 6 8 6 4 2


def test_record_describes_the_film(whole):
    record = json.loads((whole / "run.json").read_text())
    (layer,) = record["preset"]["dream"]["layers"]
    assert (layer["name"], layer["weight"], layer["channels"]) == ("block_5/expand", 1.0, [])
    assert record["preset"]["start"]["size"] == "64x36" and record["frames"] == 10
    assert record["files"]["model.file sha256"].startswith("579344248a93")
    assert record["kernels"]["numba"] == record["kernels"]["oneDNN"] == "works"
    assert record["outputs"]["forward.mp4"] == (whole / "forward.mp4").stat().st_size


def test_resume_of_a_finished_film_renders_nothing(small_preset, whole):
    before = {path.name: path.read_bytes() for path in whole.glob("*.mp4")}
    frames = []
    render_film(small_preset(), whole, device=CPU, on_frame=frames.append)
    assert frames == []
    assert before == {path.name: path.read_bytes() for path in whole.glob("*.mp4")}


@pytest.mark.parametrize("after", [1, 4, 6, 9])
def test_resume_after_a_stop_gives_the_same_films(small_preset, after, whole, tmp_path):
    out = tmp_path / "stopped"
    count = []

    def stop():
        count.append(1)
        return len(count) == after

    stopped = render_film(small_preset(), out, device=CPU, stop=stop)
    assert (stopped.frames, stopped.finished) == (after, False)
    assert not (out / "forward.mp4").exists()
    frames = []
    render_film(small_preset(), out, device=CPU, on_frame=frames.append)
    assert [progress.frame.index for progress in frames] == list(range(after, 10))
    for name in ("forward.mp4", "reverse.mp4", "loop.gif", "poster.png"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize("frames", [2, 5, 7])
def test_resume_after_a_kill_gives_the_same_films(small_preset, frames, whole, tmp_path):
    """kill -9 as soon as a frame's line is out, then the same command."""
    out = tmp_path / "killed"
    code = (
        "import sys, torch; from pathlib import Path; from dreamvid.preset.load import load_preset;"
        "from dreamvid.render.render import render_film;"
        "show = lambda p: print(p.frame.index, flush=True);"
        "render_film(load_preset('quickstart', sys.argv[2:]), Path(sys.argv[1]),"
        " device=torch.device('cpu'), on_frame=show)"
    )
    command = [sys.executable, "-c", code, str(out), *SMALL]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(frames):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    kept = (out / ".render" / "checkpoint.safetensors").exists()
    done = []
    render_film(small_preset(), out, device=CPU, on_frame=done.append)
    assert len(done) < 10 if kept else len(done) == 10  # a finished segment is not done again
    for name in ("forward.mp4", "reverse.mp4"):
        assert packets(out / name) == packets(whole / name)


@pytest.mark.slow
def test_stop_signal_prints_how_to_resume(tmp_path):
    command = [sys.executable, "-m", "dreamvid", "render", "quickstart", "--out"]
    options = [word for setting in (*SMALL, "video.frames=5000") for word in ("--set", setting)]
    with subprocess.Popen(
        [*command, str(tmp_path / "o"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "5000 frames by lite0" in process.stdout.readline()
        while "frame" not in process.stderr.readline():
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        said = process.stderr.read()
    assert process.returncode == 130
    assert "the same command goes on from there" in said


def test_resume_with_other_settings_is_refused(small_preset, whole):
    with pytest.raises(ResumeError, match=r"dream.steps 1 -> 2, video.frames 10 -> 11 .*--fresh"):
        render_film(small_preset("dream.steps=2", "video.frames=11"), whole, device=CPU)
    for name in ("state", "state-copy"):
        (whole / ".render" / f"{name}.json").unlink()
    with pytest.raises(ResumeError, match=r"state.json is damaged or gone; --fresh"):
        render_film(small_preset(), whole, device=CPU)
    again = render_film(small_preset("video.frames=3"), whole, device=CPU, fresh=True)
    assert again.count == 3 and len(packets(whole / "forward.mp4")) == 3


def test_resume_after_a_failed_command(small_preset, tmp_path):
    with pytest.raises(PresetError, match=r"dream.octaves: 9 octaves"):
        render_film(small_preset("dream.octaves=9"), tmp_path, device=CPU)
    assert render_film(small_preset("video.frames=1"), tmp_path, device=CPU).finished


def test_resume_with_damaged_state_is_refused(small_preset, whole):
    state = whole / ".render" / "state.json"
    state.write_text("[" * 200_000)
    assert render_film(small_preset(), whole, device=CPU).finished  # it has a copy
    state.with_name("state-copy.json").write_text("[" * 200_000)
    with pytest.raises(ResumeError, match=r"state.json is damaged"):
        render_film(small_preset(), whole, device=CPU)
    state.unlink()
    state.mkdir()
    with pytest.raises(OutputError, match=r"state.json: cannot be removed"):
        render_film(small_preset(), whole, device=CPU, fresh=True)


@pytest.mark.slow
def test_resume_keeps_every_frame_with_a_closed_stderr(tmp_path):
    words = [sys.executable, "-m", "dreamvid", "render", "quickstart", "--out", str(tmp_path)]
    options = [word for setting in (*SMALL, "video.frames=5000") for word in ("--set", setting)]
    with subprocess.Popen(
        [*words, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 130
    assert (tmp_path / ".render" / "checkpoint.safetensors").exists()


def test_lock_keeps_a_second_run_out(small_preset, tmp_path):
    def second(progress):
        with pytest.raises(ResumeError, match="another run is at work here"):
            render_film(small_preset(), tmp_path, device=CPU)

    one = small_preset("video.frames=1")
    assert render_film(one, tmp_path, device=CPU, on_frame=second).finished


@pytest.mark.parametrize(("lost", "again"), [("f000001", 0), ("r000002", 8)])
def test_resume_renders_a_lost_segment_again(small_preset, lost, again, whole):
    before = {path.name: packets(path) for path in whole.glob("*.mp4")}
    (whole / ".render" / f"{lost}.mp4").unlink()
    frames, said = [], []
    render_film(small_preset(), whole, device=CPU, on_frame=frames.append, on_message=said.append)
    assert {path.name: packets(path) for path in whole.glob("*.mp4")} == before
    if lost == "r000002":  # its frames are still there: it has only to be encoded
        assert frames == [] and said == []
    else:
        assert frames[0].frame.index == again
        assert f"{lost}.mp4 is gone; rendering again from frame {again}" in said[0]


def test_resume_with_other_outputs_renders_nothing(small_preset, whole):
    frames = []
    changed = small_preset("outputs.loop_width=32", "video.every=5")
    render_film(changed, whole, device=CPU, on_frame=frames.append)
    with PilImage.open(whole / "loop.gif") as loop:
        assert frames == [] and loop.size == (32, 18)
    assert pictures(whole / "loop.gif") == 2


def test_outputs_can_be_left_out_and_stills_written(small_preset, tmp_path):
    settings = ("outputs.reverse=false", "outputs.stills=[0, 3]", "video.frames=5")
    outcome = render_film(small_preset(*settings), tmp_path, device=CPU)
    assert [path.name for path in outcome.files] == [
        "forward.mp4",
        "loop.gif",
        "poster.png",
        "run.json",
    ]
    assert sorted(path.name for path in (tmp_path / "stills").iterdir()) == [
        "000000.png",
        "000003.png",
    ]
    assert not list((tmp_path / ".render").glob(".*"))
    assert not (tmp_path / "reverse.mp4").exists()


def test_tour_dreams_one_layer_after_another(small_preset, tmp_path):
    def stills(name, *settings):
        out = tmp_path / name
        keep = ("outputs.stills=[0,1,2]", "video.frames=3", "motion.zoom=1")
        render_film(small_preset(*keep, *settings), out, device=CPU)
        return [np.asarray(PilImage.open(path)) for path in sorted((out / "stills").iterdir())]

    tour = stills("tour", 'dream.layers=["block_1/expand", "stem"]', "dream.tour=0.25")
    first = stills("first", "dream.layers=block_1/expand")
    assert np.array_equal(tour[0], first[0]) and not np.array_equal(tour[1], first[1])


def test_out_that_is_a_file_is_refused(small_preset, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"--out .*file: cannot be written"):
        render_film(small_preset(), tmp_path / "file", device=CPU)


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def test_resume_with_a_damaged_checkpoint_uses_the_one_before(small_preset, whole):
    before = {path.name: packets(path) for path in whole.glob("*.mp4")}
    cut(whole / ".render" / "checkpoint.safetensors")
    frames = []
    render_film(small_preset(), whole, device=CPU, on_frame=frames.append)
    assert [progress.frame.index for progress in frames] == [8, 9]
    assert {path.name: packets(path) for path in whole.glob("*.mp4")} == before


def test_resume_with_two_damaged_checkpoints_is_refused(small_preset, whole):
    for name in ("checkpoint", "before-checkpoint"):
        cut(whole / ".render" / f"{name}.safetensors")
    with pytest.raises(ResumeError, match=r"checkpoint.safetensors is damaged .*--fresh"):
        render_film(small_preset(), whole, device=CPU)


PEAK = """
import sys, torch
from pathlib import Path
from dreamvid import load_preset, render_film
render_film(load_preset("quickstart", sys.argv[2:]), Path(sys.argv[1]), device=torch.device("cpu"))
with open("/proc/self/status") as status:  # rusage's begins with the size of the parent
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


@pytest.mark.slow
def test_memory_peak_does_not_grow_with_the_film(tmp_path):
    def peak(frames):
        settings = [*SMALL, "start.size=320x180", "video.fps=24", f"video.frames={frames}"]
        command = [sys.executable, "-c", PEAK, str(tmp_path / str(frames)), *settings]
        return int(subprocess.run(command, capture_output=True, check=True).stdout)

    assert peak(200) < 1.03 * peak(50)  # 3 %: what two equal runs differ by


def tone(path, seconds):
    wave = (16000 * np.sin(np.arange(round(seconds * 48000)) / 20)).astype("<i2").tobytes()
    sizes = [np.uint32(size).tobytes() for size in (36 + len(wave), 16, 48000, 96000, len(wave))]
    head = b"RIFF%sWAVEfmt %s\1\0\1\0%s%s\2\0\x10\0data%s" % tuple(sizes)
    path.write_bytes(head + wave)
    return path


def loudness(film):
    """Root mean square of the sound in each half second."""
    with av.open(str(film)) as container:
        whole = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    halves = whole.shape[1] // 24000
    return np.sqrt(np.square(whole[0, : halves * 24000].reshape(halves, -1)).mean(1))


@pytest.mark.parametrize("harm", ["gone", "replaced by a text", "replaced by a folder"])
def test_a_sound_lost_during_the_render_does_not_lose_the_film(
    harm, small_preset, tmp_path, caplog
):
    sound = tone(tmp_path / "s.wav", 3)
    preset = small_preset(f"sound.path={sound}")

    def lose(progress):
        if progress.done == 9:
            sound.unlink()
            if "text" in harm:
                sound.write_text("no sound at all\n" * 20)
            elif "folder" in harm:
                sound.mkdir()

    outcome = render_film(preset, tmp_path / "out", device=CPU, on_frame=lose)
    assert outcome.finished and (tmp_path / "out" / "run.json").exists()
    assert not loudness(tmp_path / "out" / "forward.mp4").any()
    assert any(f"{sound}: " in said and "the film has silence" in said for said in caplog.messages)
    sound.rmdir() if sound.is_dir() else sound.unlink(missing_ok=True)
    tone(sound, 3)
    assert render_film(preset, tmp_path / "out", device=CPU).finished
    assert loudness(tmp_path / "out" / "forward.mp4")[:4].min() > 0.2  # of 0.35


def test_a_sound_cut_short_drives_the_film_for_as_long_as_it_lasts(small_preset, tmp_path, caplog):
    sound = tone(tmp_path / "s.wav", 2)
    sound.write_bytes(sound.read_bytes()[:96000])  # half
    preset = small_preset(f"sound.path={sound}", "motion.turn=rms")
    films = tmp_path / "out"
    assert render_film(preset, films, device=CPU).finished
    heard = loudness(films / "forward.mp4")
    assert heard[:2] == pytest.approx(16000 / 32768 / 2**0.5, rel=0.05) and heard[2:].max() < 0.03
    said = [text for text in caplog.messages if "cut short" in text]
    assert said == [f"{sound}: its sound is cut short after 1.00 seconds; silence follows"]
