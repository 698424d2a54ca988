"""Presets that dream on a file of the user's own: listed as such, and opened with it."""

from pathlib import Path

import pytest

from dreamvid.errors import PresetError
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.desk.presets import shipped


def test_the_list_says_which_presets_need_a_file() -> None:
    assert {one.name: one.needs for one in shipped() if one.needs} == {
        "footage-soft": "start.path",
        "footage-strong": "start.path",
        "footage-town": "start.path",
        "guided": "dream.guide",
    }


def test_a_preset_is_opened_with_its_file(tmp_path: Path) -> None:
    desk, clip = Desk(tmp_path), tmp_path / "uploads" / "clip.mp4"
    desk.open("footage-soft", {"start.path": str(clip)})
    assert desk.name == "footage-soft"
    assert desk.preset.start.path == clip
    assert desk.changed == []


def test_a_file_from_elsewhere_is_refused_and_nothing_is_opened(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "studio")
    with pytest.raises(PresetError, match=r"clip\.mp4 is not in the studio's folder"):
        desk.open("footage-soft", {"start.path": str(tmp_path / "clip.mp4")})
    assert desk.name == "quickstart"
