"""What strangers' files may do: give an error of one line, and nothing else. See runner.py."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

GROUPS = ("tables", "records", "weights", "media", "containers", "colour_tags", "disguises")
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_harmed_inputs_give_an_error_of_one_line_or_none(group, tmp_path):
    """In a process of its own, which has little memory, no network and one folder to write in."""
    few = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "NO_COLOR": "1"}
    words = (sys.executable, "-m", "tests.fuzz.runner", group, str(tmp_path / "fuzz"))
    done = subprocess.run(
        words, cwd=ROOT, env=os.environ | few, capture_output=True, text=True, check=False
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    faults = [f"{one['family']} {one['input']}: {one['fault']}" for one in said if "fault" in one]
    at = tmp_path / "fuzz" / "at"
    assert not faults, "\n\n".join(faults[:5])
    assert done.returncode == 0, f"at {at.read_text() if at.exists() else 'start'}: {done.stderr}"
    families = import_module(f"tests.fuzz.{group}").FAMILIES
    tried = {one["family"]: one["tried"] for one in said}
    assert tried == {name: family.count for name, family in families.items()}


def test_there_are_6500_harmed_inputs():
    counts = [
        family.count
        for group in GROUPS
        for family in import_module(f"tests.fuzz.{group}").FAMILIES.values()
    ]
    assert sum(counts) == 6500
