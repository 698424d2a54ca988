"""The layout of the package: which floor each room is on, and that imports only point down."""

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The architecture. A room may import from lower floors only; rooms of a floor not each other.
FLOORS = (
    ("errors", "image"),
    ("schedule", "system"),
    ("media", "models"),
    ("dream", "motion", "preset"),
    ("export", "film", "inspect"),
    ("explore", "render"),
    ("monitor", "profiling", "training"),
    ("studio",),
    ("cli",),
    ("__init__", "__main__"),
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "dreamvid").rglob("*.py"))
}


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def imports_of(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def ours(module: str) -> list[str]:
    return [name for name in imports_of(module) if name.split(".")[0] == "dreamvid"]


def test_every_room_has_its_floor():
    inside = {path.stem for path in (ROOT / "dreamvid").iterdir() if path.name != "__pycache__"}
    assert inside - {"py"} == set(LEVEL)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    if room_of(module) == "__init__":  # the door, which opens to names of every floor
        return
    upward = [
        name
        for name in ours(module)
        if room_of(name) != room_of(module) and LEVEL[room_of(name)] >= LEVEL[room_of(module)]
    ]
    assert upward == []


def test_no_module_is_imported_in_a_circle():
    try:
        TopologicalSorter({module: ours(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_imported_module_is_there():
    known = set(MODULES)
    missing = {(m, name) for m in MODULES for name in ours(m) if name not in known}
    assert missing == set()


def test_modules_and_functions_are_short():
    """60 lines for a function, 260 for a module."""
    long = []
    for module, path in MODULES.items():
        text = path.read_text("utf-8")
        if text.count("\n") > 260:
            long.append(f"{module}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= 60:
                long.append(f"{module}.{node.name}: {(node.end_lineno or 0) - node.lineno + 1}")
    assert long == []


def test_readme_names_every_room():
    """Each room has its line, on which the folders inside it are named."""
    section = (ROOT / "README.md").read_text("utf-8").split("## Where things are")[1]
    lines = dict(re.findall(r"^      (\w+)(?:/|\.py) +(.+)$", section, re.MULTILINE))
    lines |= dict.fromkeys(re.findall(r"(\w+)\.py", lines["image"]), "")
    assert set(lines) == {room for room in LEVEL if not room.startswith("__")}
    inside = [path for path in (ROOT / "dreamvid").glob("*/*/") if path.name != "__pycache__"]
    unnamed = [path for path in inside if f"{path.name}/" not in lines[path.parent.name]]
    assert unnamed == []


def test_docstrings_begin_with_a_verb_or_the_thing():
    """Not with a conjunction, a pronoun or a preposition."""
    first = re.compile(
        r"(what|of|as|how|whether|where|which|that|when|if|so|those|with|from)\b", re.I
    )
    odd = []
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                docstring = ast.get_docstring(node) or ""
                if first.match(docstring):
                    odd.append(f"{module}: {docstring.splitlines()[0]}")
    assert odd == []
