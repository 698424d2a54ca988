"""atlas, explore and describe: what they write, and that it is what it says."""

import json
import re
import shlex

import pytest
import torch

from dreamvid.film.engine import frame_rng
from dreamvid.film.job import still
from dreamvid.image import fit, to_bytes
from dreamvid.media.images.reading import load
from dreamvid.media.images.writing import save
from dreamvid.preset.load import load_preset
from tests.support.command import run

CPU = torch.device("cpu")
TALL = ("--layers", "stem", "--set", "start.size=16384x32")  # wider than a WebP
MANY = "seed=" + ",".join(map(str, range(30)))
ONE = ("--across", "dream.steps=1", "--side", "1024")
QUICK = ("--set", "dream.octaves=2", "--set", "dream.steps=2")


def pixels(path):
    return to_bytes(load(path, option=""))


@pytest.fixture
def photo(tmp_path, texture):
    path = tmp_path / "photo.png"
    save(torch.from_numpy(texture(60, 90)).permute(2, 0, 1)[None] / 255, path)
    return path


def test_atlas_shows_what_its_presets_give(capsys, tmp_path):
    out = tmp_path / "sheet.png"
    words = ("--layers", "block_9/expand", "--layers", "block_1/*", "--side", 48, "--seed", 3)
    code, said, progress = run(capsys, "atlas", "lite0", *words, "--out", out, *QUICK)
    assert code == 0 and said == f"{out}\n{tmp_path / 'sheet.html'}\n" and "4/4" in progress
    presets = sorted((tmp_path / "sheet-presets").glob("*.toml"))
    assert [path.stem for path in presets] == [
        "block_1-depthwise",
        "block_1-expand",
        "block_1-output",
        "block_9-expand",
    ]
    for path in presets:
        assert load_preset(str(path)).model == "lite0"
    # The second on the sheet is block_1/expand, dreamed from this noise:
    noise = torch.rand(1, 3, 48, 48, generator=frame_rng(3, -1))
    expected = to_bytes(still(noise, load_preset(str(presets[1])), CPU))
    top = 40  # under the title
    assert (pixels(out)[top : top + 48, 8 + 56 : 8 + 56 + 48] == expected).all()
    film = ("--out", tmp_path / "film", "--frames", 1, "--set", "outputs.stills=[0]")
    assert run(capsys, "render", presets[1], *film)[0] == 0
    (shown,) = (tmp_path / "film" / "stills").glob("*.png")
    assert (pixels(shown) == expected).all()


def test_atlas_of_channels_dreams_each_alone(capsys, tmp_path, photo):
    out = tmp_path / "sheet.png"
    words = ("--layers", "block_5/expand", "--channels", 3, "--image", photo, "--side", 48)
    assert run(capsys, "atlas", "lite0", *words, "--out", out, *QUICK)[0] == 0
    found = [load_preset(str(path)) for path in (tmp_path / "sheet-presets").glob("*.toml")]
    assert all(preset.start.path == photo and preset.start.size == (48, 32) for preset in found)
    layers = [preset.dream.layers[0] for preset in found]
    assert {(layer.name, layer.objective) for layer in layers} == {("block_5/expand", "channel")}
    from dreamvid.models.weights import store

    with torch.no_grad():
        small = fit(load(photo, option=""), (32, 48))
        seen = store.load("lite0", CPU)(small, ["block_5/expand"])["block_5/expand"]
    strongest = seen.double().mean((0, 2, 3)).topk(3).indices.tolist()
    assert {layer.channels for layer in layers} == {(number,) for number in strongest}


def test_atlas_of_a_classifier_dreams_its_labels(capsys, tmp_path, photo):
    out = tmp_path / "sheet.png"
    words = ("--layers", "classes", "--channels", 2, "--image", photo, "--side", 48)
    assert run(capsys, "atlas", "lite0", *words, "--out", out, *QUICK)[0] == 0
    found = [load_preset(str(path)) for path in (tmp_path / "sheet-presets").glob("*.toml")]
    assert all(not preset.dream.layers for preset in found)
    from torchvision.models import ResNet50_Weights

    labels = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    assert all(preset.dream.classes[0].label in labels for preset in found) and len(found) == 2


