"""The run.json of a finished render."""

import json

import pytest

from dreamvid.errors import ResumeError
from dreamvid.media.metadata import FORMAT
from dreamvid.render.record.finished_render import read_run


def test_run_of_a_preset_with_many_keys_is_read(tmp_path):
    path = tmp_path / "run.json"
    table = {"format": FORMAT, "preset": {"motion": {"zoom": "0:(1.001), " * 150_000}}}
    path.write_text(json.dumps(table), "utf-8")
    assert path.stat().st_size > 1_500_000
    assert read_run(path) == table


def test_run_larger_than_any_is_refused(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"format": FORMAT, "x": "x" * 4 * 2**20}), "utf-8")
    with pytest.raises(ResumeError, match="is damaged"):
        read_run(path)
