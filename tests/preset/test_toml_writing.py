import tomllib
from pathlib import Path

import pytest
import torch

from dreamvid.media.images.writing import save
from dreamvid.preset.load import load_preset, names, with_settings
from dreamvid.preset.toml import to_toml


def again(preset, folder):
    path = folder / "again.toml"
    path.write_text(to_toml(preset, "a note\nof two lines"), "utf-8")
    assert path.read_text("utf-8").startswith("# a note of two lines\n")
    return load_preset(str(path))


@pytest.mark.parametrize("name", names())
def test_written_preset_reads_back_the_same(name, tmp_path):
    preset = load_preset(name)
    assert again(preset, tmp_path).model_dump() == preset.model_dump()


def test_written_texts_lists_schedules_and_paths_read_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(torch.zeros(1, 3, 16, 16), Path("guide.png"))
    preset = with_settings(
        [
            'title="quotes \\" \\\\ and \\u007f, \\n lines, ü"',
            "video.fps=30000/1001",
            "video.frames=3",
            "start.size=64x48",
            'dream.layers=[{name="a/b", weight=0.00001, channels=[1, 2]}, "c"]',
            "dream.guide=guide.png",
            'motion.zoom=[{at="0s", value=1, ease="smooth"}, {at="50%", value="1 + t"}]',
            "motion.turn=0:(0), 60:(40)",
            "outputs.loop=false",
        ]
    )
    (tmp_path / "elsewhere").mkdir()
    found = again(preset, tmp_path / "elsewhere")
    assert found.dream.guide[0].path == tmp_path / "guide.png"
    same = preset.model_dump() | {"dream": None}
    assert found.model_dump() | {"dream": None} == same
    assert found.dream.layers == preset.dream.layers


def test_written_look_keeps_its_changes(tmp_path):
    preset = with_settings(["video.frames=1", "dream.look=soft", "dream.pyramid=0"])
    assert again(preset, tmp_path).model_dump() == preset.model_dump()


def test_only_options_that_were_set_are_written():
    table = tomllib.loads(to_toml(with_settings(["video.frames=2", "dream.steps=10"]), ""))
    assert table == {"video": {"frames": 2}, "dream": {"steps": 10}}


def test_lists_are_written_as_inline_tables():
    preset = with_settings(["video.frames=2", "dream.layers=[{name='a', weight=2}, 'b']"])
    layers = 'layers = [\n    { weight = 2.0, name = "a" },\n    { name = "b" },\n]\n'
    assert to_toml(preset, "mine") == f"# mine\n[dream]\n{layers}\n[video]\nframes = 2\n"