def test_explore_shows_every_pair_of_values(capsys, tmp_path, photo):
    out = tmp_path / "grid.png"
    axes = ("--across", "dream.layers=block_3/expand,block_5/expand", "--down", "seed=1,2")
    words = ("explore", photo, "--out", out, *axes, "--side", 48, *QUICK)
    code, said, _ = run(capsys, *words)
    assert code == 0 and said.splitlines() == [str(out), str(tmp_path / "grid.html")]
    preset = load_preset(str(tmp_path / "grid-presets" / "block_5-expand-2.toml"))
    assert (preset.seed, preset.dream.layers[0].name) == (2, "block_5/expand")
    expected = to_bytes(still(fit(load(photo, option=""), (32, 48)), preset, CPU))
    grid = pixels(out)
    corner = grid[-8 - 32 : -8, -8 - 48 : -8]  # the last of the second row
    assert (corner == expected).all()


@pytest.mark.slow
def test_explore_takes_a_presets_settings(capsys, tmp_path, photo):
    out = tmp_path / "grid.png"
    axes = ("--across", "dream.step_size=1,2", "--down", "dream.octaves=1,2")
    words = ("explore", photo, "--out", out, *axes, "--side", 48, "--preset", "quickstart")
    assert run(capsys, *words, "--set", "dream.steps=1")[0] == 0
    for path in (tmp_path / "grid-presets").glob("*.toml"):
        preset = load_preset(str(path))
        assert preset.dream.pyramid == 4 and preset.video.frames == 48
        assert preset.start.kind == "image"


@pytest.mark.slow
def test_describe_as_text_and_as_json(capsys, tmp_path, photo):
    words = ("describe", photo, "--top", 3, "--channels", "--map", tmp_path / "map.png")
    code, said, _ = run(capsys, *words)
    assert code == 0 and str(tmp_path / "map.png") in said and pixels(tmp_path / "map.png").any()
    found = json.loads(run(capsys, *words, "--json")[1])
    assert len(found["classes"]) == 3 and set(found["channels"]) == {
        "block_9/expand",
        "block_11/expand",
    }
    first = found["classes"][0]
    assert f"{first['label']}\t{first['middle']:.1%}\t{first['whole']:.1%}\n" in said
    # What it says to do next can be done.
    lines = [line for line in said.splitlines() if line.startswith("dreamvid dream")]
    assert len(lines) == 3
    for line in lines:
        told = [word.replace("dreamed.png", str(tmp_path / "d.png")) for word in shlex.split(line)]
        assert run(capsys, *told[1:], *QUICK)[0] == 0


