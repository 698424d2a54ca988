import pickle
import subprocess
import sys
from fractions import Fraction
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dreamvid.schedule.curve import Bounds, Curve, value_at
from dreamvid.schedule.moment import Moment

Shift = Annotated[float | Curve, Bounds(ge=-1, le=1)]


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    zoom: Annotated[float | Curve, Bounds(gt=0, lt=10)] = Field(default=1.0, description="a rate")
    octaves: Annotated[int | Curve, Bounds(ge=1, le=20, whole=True)] = 4
    shift: tuple[Shift, Shift] = (0.0, 0.0)
    kind: Literal["a", "b"] = "a"


KEYS = [{"at": 0, "value": 1.5}, {"at": "50%", "value": "2 + t", "ease": "bounce"}]


def moment(frame):
    return Moment(frame=frame, fps=Fraction(10), frames=101)


def refusal(**options):
    with pytest.raises(ValidationError) as caught:
        Options(**options)
    (error,) = caught.value.errors()
    return error["loc"], error["msg"].removeprefix("Value error, ")


def test_number_stays_a_number():
    options = Options.model_validate({"zoom": 2, "octaves": 3.0, "shift": ["0.5", 1]})
    assert options.zoom == 2 and isinstance(options.zoom, float)
    assert options.octaves == 3 and isinstance(options.octaves, int)
    assert options.shift == (0.5, 1.0)
    assert Options().zoom == 1 and value_at(1.5, moment(3)) == 1.5


def test_curve_is_read_from_text_or_list():
    options = Options.model_validate({"zoom": KEYS, "octaves": "0:(2), 10:(4)", "shift": ["t", 0]})
    assert isinstance(options.zoom, Curve) and isinstance(options.shift[0], Curve)
    assert value_at(options.zoom, moment(25)) == 1.5 + (2 + 2.5 - 1.5) / 2
    assert value_at(options.octaves, moment(5)) == 3
    assert value_at(options.shift[0], moment(5)) == 0.5
    assert options.zoom.names == options.shift[0].names == {"t"}


def test_whole_curve_is_rounded():
    octaves = Options(octaves="4*p").octaves  # type: ignore[arg-type]
    values = [value_at(octaves, moment(frame)) for frame in (20, 60, 65, 100)]
    assert values == [1, 2, 3, 4] and all(isinstance(value, int) for value in values)


@pytest.mark.parametrize(
    ("options", "place", "error"),
    [
        ({"zoom": 0}, ("zoom",), "should be greater than 0"),
        ({"zoom": 10}, ("zoom",), "should be less than 10"),
        ({"zoom": "-3"}, ("zoom",), "should be greater than 0"),
        ({"zoom": True}, ("zoom",), "should be a number, an expression or a list of keyframes"),
        ({"zoom": None}, ("zoom",), "should be a number, an expression or a list of keyframes"),
        ({"zoom": {}}, ("zoom",), "should be a number, an expression or a list of keyframes"),
        ({"zoom": float("nan")}, ("zoom",), "should be a finite number"),
        ({"zoom": 10**400}, ("zoom",), "should be a finite number"),
        ({"zoom": "1e999"}, ("zoom",), "should be a finite number"),
        ({"zoom": "2 - pi"}, ("zoom",), "is -1.14159; it should be greater than 0"),
        ({"zoom": "1/0"}, ("zoom",), "column 2: 1 / 0 has no finite value"),
        ({"zoom": "sn(t)"}, ("zoom",), "column 1: no such name 'sn'; did you mean sin?"),
        (
            {"zoom": [KEYS[0], {"at": 9, "value": -1}]},
            ("zoom",),
            "key 2: value is -1; it should be greater than 0",
        ),
        ({"zoom": [{"at": 0}]}, ("zoom",), "key 1: value is missing"),
        ({"zoom": "0:(1), 9:(-1)"}, ("zoom",), "frame 9: value is -1; it should be greater than 0"),
        ({"octaves": 2.5}, ("octaves",), "should be a whole number"),
        ({"octaves": 0}, ("octaves",), "should be greater than or equal to 1"),
        ({"octaves": 21}, ("octaves",), "should be less than or equal to 20"),
        ({"shift": ["t", 2]}, ("shift", 1), "should be less than or equal to 1"),
        ({"shift": ["t", "2+"]}, ("shift", 1), "column 3: a value is missing"),
    ],
)
def test_bounds_of_constants_are_checked_at_once(options, place, error):
    assert refusal(**options) == (place, error)


