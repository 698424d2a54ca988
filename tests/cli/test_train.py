"""`dreamvid train` as a user sees it, on small made-up photos and the embedded network."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open

from dreamvid.models.weights import store
from tests.support.command import run

WORDS = ("sea", "sand", "tower", "harbour", "market", "castle")
FAST = ("--epochs", "2", "--batch", "8", "--cache", "0.0012", "--no-dreams")  # one view of each


@pytest.fixture
def photos(tmp_path, texture) -> Path:
    """24 photos whose colour says which words they have."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rows = ["file,caption"]
    for number in range(24):
        words = [WORDS[number % 6], WORDS[(number + 1) % 6], WORDS[number % 2]]
        pixels = texture(72, 80, seed=number) // 2
        pixels[..., number % 3] += 100
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{' '.join(words)} place{number}")
    (tmp_path / "captions.csv").write_text("\n".join(rows))
    return folder


def command(photos, *more):
    captions = photos.parent / "captions.csv"
    out = photos.parent / "out"
    return ("train", "town", "--images", photos, "--captions", captions, "--out", out, *more)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--rate", "0"), 2, "--rate: 0 is not above 0 and at most 1 (such as 0.001)"),
        (("--out", ""), 2, "--out: is the current folder (give a folder of its own)"),
        (("--out", "."), 2, "--out: is the current folder (give a folder of its own)"),
        (("--cache", "inf"), 2, "--cache: inf is not a size (in GB, such as 4)"),
        (("--cache", "nan"), 2, "Invalid value for '--cache'"),
        (
            ("--vectors", "none.txt"),
            2,
            "--vectors: none.txt cannot be read: No such file or directory",
        ),
        (
            ("--text", "labels", "--dimensions", "9"),
            2,
            "--dimensions: 9 has no effect: labels have one each (leave it out)",
        ),
        (("--base", "resnet50"), 3, "model resnet50: a city cannot be learned on it; it can on"),
        (("--base", "nothing"), 3, "model: there is no 'nothing'"),
        (("--loss", "triplet"), 2, "Invalid value for '--loss'"),
    ],
)
def test_mistakes_are_one_line(capsys, photos, words, code, says):
    found, _, complaint = run(capsys, *command(photos, *words))
    assert found == code
    assert complaint.startswith(f"dreamvid: {says}")
    assert complaint.count("\n") == 1


@pytest.mark.parametrize("name", ["googlenet", "lite0", "Big Town", "../up"])
def test_name_is_checked_first(capsys, photos, name):
    code, _, complaint = run(capsys, "train", name, "--images", photos / "nowhere")
    assert code == 3
    assert complaint.startswith("dreamvid: NAME ")


def test_out_among_the_photos_is_refused(capsys, photos):
    code, _, complaint = run(capsys, *command(photos, "--out", photos / "out"))
    assert (code, complaint.count("\n")) == (2, 1)
    assert "lies among the photos (give another folder)" in complaint


def test_missing_package_names_the_extra(capsys, photos, monkeypatch):
    from dreamvid.cli import extra

    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    code, _, complaint = run(capsys, *command(photos))
    assert code == 2
    assert complaint == (
        "dreamvid: train: the package gensim is not installed "
        "(pip install '.[train]' in dreamvid's folder)\n"
    )


def test_check_writes_only_its_files(capsys, photos):
    code, said, _ = run(capsys, *command(photos, "--check", "--json"))
    found = json.loads(said)
    out = photos.parent / "out"
    assert code == 0
    assert found["data"]["kept"] == 24
    assert found["files"][:2] == [str(out / "check.png"), str(out / "dropped.csv")]
    assert not (out / ".render").exists()
    assert "town" not in store.known()


@pytest.mark.slow
def test_stop_words_follow_the_languages(capsys, photos):
    captions = photos.parent / "captions.csv"
    captions.write_text(captions.read_text().replace(" place", " della place"))  # Italian

    def words_of(*more):
        code, said, told = run(capsys, *command(photos, "--check", "--json", *more))
        return (code, "della" in json.dumps(json.loads(said)["data"]["most_used"]), told)

    assert words_of()[:2] == (0, True)
    assert words_of("--stop-words", "it, en")[:2] == (0, False)
    code, _, told = run(capsys, *command(photos, "--check", "--stop-words", "xx"))
    assert code == 2 and told.startswith("dreamvid: --stop-words: there is no list for 'xx'")


def test_keep_duplicates(capsys, photos):
    (photos / "24.png").write_bytes((photos / "3.png").read_bytes())
    with (photos.parent / "captions.csv").open("a") as file:
        file.write("\n24.png,sea sand tower again")
    for more, kept in ((), 24), (("--keep-duplicates",), 25):
        _, said, _ = run(capsys, *command(photos, "--check", "--json", *more))
        assert json.loads(said)["data"]["kept"] == kept


def test_check_of_too_few_pairs_reports_them_first(capsys, photos):
    for number in range(4, 24):
        (photos / f"{number}.png").unlink()
    code, said, complaint = run(capsys, *command(photos, "--check"))
    assert code == 2
    assert str(photos.parent / "out" / "dropped.csv") in said
    assert (photos.parent / "out" / "check.png").exists()
    assert "--images: 4 pairs are too few to train on" in complaint


