import json
import shlex
import subprocess
import sys

import pytest
import torch

from dreamvid.media.images.writing import save
from tests.support.command import run


def test_labels_lists_groups_and_nouns(capsys):
    code, said, error = run(capsys, "labels")
    rows = [line.split("\t") for line in said.splitlines()[:-1]]
    assert code == 0 and rows[0][:3] == ["city", "group", "37"]
    assert ["bird", "noun", "59"] in [row[:3] for row in rows]
    assert "more; --json lists all" in error
    assert said.splitlines()[-1].endswith("--set 'dream.classes=\"city\"'")


def test_labels_searches_and_tells_which(capsys):
    said = run(capsys, "labels", "burger")[1]
    assert said.startswith("burger\tnoun\t1\tcheeseburger\n")
    assert "cheeseburger\tlabel 933\t1\t" in said
    said = run(capsys, "labels", "temple")[1]
    assert said.startswith("temple\tplace of worship\t3\tchurch, mosque, stupa\n")
    entry = json.loads(run(capsys, "labels", "snakes", "--json", "--model", "lite0")[1])[0]
    assert (entry["name"], entry["kind"]) == ("snake", "noun")
    assert entry["classes"] == list(range(52, 69)) and entry["labels"][0] == "thunder snake"


def test_labels_writes_a_command_that_a_shell_can_read(capsys):
    words = shlex.split(run(capsys, "labels", "carpenter")[1].splitlines()[-1])
    assert words[-2:] == ["--set", 'dream.classes="carpenter\'s kit"']


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["qqqqqqqqq"], "WORD: nothing is like 'qqqqqqqqq' (`dreamvid labels` lists some)"),
        ([" "], "WORD: is empty"),
        (["bird", "--model", "litee0"], "did you mean lite0?"),
    ],
)
def test_labels_refuses_in_one_line(words, said, capsys):
    code, out, error = run(capsys, "labels", *words)
    assert code in (2, 3) and out == "" and said in error and error.count("\n") == 1


def test_labels_does_not_wait_for_torch():
    code = "import sys; from dreamvid.cli import main; main(['labels', 'bird']); "
    code += "print([*{'torch', 'torchvision', 'numpy'} & {*sys.modules}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("bird\tnoun\t59\t") and done.stdout.endswith("[]\n")


def test_describe_of_nouns(capsys, tmp_path):
    picture = tmp_path / "in.png"
    save(torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(1)), picture)
    words = ("describe", picture, "--of", "animal", "--of", "artifact", "--json")
    animal, artifact = json.loads(run(capsys, *words)[1])
    assert (animal["name"], animal["labels"], artifact["labels"]) == ("animal", 398, 522)
    assert 0.8 < animal["whole"] + artifact["whole"] <= 1  # all else are plants, places and food
    code, _, error = run(capsys, "describe", picture, "--of", "lion", "--map", tmp_path / "m.png")
    assert code == 2 and error.startswith("dreamvid: --of: goes together with neither")
