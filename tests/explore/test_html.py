from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
import torch

from dreamvid.errors import OutputError, PresetError
from dreamvid.explore.cells import Cell
from dreamvid.explore.html import (
    as_argument,
    check_targets,
    file_names,
    write_page,
)
from dreamvid.media.images.sheet import Layout, draw_sheet
from dreamvid.media.images.writing import save
from dreamvid.preset.load import load_preset, with_settings


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.tags, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs))

    def handle_data(self, data):
        self.text.append(data)


def test_page_links_each_cell_to_its_preset(tmp_path):
    labels = ["a/b", "<script>&\"'", "a b", "a/b"]
    cells = [
        Cell(label, with_settings([f"video.frames={n + 1}", f"title='''{label}'''"]))
        for n, label in enumerate(labels)
    ]
    sheet = tmp_path / "it's #1.png"
    layout = Layout(4, 3, 20, 10)
    save(draw_sheet([torch.zeros(1, 3, 10, 20)] * 4, labels, layout, ""), sheet)
    page = write_page(sheet, cells, layout, 'the <title> & "more"')
    assert page == tmp_path / "it's #1.html"
    found = Page(page.read_text("utf-8"))
    assert [link["title"] for link in found.links] == labels
    assert "script" not in found.tags and found.tags.count("a") == 4
    assert 'the <title> & "more"' in found.text
    for number, link in enumerate(found.links):
        preset = load_preset(str(tmp_path / unquote(link["href"])))
        assert preset.model_dump() == cells[number].preset.model_dump()
    # The picture of each is cut from the sheet at its place.
    assert [link["style"] for link in found.links][3] == "background-position: -8px -80px"
    assert "url('it%27s%20%231.png')" in page.read_text("utf-8")


def test_preset_file_names_are_distinct():
    assert file_names(["a/b", "A b", "a-b", "", "..", "é"]) == [
        "a-b.toml",
        "a-b-2.toml",
        "a-b-3.toml",
        "preset.toml",
        "preset-2.toml",
        "preset-3.toml",
    ]
    assert len(set(file_names(["x" * 300, "x" * 301]))) == 2


def test_file_names_are_no_options():
    found = [as_argument(path) for path in ("-a b.png", "a.png", "x/-a.png")]
    assert found == ["'./-a b.png'", "a.png", "x/-a.png"]


@pytest.mark.parametrize(("name", "longest"), [("a.webp", 16_383), ("a.jpg", 65_500)])
def test_sheet_too_large_for_its_format_is_refused(name, longest, tmp_path):
    layout = Layout(200, 1, 32, longest // 200)
    with pytest.raises(OutputError, match=f"at most {longest} pixels a side"):
        check_targets(tmp_path / name, None, [], layout)
    check_targets(tmp_path / "a.png", None, [], layout)


def test_preset_text_that_is_not_utf8_is_refused(tmp_path):
    cell = Cell("", with_settings(["video.frames=1", "start.path=x\udcff.png"]))
    with pytest.raises(PresetError, match=r"udcff\.png.* is not UTF-8"):
        check_targets(tmp_path / "a.png", None, [cell], Layout(1, 1, 32, 32))
