from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import PresetError
from dreamvid.models.weights.catalogue import CATALOGUE
from dreamvid.preset.load import (
    check,
    lay_values,
    load_preset,
    names,
    read_text,
    with_settings,
)
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", names())
def test_shipped_preset_loads_and_has_a_description(name):
    preset = load_preset(name)
    assert preset.title and preset.about and preset.model in CATALOGUE
    assert preset.start.path is None and not preset.dream.guide  # needs nobody's files
    assert read_text(name).startswith("# ")


def test_settings_override_a_preset():
    preset = load_preset(
        "quickstart",
        ["dream.octaves=6", 'dream.layers=["a", {name="b", weight=0.5}]', "model=googlenet"],
    )
    assert preset.dream.octaves == 6 and preset.model == "googlenet"
    assert [(layer.name, layer.weight) for layer in preset.dream.layers] == [("a", 1), ("b", 0.5)]


def test_length_setting_replaces_the_other_kind_of_length():
    assert load_preset("quickstart", ["video.seconds=1.5"]).video.count == 36
    assert load_preset("quickstart", ["video.seconds=1.5", "video.frames=7"]).video.count == 7


def test_defaults_are_the_2015_program():
    dream = with_settings(["video.frames=1"]).dream
    assert (dream.octaves, dream.octave_scale, dream.steps, dream.step_size, dream.jitter) == (
        4,
        1.4,
        10,
        1.5,
        32,
    )
    assert (dream.pyramid, dream.decorrelate, dream.objective) == (0, 0, "energy")


@pytest.mark.parametrize(
    ("text", "fps"),
    [
        ("24", Fraction(24)),
        ("25.0", Fraction(25)),
        ('"30000/1001"', Fraction(30000, 1001)),
        ("29.97", Fraction(30000, 1001)),
        ("23.976", Fraction(24000, 1001)),
        ('"23.976"', Fraction(24000, 1001)),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_frame_rates_are_exact_fractions(text, fps):
    assert with_settings(["video.frames=1", f"video.fps={text}"]).video.fps == fps


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("dream.octave=3", "dream.octave: no such option (did you mean octaves?)"),
        ("dreem.octaves=3", "dreem: no such option (did you mean dream?)"),
        ("dream.octaves='3a'", "dream.octaves: column 1: '3a' cannot stand here"),
        ("dream.octaves=0", "dream.octaves: should be greater than or equal to 1, got 0"),
        ("dream.step_size=nan", "dream.step_size: should be a finite number"),
        ("dream.step_size=0", "step_size of 0 changes nothing"),
        ("motion.zoom=-1", "motion.zoom: should be greater than or equal to 1e-06, got -1"),
        ("video.fps=0", "video.fps: must be from 1 to 240"),
        ("video.fps='1e999999999'", "video.fps: must be a number or a fraction"),
        ("video.seconds=1e308", "video.seconds: should be less than or equal to 1000000"),
        ("seed=" + "9" * 5000, "seed"),
        ("seed=0x" + "f" * 5000, "seed"),
        ("dream.layers=[" + "[" * 90 + "]" * 90 + "]", "dream.layers[0]"),
        ("dream.guide=", "dream.guide[0].path: is empty"),
        ("dream.guide=~nobody-at-all/a.png", "the home of a user who is not there"),
        ("video.fps=abc", 'video.fps: must be a number or a fraction such as "30000/1001", got'),
        ("start.size=481x270", "start.size: video needs even sides, such as 482x270"),
        ("start.size=big", "start.size: must be WIDTHxHEIGHT in pixels, such as 1280x720"),
        ("start.kind=lake", "start.kind: should be 'noise', 'sky', "),
        ("start.kind=image", 'start: kind = "image" needs a path'),
        ("dream.tour=2", "dream: tour needs two layers or more"),
        ("dream.layers=[{name='a', wieght=2}]", "did you mean weight?"),
        ("seed=-1", "seed: should be greater than or equal to 0, got -1"),
        ("nonsense", "--set: 'nonsense' is not KEY=VALUE"),
        ("title.x=3", "--set: title.x: title is not a table"),
    ],
)
def test_error_names_the_option_and_the_cure(setting, message):
    base = ["title=x", "dream.layers=a", "video.frames=2", "dream.tour=0"]
    with pytest.raises(PresetError) as caught:
        with_settings([*base, setting])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_option_without_effect_is_refused(tmp_path):
    with pytest.raises(PresetError, match="path has no effect"):
        check({"video": {"frames": 1}, "start": {"kind": "sky", "path": "a.png"}})
    with pytest.raises(PresetError, match="guide has no effect"):
        check({"video": {"frames": 1}, "dream": {"guide": "a.png", "objective": "energy"}})
    with pytest.raises(PresetError, match="classic_zoom replaces zoom"):
        check({"video": {"frames": 1}, "motion": {"classic_zoom": 0.05, "zoom": 2}})
    with pytest.raises(PresetError, match="one of the two"):
        check({"video": {"frames": 1, "seconds": 2}})


def test_guide_implies_its_objective():
    assert with_settings(["video.frames=1", "dream.guide=a.png"]).dream.objective == "guide"


@pytest.mark.parametrize("name", names())
def test_direction_or_objective_in_settings_replaces_the_presets(name):
    found = load_preset(name, ["dream.direction=sea"]).dream
    assert ([one.name for one in found.direction], found.objective) == (["sea"], "direction")
    assert found.layers == ()
    for objective in ("energy", "style"):
        found = load_preset(name, [f"dream.objective={objective}"]).dream
        assert (found.direction, found.objective) == ((), objective)
    assert (
        load_preset("quickstart", ["dream.objective=direction"]).dream.direction[0].name == "city"
    )


