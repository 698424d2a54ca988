"""Settings files of other tools: their formats, Parseq's frames, and hostile ones."""

import json
import os
from fractions import Fraction

import pytest

from dreamvid.errors import PresetError
from dreamvid.film.settings_at import motion_at
from dreamvid.preset.load import check, load_preset
from dreamvid.preset.settings_file import import_settings, is_settings_file
from dreamvid.preset.toml import read_toml
from dreamvid.schedule.moment import Moment
from tests.support.command import run

DEFORUM = {
    "W": 64,
    "H": 36,
    "seed": 3,
    "sampler": "Euler a",
    "steps": 25,
    "batch_name": "Deforum_{timestring}",
    "use_init": False,
    "init_image": "https://deforum.github.io/a1/I1.png",
    "prompts": {"0": "tiny cute bunny", "30": "clean cat"},
    "animation_mode": "2D",
    "max_frames": 6,
    "border": "replicate",
    "angle": "0:(0), (max_f/2):(10), (max_f-1):(0)",
    "zoom": "0:(1.0025+0.002*sin(1.25*3.14*t/30))",
    "translation_x": "0:(0), 3:(2)",
    "translation_y": "0:(0)",
    "translation_z": "0:(1.75)",
    "strength_schedule": "0: (0.65)",
    "color_coherence": "LAB",
    "diffusion_cadence": 1,
    "fps": 20,
    "add_soundtrack": "None",
    "parseq_manifest": "",
}


def frame(number, **fields):
    return {"frame": number, "deforum_prompt": "a cat", **fields}


PARSEQ = {
    "options": {"input_fps": 20, "output_fps": 10, "bpm": 120},
    "keyframes": [],
    "rendered_frames": [
        frame(0, zoom=1, zoom_delta=1, angle=0, angle_delta=0, strength=0.5),
        frame(1, zoom=1.5, zoom_delta=1.5, angle=4, angle_delta=4, strength=0.5),
        frame(2, zoom=1.8, zoom_delta=1.2, angle=10, angle_delta=6, strength=0.5),
    ],
}


def file_of(tmp_path, content, name="deforum_settings.txt"):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def imported(tmp_path, content, name="deforum_settings.txt"):
    found = import_settings(file_of(tmp_path, content, name))
    return check(read_toml(found.text)), dict(found.rows)


def motion(preset, number):
    moment = Moment(frame=number, fps=Fraction(24), frames=preset.video.count)
    return motion_at(preset.motion, moment)


