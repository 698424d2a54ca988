"""Files of the page: complete, from here alone, and fit for its content security policy."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import dreamvid.studio
from dreamvid.preset.schema import Preset

PAGE = Path(dreamvid.studio.__file__).parent / "page"
MODULES = sorted(PAGE.rglob("*.js"))
PRESETS = Path(__file__).parents[3] / "presets"
IMPORT = re.compile(r"""^(?:import|export)\b(?:[^"';=]*? from)? ["']([^"']+)["'];""", re.M)
ADDRESS = re.compile(r"https?://(?!www\.w3\.org/)")


def test_each_file_that_the_page_names_is_there() -> None:
    html = (PAGE / "index.html").read_text()
    named = re.findall(r'(?:href|src)="([^"#]+)"', html)
    assert len(named) > 10
    assert [name for name in named if not (PAGE / name).is_file()] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_imports_files_of_the_page_and_says_what_it_is(module: Path) -> None:
    text = module.read_text()
    for name in IMPORT.findall(text):
        assert name.startswith("."), f"{name} is from outside"
        assert (module.parent / name).is_file(), name
    assert text.startswith("// ")
    assert len(text.splitlines()) < 250


def test_each_module_is_reached_from_the_page() -> None:
    reached, waiting = set[Path](), [PAGE / "app.js"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [
                (module.parent / name).resolve() for name in IMPORT.findall(module.read_text())
            ]
    assert set(MODULES) - reached == set()


def test_nothing_of_the_page_comes_from_outside() -> None:
    files = [path for path in PAGE.rglob("*") if path.suffix in {".js", ".css", ".html", ".svg"}]
    assert [path.name for path in files if ADDRESS.search(path.read_text())] == []


def test_html_has_no_inline_script_or_style() -> None:
    html = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    for module in MODULES:  # h() would set it as an attribute, which the policy ignores
        assert not re.search(r"\bstyle: [\"'`]|setAttribute\(\"style\"", module.read_text()), module


def test_each_shipped_preset_has_a_small_poster() -> None:
    posters = list((PAGE / "posters").iterdir())
    assert {path.stem for path in posters} == {path.stem for path in PRESETS.glob("*.toml")}
    assert sum(path.stat().st_size for path in posters) < 400_000
    for path in posters:
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert picture.width <= 320


def test_lists_leave_out_what_the_schema_has_by_default() -> None:
    text = (PAGE / "fields" / "lists.js").read_text()
    (written,) = re.findall(r"^const DEFAULTS = (.*);$", text, re.M)
    found: dict[str, object] = {}
    for table in _tables(Preset.model_json_schema()):
        for name, field in table.items():
            if "default" in field:
                assert found.setdefault(name, field["default"]) == field["default"], name
    assert found == json.loads(written)


def _tables(schema: object) -> Iterator[dict[str, dict[str, object]]]:
    """Find the properties of every item that has a weight."""
    if isinstance(schema, dict):
        if "weight" in schema.get("properties", {}):
            yield schema["properties"]
        for inner in schema.values():
            yield from _tables(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _tables(inner)
