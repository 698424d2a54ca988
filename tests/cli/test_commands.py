import json
import subprocess
import sys
from unittest.mock import patch

import pytest
import tifffile
import torch

import dreamvid
from dreamvid.media.images.reading import load
from dreamvid.media.images.writing import save
from tests.support.command import run

SMALL = ["--size", "64x36", "--frames", "3", "--set", "dream.octaves=1", "--set", "dream.steps=1"]


def one_line(text):
    return text.startswith("dreamvid: ") and text.count("\n") == 1


@pytest.mark.slow
def test_render_twice(capsys, tmp_path):
    out = tmp_path / "film"
    code, said, _ = run(capsys, "render", "quickstart", "--out", out, *SMALL)
    assert code == 0 and "3 frames by lite0 on cpu" in said
    for name in ("forward.mp4", "reverse.mp4", "loop.gif", "poster.png", "run.json"):
        assert str(out / name) in said
    assert run(capsys, "render", "quickstart", "--out", out, *SMALL)[0] == 0
    code, _, error = run(capsys, "render", "quickstart", "--out", out, *SMALL, "--seed", 5)
    assert code == 5 and one_line(error) and "seed 1 -> 5" in error


def test_render_puts_films_into_out_by_default(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "presets", "new", "mine")[0] == 0
    assert run(capsys, "render", "mine.toml", *SMALL, "--fps", "25")[0] == 0
    assert (tmp_path / "out" / "mine" / "forward.mp4").exists()
    assert run(capsys, "presets", "new", "mine")[0] == 6


def test_dream_keeps_the_size_and_changes_the_picture(capsys, tmp_path):
    picture = torch.rand(1, 3, 37, 51, generator=torch.Generator().manual_seed(0))
    save(picture, tmp_path / "in.png")
    words = (
        "dream",
        tmp_path / "in.png",
        "--out",
        tmp_path / "out.jpg",
        "--set",
        "dream.octaves=2",
    )
    assert run(capsys, *words)[0] == 0
    after = load(tmp_path / "out.jpg", option="")
    assert after.shape == picture.shape and (after - picture).abs().mean() > 0.02


@pytest.mark.slow
def test_dream_scales_first_and_writes_more_bits(capsys, tmp_path):
    save(torch.rand(1, 3, 37, 51), tmp_path / "in.png")
    words = ("dream", tmp_path / "in.png", "--set", "dream.octaves=1", "--set", "dream.steps=1")
    more = ("--size", "65x43", "--depth", 16, "--out", tmp_path / "a.tif")
    assert run(capsys, *words, *more)[0] == 0
    code, said, _ = run(capsys, *words, *more[:-1], tmp_path / "b.tif", "--on-disk")
    assert code == 0 and said.strip() == str(tmp_path / "b.tif")
    memory, disk = (tifffile.imread(tmp_path / name) for name in ("a.tif", "b.tif"))
    assert memory.shape == disk.shape == (43, 65, 3) and memory.dtype == disk.dtype == "uint16"
    assert abs(memory.astype(int) - disk.astype(int)).mean() < 30


def test_dream_takes_a_presets_settings(capsys, tmp_path):
    save(torch.rand(1, 3, 60, 80), tmp_path / "in.png")
    common = ("dream", tmp_path / "in.png", "--set", "dream.octaves=1", "--set", "dream.steps=1")
    assert run(capsys, *common, "--out", tmp_path / "a.png")[0] == 0
    preset = ("--preset", "quickstart")
    assert run(capsys, *common, *preset, "--out", tmp_path / "b.png")[0] == 0
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


@pytest.mark.slow
def test_preview_writes_a_sheet_of_small_frames(capsys, tmp_path):
    sheet = tmp_path / "sheet.png"
    words = ("preview", "quickstart", "--out", sheet, "--frames", 4, "--tiles", 4)
    assert run(capsys, *words, "--set", "dream.steps=1")[0] == 0
    assert load(sheet, option="").shape == (1, 3, 2 * 136, 3 * 240)