def test_colours_of_a_preset_give_way_to_those_of_settings():
    kept = load_preset("quickstart").colour
    assert kept.keep == "palette" and kept.contrast != 1 and kept.strength != 0.2
    none = load_preset("quickstart", ["colour.keep=none"]).colour
    mean = load_preset("quickstart", ["colour.keep=mean"]).colour
    assert (none.keep, none.strength, none.contrast, none.saturation) == ("none", 0.2, 1, 1)
    assert (mean.strength, mean.contrast, mean.saturation) == (kept.strength, 1, 1)
    spread = load_preset("quickstart", ["colour.keep=spread"]).colour
    assert spread == kept.model_copy(update={"keep": "spread"})
    with pytest.raises(PresetError, match="has no effect with keep"):  # asked for by the settings
        load_preset("quickstart", ["colour.keep=none", "colour.strength=0.5"])


def test_paths_in_a_preset_are_relative_to_its_folder(tmp_path):
    path = write(tmp_path, 'start = { kind = "image", path = "a.png" }\nvideo = { frames = 1 }')
    assert load_preset(path).start.path == tmp_path / "a.png"
    assert str(load_preset(path, ["start.path=b.png"]).start.path) == "b.png"
    home = write(tmp_path, 'start = { kind = "image", path = "~/a.png" }\nvideo = { frames = 1 }')
    assert load_preset(home).start.path == Path.home() / "a.png"
    empty = write(tmp_path, 'start = { kind = "image", path = "" }\nvideo = { frames = 1 }')
    with pytest.raises(PresetError, match=r"start.path: is empty"):
        load_preset(empty)


def test_unknown_presets_and_broken_files_are_named(tmp_path):
    with pytest.raises(PresetError, match=r"quikstart: no preset .* .did you mean quickstart\?"):
        load_preset("quikstart")
    with pytest.raises(PresetError, match=r"gone.toml: cannot be read: No such file"):
        load_preset(str(tmp_path / "gone.toml"))
    with pytest.raises(PresetError, match=r"mine.toml: is not TOML: .*line 1"):
        load_preset(write(tmp_path, "model = = 3"))
    with pytest.raises(PresetError, match="not UTF-8"):
        (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
        load_preset(str(tmp_path / "bytes.toml"))


def test_render_key_holds_exactly_what_frames_depend_on():
    def key(*settings):
        return load_preset("quickstart", settings).render_key

    assert key("title=Other", "outputs.loop=false", "video.every=3") == key()
    assert key("video.seconds=2") == key("video.frames=48") == key()
    others = ("seed=9", "dream.steps=6", "motion.turn=1", "video.crf=20", "model=x")
    for setting in (*others, "outputs.poster=2f"):  # which is chosen as frames are rendered
        assert key(setting) != key(), setting


@given(st.text(max_size=30), st.text(max_size=30))
def test_random_setting_loads_or_is_explained(key, value):
    try:
        load_preset("quickstart", [f"{key}={value}"])
    except PresetError as error:
        assert "\n" not in str(error) or "\n" in key + value


def test_sound_replaces_the_bpm_unless_given_too():
    assert load_preset("beat").sound.bpm == 120
    assert load_preset("beat", ["sound.path=song.mp3"]).sound.bpm is None
    assert load_preset("beat", ["sound.path=song.mp3", "sound.bpm=90"]).sound.bpm == 90


def test_preset_may_have_100_000_keys_and_no_more_bytes_than_two_million(tmp_path):
    keys = ", ".join(f"{n}:({1 + n % 7 / 1000:.3f})" for n in range(100_000))
    path = tmp_path / "many.toml"
    path.write_text(f'video.frames = 9\n[motion]\nzoom = "{keys}"\n', "utf-8")
    assert path.stat().st_size > 1_000_000
    zoom = load_preset(str(path)).motion.zoom
    assert value_at(zoom, Moment(frame=8, fps=Fraction(24), frames=9)) == 1.001
    path.write_text(f"video.frames = 9\n#{'x' * 2_000_000}", "utf-8")
    with pytest.raises(PresetError, match="too large for a preset"):
        load_preset(str(path))


@pytest.mark.parametrize("key", ["layers", "guide", "classes", "words"])
def test_a_dreams_entries_are_bounded(key):
    names = [f"a{n}" for n in range(1001)]
    check({"video": {"frames": 1}, "dream": {key: names[:-1]}})
    with pytest.raises(PresetError, match=rf"^dream.{key}: 1001 entries are too many; at most"):
        check({"video": {"frames": 1}, "dream": {key: names}})


def test_a_generated_start_replaces_the_presets_file():
    table = {"start": {"kind": "video", "path": "a.mp4", "from": "2", "every": 2}}
    table |= {"video": {"frames": 9}}
    found = lay_values(table, [("start.kind", "dusk")]).start
    assert (found.kind, found.path, found.begin, found.every) == ("dusk", None, None, 1)
    with pytest.raises(PresetError, match="path has no effect"):  # asked for by the settings
        lay_values({"video": {"frames": 9}}, [("start.path", "a.png"), ("start.kind", "dusk")])


@pytest.mark.parametrize("key", ["guide", "direction"])
def test_an_objective_goes_with_what_it_needs(key):
    table = {"dream": {"objective": key, key: "sea"}, "video": {"frames": 9}}
    found = lay_values(table, [(f"dream.{key}", [])]).dream
    assert (found.objective, getattr(found, key)) == ("energy", ())
