"""What README shows and names is there."""

import re
from pathlib import Path

from dreamvid.cli import build_app
from dreamvid.preset.load import names

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_picture_is_there():
    shown = [link for link in re.findall(r"\]\((.+?)\)", README) if "://" not in link]
    assert len(shown) > 5
    assert [link for link in shown if not (ROOT / link).exists()] == []


def test_every_preset_has_its_row_and_its_sheet():
    rows = set(re.findall(r"^\| `([a-z0-9-]+)` \|", README, re.MULTILINE))
    assert rows == set(names())
    assert [name for name in names() if not (ROOT / "samples" / f"{name}.jpg").exists()] == []


def test_every_command_is_one():
    """Of the lines that are to be typed."""
    typed = set(re.findall(r"^    dreamvid ([a-z]+)", README, re.MULTILINE))
    known = {command.name for command in build_app().registered_commands}
    known |= {group.name for group in build_app().registered_groups}
    assert len(typed) > 10 and typed <= known