def test_presets_are_listed_shown_and_described(capsys):
    assert "quickstart" in run(capsys, "presets", "list")[1]
    assert "quickstart" in json.loads(run(capsys, "presets", "list", "--json")[1])
    assert run(capsys, "presets", "show", "quickstart")[1].startswith("# ")
    shown = json.loads(run(capsys, "presets", "show", "quickstart", "--json")[1])
    assert shown["dream"]["jitter"] == 16
    schema = json.loads(run(capsys, "presets", "schema")[1])
    octaves = schema["$defs"]["DreamOptions"]["properties"]["octaves"]["anyOf"]
    assert octaves[0]["maximum"] == 20 and octaves[1]["type"] == "string"


def test_models_and_layers_are_listed(capsys):
    assert "lite0\tyes" in run(capsys, "models", "list")[1]
    listed = {row["name"]: row for row in json.loads(run(capsys, "models", "list", "--json")[1])}
    assert listed["googlenet"]["installed"] is None and listed["googlenet"]["megabytes"] == 53
    assert "block_9/expand *\n" in run(capsys, "layers", "lite0")[1]
    layers = json.loads(run(capsys, "layers", "lite0", "--json")[1])
    assert layers["usual"] == ["block_9/expand", "block_11/expand"]


def test_doctor_tries_the_encoders(capsys):
    facts = json.loads(run(capsys, "doctor", "--json")[1])
    assert facts["encoders"]["libx264"] == "works" and facts["encoders"]["gif"] == "works"
    if not torch.cuda.is_available():
        assert facts["encoders"]["h264_nvenc"] != "works"
    assert facts["kernels"]["numba"] == facts["kernels"]["oneDNN"] == "works"
    if not torch.cuda.is_available():
        assert facts["kernels"]["CUDA graphs"] == "not used: there is no NVIDIA GPU"
    assert "cpu" in facts["devices"] and "models get googlenet" in facts["models"]["googlenet"]
    assert "libx264" in run(capsys, "doctor")[1]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["render", "quikstart"], 2, "did you mean quickstart?"),
        (["render", "gone.toml"], 2, "gone.toml: cannot be read: No such file"),
        (["render", "quickstart", "--set", "dream.octave=2"], 2, "did you mean octaves?"),
        (["render", "quickstart", "--frames", "x"], 2, "--frames"),
        (["render", "quickstart", "--size", "63x36"], 2, "start.size: video needs even sides"),
        (["render", "quickstart", "--model", "nope"], 3, "model: there is no 'nope'"),
        (["render", "quickstart", "--model", "googlenet"], 3, "models get googlenet"),
        (["render", "quickstart", "--set", "dream.layers=block_9/expnd"], 3, "block_9/expand?"),
        (["render", "quickstart", "--device", "tpu"], 2, "--device"),
        (["render", "quickstart", "--set", "start.path=no.png"], 2, "no.png does not exist"),
        (["render", "guided"], 2, "dream.guide: this dream is guided by a picture"),
        (["render", "quickstart", "--set", "dream.guide=no.png"], 2, "no.png does not exist"),
        (["render", "quickstart", "--out", "/proc/x"], 6, "--out /proc/x: cannot be written"),
        (["dream", "no.png", "--out", "o.png"], 2, "no.png does not exist"),
        (["dream", "no.png", "--out", "o.mp3"], 6, "no picture format"),
        (["dream", "no.png"], 2, "--out"),
        (["dream", "no.png", "--out", "o.jpg", "--depth", "16"], 2, "--depth: o.jpg cannot have"),
        (["dream", "no.png", "--out", "o.jpg", "--size", "9x"], 2, "--size: '9x' must be"),
        (["dream", "no.png", "--out", "o.jpg", "--size", "0x9"], 2, "--size: 0x9 pixels"),
        (["dream", "no.png", "--out", "o.png", "--size", "99999x99999"], 2, "1 to 1074 million"),
        (["layers", "lite9"], 3, "did you mean lite"),
        (["models", "get", "nope"], 3, "there is no 'nope'"),
        (["models", "import", "no.npz"], 3, "no.npz"),
        (["presets", "show", "nope"], 2, "nope: no preset of this name"),
        (["rendr"], 2, "rendr"),
        (["presets", "new", "."], 2, "NAME: '.' is not a name"),
        (["render", "quickstart", "--model", "true"], 3, "model: there is no 'true'"),
        (["render", "quickstart", "--out", ""], 2, "--out: is empty"),
        (["render", "quickstart", "--frmes", "3"], 2, "--frmes"),
    ],
)
def test_mistakes_are_one_line_with_their_exit_code(
    words, code, message, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    found, _, error = run(capsys, *words)
    assert (found, message in error, one_line(error)) == (code, True, True), error
    assert list(tmp_path.rglob("*.mp4")) == list(tmp_path.rglob("*.partial*")) == []


def test_models_list_survives_a_damaged_model(capsys, models_home):
    (models_home / "models").mkdir(parents=True)
    (models_home / "models" / "googlenet.json").write_text('{"architecture": "foo"}')
    (models_home / "models" / "folder.json").mkdir()
    assert "googlenet\tdamaged" in run(capsys, "models", "list")[1]
    assert "damaged" in run(capsys, "doctor")[1]
    code, _, error = run(capsys, "layers", "googlenet")
    assert code == 3 and one_line(error) and "models get googlenet" in error
    assert run(capsys, "layers", "lite0")[0] == 0


@pytest.mark.slow
def test_pipe_closed_by_its_reader_does_not_stop_the_work(tmp_path):
    words = f"{sys.executable} -m dreamvid render quickstart --out {tmp_path} {' '.join(SMALL)}"
    assert subprocess.run(f"{words} 2>&1 | head -1", shell=True, capture_output=True).stdout
    assert (tmp_path / "run.json").exists()


def test_streams_full_or_closed_give_no_traceback(tmp_path):
    words = f"{sys.executable} -m dreamvid presets list"
    full = subprocess.run(f"{words} > /dev/full", shell=True, capture_output=True, text=True)
    assert full.returncode == 6 and "No space left" in full.stderr
    assert "Traceback" not in full.stderr
    wrong = subprocess.run(f"{words} --nope 2> /dev/full", shell=True)
    assert wrong.returncode == 2
    closed = subprocess.run(f"{words} >&-", shell=True, capture_output=True, text=True)
    assert (closed.returncode, closed.stderr) == (0, "")


def test_terminal_cannot_be_steered_by_a_preset(capsys, tmp_path):
    (tmp_path / "bad.toml").write_text('title = "a\\u001b[2J"\nvideo = { frames = 1 }\n[x]\n')
    code, _, error = run(capsys, "render", tmp_path / "bad.toml")
    assert code == 2 and one_line(error)
    assert "\x1b" not in run(capsys, "render", "quickstart", "--set", "a\x1b[2J=1")[2]


def test_help_imports_no_torch():
    code = (
        "import sys; from dreamvid.cli import main; main(['--help']);"
        "assert not {'torch', 'pydantic', 'rich', 'av'} & set(sys.modules), 'imported too much'"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "render" in found.stdout


def test_public_names_can_be_imported():
    import dreamvid

    for name in dreamvid.__all__:
        assert getattr(dreamvid, name) is not None


def test_render_too_small_for_its_layer_is_refused_first(capsys, tmp_path):
    small = ("--set", "start.size=64x48", "--set", "dream.octaves=3")
    words = ("render", "quickstart", "--out", tmp_path / "film", *small)
    # Of a padded network every size will do, so a layer that is not padded stands in for one.
    with patch(
        "dreamvid.models.networks.efficientnet_lite.Lite.__call__",
        side_effect=RuntimeError("input too small"),
    ):
        code, _, error = run(capsys, *words)
    assert code == 3 and "33x24 pixels are too few for block_13/expand" in error
    assert not (tmp_path / "film").exists()


def test_version_needs_no_command(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0 and out == f"dreamvid {dreamvid.__version__}\n"


def test_dream_does_not_overwrite_its_image(capsys, tmp_path):
    path = tmp_path / "in.png"
    save(torch.rand(1, 3, 40, 40), path)
    before = path.read_bytes()
    code, _, error = run(capsys, "dream", path, "--out", path)
    assert code == 2 and "--out" in error and "is the picture itself" in error
    assert path.read_bytes() == before


def test_dream_on_disk_needs_tiles(capsys, tmp_path):
    save(torch.rand(1, 3, 40, 40), tmp_path / "in.png")
    words = ("dream", tmp_path / "in.png", "--out", tmp_path / "out.png", "--on-disk")
    code, _, error = run(capsys, *words, "--set", "dream.tile=off")
    assert code == 2 and "dream.tile" in error