def test_name_of_another_kind_is_refused_before_photos_are_read(capsys, photos):
    from dreamvid.models.weights.install import install

    lite = store.find("lite0")
    assert lite
    install(lite.path, "mynet")
    words = ("train", "mynet", "--images", photos / "nowhere")
    code, _, complaint = run(capsys, *words)
    assert (code, complaint) == (
        3,
        "dreamvid: NAME mynet: that is a model of another kind; give another name\n",
    )
    code, _, complaint = run(capsys, *words, "--base", "mynet")
    assert (code, complaint) == (
        3,
        "dreamvid: NAME mynet: --base is that model; give another name\n",
    )


@pytest.mark.slow
def test_train_installs_a_model_that_dreams(capsys, photos):
    code, said, told = run(capsys, *command(photos, *FAST, "--credits", "made up", "--json"))
    assert code == 0, told
    assert "24 photos" in told or "photos on lite0 by" in told
    assert "replaced" not in told
    out = photos.parent / "out"
    found = json.loads(said)
    assert found["files"][0] == str(out / "town.safetensors")
    assert (out / "check.png").exists() and (out / "dropped.csv").exists()
    lines = (out / "log.csv").read_text().splitlines()
    assert lines[0] == "step,epoch,loss,stopping_loss,rate,seconds"

    from dreamvid.models.networks.city import read_city

    about = read_city(out / "town.safetensors").about
    assert (about["seed"], about["credits"]) == (0, "made up")
    assert about["settings"]["views"] == 1
    assert len(about["losses"]) == found["epochs"] == 2

    learned, plain = (store.load(name, torch.device("cpu")) for name in ("town", "lite0"))
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    same, later = "block_10/output", "block_12/expand"
    assert torch.equal(learned(image, [same])[same], plain(image, [same])[same])
    assert not torch.equal(learned(image, [later])[later], plain(image, [later])[later])

    _, _, told = run(capsys, *command(photos, *FAST, "--credits", "made up"))
    assert "replaced" not in told  # the same model again
    more = ("--all", "--epochs", "1", "--fresh")
    code, said, told = run(capsys, *command(photos, *FAST, *more))
    assert code == 0, told
    assert told.endswith("town replaced the model of that name\n")
    assert "1 epoch; kept" in said
    counts = read_city(out / "town.safetensors").about["counts"]
    assert counts["train"] == about["counts"]["train"] + about["counts"]["test"]
    assert counts["test"] == 0 and counts["stopping"] == about["counts"]["stopping"]

    dreamed = out / "dreamed.png"
    words = ("dream", photos / "0.png", "--out", dreamed, "--model", "town")
    settings = ("--set", 'dream.words="sea"', "--set", "dream.octaves=1", "--set", "dream.steps=2")
    code, _, told = run(capsys, *words, *settings)
    assert code == 0, told
    assert dreamed.exists()

    code, _, complaint = run(capsys, *command(photos, *FAST, "--seed", "1"))
    assert code == 5
    assert "data" in complaint


KILLED = """
import sys
from dreamvid.cli import main
from dreamvid.training import run
run.CHECKPOINT_SECONDS = 0.0
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_resume_after_a_kill_gives_the_same_model(photos):
    def started(out):
        words = map(str, command(photos, *FAST, "--out", out))
        return subprocess.Popen([sys.executable, "-c", KILLED, *words], stderr=subprocess.PIPE)

    def finished(out):
        process = started(out)
        _, said = process.communicate()
        assert process.returncode == 0, said
        return contents(out / "town.safetensors")

    whole = finished(photos.parent / "whole")
    out = photos.parent / "killed"
    process = started(out)
    checkpoint = out / ".render" / "checkpoint.safetensors"
    while not checkpoint.exists():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (out / "town.safetensors").exists()
    assert finished(out) == whole
    steps = [line.split(",")[0] for line in (out / "log.csv").read_text().splitlines()[1:]]
    assert steps == sorted(steps, key=int)


def contents(path):
    """All numbers, bit for bit, and all that is said of them; safetensors orders neither."""
    with safe_open(path, "np") as file:
        arrays = {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118
        return arrays, file.metadata()


@pytest.mark.slow
@pytest.mark.parametrize(("outs", "codes"), [(("a", "a"), [0, 5]), (("a", "b"), [0, 0])])
def test_two_trainings_of_one_name_at_once(photos, outs, codes):
    """In one folder one of them is refused; else both are whole, and one is installed."""
    running = []
    for seed, out in enumerate(outs):
        words = command(photos, *FAST, "--out", photos.parent / out, "--seed", seed)
        program = (sys.executable, "-m", "dreamvid", *map(str, words))
        running.append(subprocess.Popen(program, stderr=subprocess.PIPE, text=True))
    said = [process.communicate()[1] for process in running]
    assert sorted(process.returncode for process in running) == codes, said
    assert not any("Traceback" in text for text in said)
    made = [contents(photos.parent / out / "town.safetensors") for out in sorted(set(outs))]
    installed = store.find("town")
    assert installed is not None
    store.load("town", torch.device("cpu"))  # its record is of the same file
    assert contents(installed.path) in made