@pytest.mark.parametrize(
    ("source", "frame", "error"),
    [
        ("2 - t", 30, "is -1 at frame 30; it should be greater than or equal to 1e-06"),
        ("1/(t - 3)", 30, "at frame 30: column 2: 1 / 0 has no finite value"),
        ("1 + bass", 30, "at frame 30: bass needs a sound: give sound.path"),
        ("0:(9), 60:(-t)", 40, "is -37 at frame 40; it should be greater than or equal to 1e-06"),
    ],
)
def test_bounds_of_computed_values_are_checked(source, frame, error):
    with pytest.raises(ValueError) as caught:
        Curve(source, Bounds(ge=1e-6)).at(moment(frame))
    assert str(caught.value) == error


def test_infinite_difference_between_keys_is_refused():
    keys = [{"at": 0, "value": "-1e308"}, {"at": 5, "value": "1e308"}]
    for whole in (False, True):
        curve = Bounds(whole=whole).read(keys)
        with pytest.raises(ValueError, match=r"^is inf at frame 9; it should be a finite number$"):
            value_at(curve, moment(9))


@pytest.mark.parametrize("zoom", [1.5, "1 + t", "0:(1), 9:(2)", KEYS])
def test_curve_serialises_as_it_was_written(zoom):
    options = Options.model_validate(
        {"zoom": zoom, "shift": [zoom, 0] if zoom == "1 + t" else [0, 0]}
    )
    written = options.model_dump(mode="json")
    assert written["zoom"] == zoom
    assert Options.model_validate(written) == options
    assert Options.model_validate_json(options.model_dump_json()) == options
    assert Options.model_validate(options.model_dump()) == options
    assert hash(options) == hash(Options.model_validate(written))
    assert pickle.loads(pickle.dumps(options)) == options


@pytest.mark.parametrize("text", ["1", " ", "1.", "1e", "0:", "0 ", "1,", "(", "-", "a", "."])
def test_long_text_is_refused_at_once(text):
    """A search that goes back and forth would take hours."""
    for long in (text * 300_000 + "x", "1" + text * 300_000 + "x", "0:" + text * 300_000 + "x"):
        with pytest.raises(ValueError, match=r"longer than|should be a key"):
            Bounds().read(long)
        with pytest.raises(ValueError, match="at should be seconds"):
            Bounds().read([{"at": long, "value": 0}])


def test_curves_of_the_same_source_are_equal():
    assert Curve("t") == Curve("t", Bounds(ge=0)) != Curve("t ")
    bounds = Bounds()
    linear = [{"at": 0, "value": 1.5, "ease": "linear"}, KEYS[1]]
    assert bounds.read(KEYS) == bounds.read(linear) == bounds.read(bounds.read(KEYS))
    assert bounds.read(KEYS) != bounds.read([KEYS[1]])


def test_schema_of_a_scheduled_option():
    schema = Options.model_json_schema()["properties"]
    number, text, keys = schema["zoom"]["anyOf"]
    assert number == {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10}
    assert text["type"] == "string" and schema["zoom"]["description"] == "a rate"
    assert keys["type"] == "array" and keys["items"]["required"] == ["at", "value"]
    assert schema["octaves"]["anyOf"][0] == {"type": "integer", "minimum": 1, "maximum": 20}
    assert schema["octaves"]["default"] == 4
    assert len(schema["shift"]["prefixItems"]) == 2
    assert Options.model_json_schema(mode="serialization")["properties"] == schema


def test_curve_needs_neither_torch_nor_pillow():
    code = "import sys, dreamvid.schedule.curve; print({'torch', 'PIL'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