def test_settings_file_becomes_a_preset(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = file_of(tmp_path, DEFORUM)
    code, said, _ = run(capsys, "presets", "new", "mine", "--from", source)
    assert code == 0
    rows = {line.split()[0]: line for line in said.splitlines()}
    assert "motion.zoom" in rows["zoom"] and "motion.turn" in rows["angle"]
    assert "left out: no text is dreamed" in rows["prompts"]
    assert "left out: use_init is off" in rows["init_image"]
    assert {*DEFORUM} <= {*rows}  # each key has its row
    preset = load_preset("mine.toml")
    assert preset.start.size == (64, 36) and preset.video.count == 6


@pytest.mark.slow
def test_preset_of_a_settings_file_renders(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "presets", "new", "mine", "--from", file_of(tmp_path, DEFORUM))[0] == 0
    words = ("--set", "dream.octaves=1", "--set", "dream.steps=1", "--device", "cpu")
    assert run(capsys, "render", "mine.toml", *words)[0] == 0
    record = json.loads((tmp_path / "out" / "mine" / "run.json").read_text("utf-8"))
    assert record["frames"] == 6


def test_name_and_existing_files_are_as_for_presets(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = file_of(tmp_path, DEFORUM)
    assert run(capsys, "presets", "new", ".", "--from", source)[0] == 2
    assert run(capsys, "presets", "new", "mine", "--from", source)[0] == 0
    before = (tmp_path / "mine.toml").read_text("utf-8")
    assert run(capsys, "presets", "new", "mine", "--from", source)[0] == 6
    assert (tmp_path / "mine.toml").read_text("utf-8") == before


def test_missing_files_are_named(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {**DEFORUM, "add_soundtrack": "File", "soundtrack_path": "song.mp3"}
    _, _, error = run(capsys, "presets", "new", "mine", "--from", file_of(tmp_path, settings))
    assert f"{tmp_path / 'song.mp3'}, which it was made from, is not here" in error
    assert load_preset("mine.toml").sound.path == tmp_path / "song.mp3"


NOTEBOOK = """
def DeforumAnimArgs():

    #@markdown ####**Animation:**
    animation_mode = '2D' #@param ['None', '2D', '3D', 'Video Input'] {type:'string'}
    max_frames = 40 #@param {type:"number"}
    border = 'wrap' #@param ['wrap', 'replicate'] {type:'string'}
    zoom = "0:(1.04)"#@param {type:"string"}
    translation_x = "0:(10*sin(2*3.14*t/10))"#@param {type:"string"}
    use_depth_warping = True #@param {type:"boolean"}
fps: 15
seed: 12,
angle: 0:(0), 20:(1)
W = 128
"""


def test_text_forms_are_read(tmp_path):
    preset, rows = imported(tmp_path, NOTEBOOK)
    assert preset.video.count == 40 and preset.video.fps == 15 and preset.seed == 12
    assert preset.motion.border == "wrap" and preset.start.size == (128, 512)
    found = motion(preset, 3)
    assert (found.zoom, found.turn) == (1.04, pytest.approx(0.15))
    assert "use_depth_warping" in rows


def test_bom_and_missing_mode_are_fine(tmp_path):
    preset, _ = imported(tmp_path, "\ufeff" + json.dumps({"max_frames": 9, "zoom": 1.1}))
    assert preset.video.count == 9 and preset.motion.zoom == 1.1


def test_parseqs_frames_are_taken(tmp_path):
    preset, rows = imported(tmp_path, PARSEQ, "parseq.json")
    assert preset.video.count == 3 and preset.video.fps == 10
    assert [motion(preset, n).zoom for n in range(3)] == [1, 1.5, 1.2]
    assert [motion(preset, n).turn for n in range(3)] == [0, 4, 6]
    assert rows["strength_schedule"].startswith("left out: ")
    assert rows["deforum_prompt"].startswith("left out: no text is dreamed")


def test_parseq_in_deforums_settings_replaces_its_schedules(tmp_path):
    manifest = json.dumps(PARSEQ)
    preset, _ = imported(tmp_path, {**DEFORUM, "parseq_manifest": manifest})
    assert preset.start.size == (64, 36)
    assert [motion(preset, n).zoom for n in range(3)] == [1, 1.5, 1.2]


def test_parseq_of_a_camera_in_space_is_3d(tmp_path):
    frames = [frame(n, translation_z_delta=4, rotation_3d_y_delta=n) for n in range(3)]
    preset, _ = imported(tmp_path, {"rendered_frames": frames}, "parseq.json")
    assert motion(preset, 2).yaw == 2 and motion(preset, 1).dolly > 0


def test_constant_stretches_are_two_keys(tmp_path):
    deltas = [1.0, *[1.1] * 500, 1.2]
    frames = [frame(n, zoom_delta=value) for n, value in enumerate(deltas)]
    preset, _ = imported(tmp_path, {"rendered_frames": frames}, "parseq.json")
    assert preset.model_dump()["motion"]["zoom"] == "0:(1), 1:(1.1), 500:(1.1), 501:(1.2)"
    assert [motion(preset, n).zoom for n in (0, 1, 250, 500, 501)] == [1, 1.1, 1.1, 1.1, 1.2]


def test_our_own_records_are_no_settings(tmp_path):
    assert not is_settings_file(file_of(tmp_path, {"preset": {}, "frames": 3}, "run.json"))
    assert not is_settings_file(file_of(tmp_path, "{", "broken.json"))
    assert not is_settings_file(tmp_path / "mine.toml")
    assert is_settings_file(file_of(tmp_path, PARSEQ, "parseq.json"))


DEEP = '{"max_frames": ' + "[" * 100_000 + "]" * 100_000 + "}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "has no settings"),
        ("hello\n\n\x00\n", "has no settings"),
        ("a = 1\nb: 2", "has no setting of Deforum, such as max_frames"),
        ("{", "is not JSON: Expecting property name"),
        (DEEP, "is nested too deep"),
        ('{"max_frames": NaN}', "is not JSON: NaN is no number"),
        ('{"max_frames": ' + "1" * 5000 + "}", "is not JSON: Exceeds the limit"),
        ({f"key{n}": 1 for n in range(2001)}, "has 2001 settings (at most 2000)"),
        ({"keyframes": []}, "has no rendered_frames (render it in Parseq"),
        ({"rendered_frames": []}, "has no rendered_frames"),
        ({"rendered_frames": {"a": 1}}, "has no rendered_frames"),
        ({"rendered_frames": [5]}, "rendered_frames[0]: frame should be a number, got None"),
        (
            {"rendered_frames": [frame(0, zoom_delta=1), frame(1, zoom_delta="x")]},
            "rendered_frames[1]: zoom_delta should be a number, got 'x'",
        ),
        ({"rendered_frames": [frame(0)] * 100_001}, "has 100001 rendered_frames (at most 100000)"),
        ({"max_frames": 5, "parseq_manifest": "[1]"}, "parseq_manifest: is no table of settings"),
        ({"max_frames": 5, "parseq_manifest": "https://a"}, "parseq_manifest: is not JSON"),
    ],
)
def test_hostile_file_is_refused_in_one_line(capsys, tmp_path, monkeypatch, content, problem):
    monkeypatch.chdir(tmp_path)
    source = file_of(tmp_path, content)
    code, _, error = run(capsys, "presets", "new", "mine", "--from", source)
    assert code == 2 and problem in error and error.count("\n") == 1
    assert not (tmp_path / "mine.toml").exists()


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    os.truncate(file_of(tmp_path, "{", "huge.txt"), 65_000_000)
    (tmp_path / "latin.txt").write_bytes(b"max_frames: \xff")
    for name, problem in (
        ("none.txt", "cannot be read: No such file"),
        ("pipe.txt", "it is a pipe or a device"),
        ("huge.txt", "is larger than 64 MB"),
        ("latin.txt", "cannot be read: not UTF-8 text"),
    ):
        with pytest.raises(PresetError, match=problem):
            import_settings(tmp_path / name)


@pytest.mark.parametrize("line", ["zoom:" + " " * 200_000 + "\x00", "a" * 500_000, "a:" * 300_000])
def test_long_line_is_read_at_once(tmp_path, line):
    """A search that goes back and forth would take hours."""
    preset, _ = imported(tmp_path, f"max_frames: 7\n{line}\n")
    assert preset.video.count == 7
