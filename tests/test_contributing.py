"""CONTRIBUTING.md is true: the files to open are there, and so are the registries in them."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
ROWS = {
    task: now
    for task, _before, now in re.findall(r"^\| (.+?) \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)
    if "..." not in task and "---" not in task
}
REGISTRIES = re.findall(r"\*\*`(\w+)`\*\* in `([\w/]+)\.py`", TEXT)


def test_there_are_ten_changes():
    assert len(ROWS) == 10


@pytest.mark.parametrize("task", ROWS)
def test_every_file_to_open_is_there(task):
    files = re.findall(r"`([\w/]+\.\w+)`", ROWS[task])
    assert files and [name for name in files if not (ROOT / "dreamvid" / name).is_file()] == []


@pytest.mark.parametrize(("registry", "module"), REGISTRIES)
def test_every_registry_is_a_table_in_its_module(registry, module):
    table = getattr(import_module(f"dreamvid.{module.replace('/', '.')}"), registry)
    assert isinstance(table, dict) and len(table) > 2


def test_links_and_paths_lead_somewhere():
    links = re.findall(r"\]\((.+?)\)", TEXT)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_hooks_have_the_tools_that_the_extra_has():
    pinned = re.compile(r'"((?:ruff|pyright)\S*==[\d.]+)"')
    hooks = set(pinned.findall((ROOT / ".pre-commit-config.yaml").read_text("utf-8")))
    extra = set(pinned.findall((ROOT / "pyproject.toml").read_text("utf-8")))
    assert hooks == extra and len(extra) == 2
