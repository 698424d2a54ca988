"""Controls of every setting, from the schema."""

import pytest
from pydantic import ValidationError

from dreamvid.preset.load import names
from dreamvid.preset.schema import Preset
from dreamvid.studio.desk.controls import control_groups
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.desk.keys import bounds_of, read_key
from dreamvid.studio.desk.sliders import GROUPS, RANGES, SIMPLE

CONTROLS = {control.key: control for group in control_groups() for control in group.controls}


def test_every_setting_has_one_control(tmp_path):
    values = {key for key in Desk(tmp_path).values if not key.endswith("]")}
    assert CONTROLS.keys() == values
    count = sum(len(group.controls) for group in control_groups())
    assert count == len(CONTROLS)


def test_the_tables_name_settings_that_there_are():
    named = {key for *_, keys in GROUPS for key in keys}
    assert named | SIMPLE | RANGES.keys() <= CONTROLS.keys()
    assert not [group.title for group in control_groups() if group.title.endswith(", more")]


@pytest.mark.parametrize("key", CONTROLS)
def test_it_says_what_the_schema_does(key):
    control = CONTROLS[key]
    option = key + "[0]" * bool(control.items)
    bounds = bounds_of(read_key(option))
    assert control.scheduled == (bounds is not None)
    if bounds and control.kind == "number":
        assert control.whole == bounds.whole
    if control.kind == "number":
        assert control.low < control.high
        assert control.least is None or control.least <= control.low
        assert control.most is None or control.high <= control.most
    assert control.help or key in ("title", "model", "seed")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        *(("motion.zoom", "number"), ("motion.centre", "number"), ("video.depth", "number")),
        *(("dream.look", "choice"), ("colour.keep", "choice"), ("outputs.reverse", "bool")),
        *(("start.background", "colour"), ("start.size", "size"), ("dream.layers", "list")),
        *(("dream.mask", "list"), ("start.path", "text"), ("dream.tile", "text")),
    ],
)
def test_kinds(key, kind):
    assert CONTROLS[key].kind == kind


def test_pairs_and_units():
    assert (CONTROLS["motion.shift"].items, CONTROLS["motion.zoom"].items) == (2, 0)
    assert CONTROLS["motion.yaw"].unit == "°/s"
    assert CONTROLS["outputs.loop_width"].unit == "px"


@pytest.mark.parametrize("key", [key for key, one in CONTROLS.items() if one.kind == "choice"])
def test_each_choice_is_one_of_the_schema(key):
    """And a text that is none of them is refused."""
    group, _, option = key.partition(".")
    for choice in [*CONTROLS[key].choices, "nosuch"]:
        try:
            Preset.model_validate({"video": {"frames": 1}, group: {option: choice}})
        except ValidationError as error:
            wrong = [one for one in error.errors() if one["loc"] == (group, option)]
            assert bool(wrong) == (choice == "nosuch")
        else:
            assert choice != "nosuch"


@pytest.mark.parametrize("name", names())
def test_sliders_reach_what_presets_use(name, tmp_path):
    """Within twice a slider's length: the numbers that shipped presets give."""
    desk = Desk(tmp_path)
    desk.open(name)
    for key, control in CONTROLS.items():
        value = desk.values[key]
        if control.kind == "number" and control.simple and isinstance(value, int | float):
            length = control.high - control.low
            assert control.low - length <= value <= control.high + length, key