def test_describe_an_image_named_like_an_option(capsys, tmp_path, photo, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo.rename(tmp_path / "-dash.png")
    code, said, _ = run(capsys, "describe", "./-dash.png", "--top", 1)
    assert code == 0 and "dreamvid dream ./-dash.png " in said


def test_describe_by_channels_without_labels(capsys, photo, monkeypatch):
    from dreamvid.models.networks.efficientnet_lite import Lite

    monkeypatch.setattr(Lite, "head", None)
    code, said, _ = run(capsys, "describe", photo, "--top", 2)
    assert code == 0 and re.search(r"^block_9/expand \[\d+, \d+\]$", said, re.MULTILINE)
    code, _, error = run(capsys, "describe", photo, "--map", "map.png")
    assert code == 2 and "--map: lite0 has no labels" in error


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["atlas", "lite9"], 3, "did you mean lite"),
        (["atlas", "googlenet"], 3, "models get googlenet"),
        (["atlas", "lite0", "--layers", "block_9/expnd"], 3, "did you mean block_9/expand?"),
        (["atlas", "lite0", "--layers", "x*"], 3, "--layers: lite0 has no layer x*"),
        (["atlas", "lite0", "--layers", ""], 3, "--layers: lite0 has no layer"),
        (["atlas", "lite0", "--channels", "3"], 2, "--channels: needs one layer"),
        (["atlas", "lite0", "--layers", "stem", "--channels", "33"], 2, "--channels: stem has"),
        (["atlas", "lite0", "--image", "no.png"], 2, "no.png does not exist"),
        (["atlas", "lite0", "--image", "photo.png", "--out", "photo.png"], 2, "photo itself"),
        (["atlas", "lite0", "--out", "o.mp3"], 6, "no picture format"),
        (["atlas", "lite0", "--out", "o.exr"], 2, "browsers do not show"),
        (["atlas", "lite0", "--out", "x\udcff.png"], 2, r"--out: 'x\udcff.png' is not UTF-8"),
        (["atlas", "lite0", "--image", "x\udcff.png"], 2, r"x\udcff.png' is not UTF-8"),
        (["atlas", "lite0", "--image", "photo.png", "--set", "start.path=x"], 2, "--image is what"),
        (["atlas", "lite0", "--image", "photo.png", "--set", "start.kind=sky"], 2, "--image is"),
        (["atlas", "lite0", "--side", "1024", "--out", "o.webp", *TALL], 6, "at most 16383"),
        (["atlas", "lite0", "--side", "8"], 2, "--side"),
        (["atlas", "lite0", "--set", "dream.layers=stem"], 2, "for the atlas to choose"),
        (["atlas", "lite0", "--set", "dream.octves=2"], 2, "did you mean octaves?"),
        (["atlas", "lite0", "--set", "dream.octaves=12"], 2, "dream.octaves: 12 octaves"),
        (["explore", "no.png", "--out", "o.png"], 2, "no.png does not exist"),
        (["explore", "photo.png", "--out", "photo.png"], 2, "photo itself"),
        (["explore", "photo.png", "--out", "o.tif"], 2, "browsers do not show"),
        (["explore", "photo.png", "--out", "x\udcff.png"], 2, "is not UTF-8"),
        (["explore", "x\udcff.png", "--out", "o.png"], 2, "IMAGE: "),
        (["explore", "photo.png", "--out", "o.png", "--set", "start.path=x"], 2, "IMAGE is what"),
        (["explore", "photo.png", "--out", "o.png", "--set", "start.size=64x64"], 2, "--set: "),
        (["explore", "photo.png", "--out", "o.webp", "--down", MANY, *ONE], 6, "at most 16383"),
        (["explore", "photo.png", "--out", "o.png", "--across", "dream.steps="], 2, "empty value"),
        (["explore", "photo.png", "--out", "o.png", "--across", "dream.stps=1"], 2, "steps?"),
        (["explore", "photo.png", "--out", "o.png", "--down", "dream.steps=x"], 2, "dream.steps"),
        (["explore", "photo.png", "--out", "o.png", "--across", "model=lite9"], 3, "lite9"),
        (
            ["explore", "photo.png", "--out", "o.png", "--down", "dream.octaves=1,12"],
            2,
            "12 octaves",
        ),
        (
            ["explore", "photo.png", "--out", "o.png", "--across", "dream.layers=stem,steem"],
            3,
            "did you mean stem?",
        ),
        (
            ["explore", "photo.png", "--out", "o.png", "--preset", "footage-soft"],
            2,
            "--preset: footage-soft dreams on footage",
        ),
        (["describe", "no.png"], 2, "no.png does not exist"),
        (["describe", "photo.png", "--model", "nope"], 3, "there is no 'nope'"),
        (["describe", "photo.png", "--map", "photo.png"], 2, "--map: photo.png is the photo"),
        (["describe", "photo.png", "--top", "0"], 2, "--top"),
    ],
)
def test_mistakes_are_one_line_before_any_work(
    words, code, message, capsys, tmp_path, photo, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = photo.read_bytes()
    found, _, error = run(capsys, *words)
    assert (found, message in error) == (code, True), error
    assert error.startswith("dreamvid: ") and error.count("\n") == 1
    assert photo.read_bytes() == before and [
        path for path in tmp_path.iterdir() if path.is_file()
    ] == [photo]
