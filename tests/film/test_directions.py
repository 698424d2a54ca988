"""Lists of directions: what is dreamed at a moment, against NumPy and autograd."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from dreamvid.errors import PresetError
from dreamvid.film.inputs import inputs
from dreamvid.film.job import build
from dreamvid.film.resolve import with_layers
from dreamvid.film.score import make_scores
from dreamvid.models.directions.direction import Direction, write_direction
from dreamvid.models.weights import store
from dreamvid.preset.dream import DreamOptions
from dreamvid.preset.load import load_preset, with_settings
from dreamvid.preset.schedules import schedules
from dreamvid.schedule.moment import Moment
from dreamvid.system.files import sha256

CPU = torch.device("cpu")
FIRST, SECOND = "block_1/expand", "block_2/expand"  # of 96 and 144 channels


@pytest.fixture(scope="module")
def lite():
    return store.load("lite0", CPU)


@pytest.fixture
def town(models_home, rng):
    """Directions `one` of both layers and `two` of the second: with numbers on no one scale."""
    arrays = {
        "one": {FIRST: torch.rand(96, generator=rng), SECOND: torch.rand(144, generator=rng)},
        "two": {SECOND: 40 * torch.rand(144, generator=rng)},
    }
    shares = {"one": {FIRST: 1.0, SECOND: 3.0}, "two": {SECOND: 0.5}}
    for name, weights in arrays.items():
        path = models_home / "directions" / "lite0" / f"{name}.safetensors"
        write_direction(path, Direction(weights, shares[name], "lite0"))
    halves = {
        name: {layer: one.half().double().numpy() for layer, one in weights.items()}
        for name, weights in arrays.items()
    }
    return halves


def moment(frame):
    return Moment(frame=frame, fps=Fraction(8), frames=17)


def options(text):
    return with_settings(["video.frames=17", f"dream.direction={text}"]).dream


def parts(text, lite, frame, image):
    chosen = with_layers(options(text), lite)
    score = make_scores(chosen, lite, CPU, first=image)(moment(frame), image)
    return [] if score is None else list(score.score.parts)  # type: ignore[attr-defined]


MORPH = (
    '[{name="one", weight=[{at=0, value=1}, {at=2, value=0}]}, '
    '{name="two", weight=[{at=0, value=0}, {at=2, value=1}]}]'
)


def slope(value, image):
    x = image.clone().requires_grad_()
    (found,) = torch.autograd.grad(value(x), x)
    return found / found.abs().mean()


def climbed(text, lite, frame, image):
    chosen = with_layers(options(text), lite)
    score = make_scores(chosen, lite, CPU, first=image)(moment(frame), image)
    assert score is not None
    found = score.balanced(image).gradient(image, (0.0, 0.0))
    return found / found.abs().mean()


def along(lite, layer, weights):
    """Energy of a layer's channels, each weighted."""
    weights = torch.tensor(weights).float()
    return lambda x: (lite(x, [layer])[layer].pow(2).sum((0, 2, 3)) * weights).sum()


def unit(weights):
    return weights / np.sqrt((weights**2).sum())


@pytest.mark.parametrize("frame", [0, 4, 8, 16])
def test_morph_is_of_the_weighted_sum_at_each_moment(frame, lite, town, image):
    """At half the way, the second layer dreams half of each, the first what is left of it."""
    two = frame / 16
    one = 1 - two
    second = one * 0.75 * unit(town["one"][SECOND]) + two * unit(town["two"][SECOND])
    # The layers' weights are the largest shares of a layer, times the list's own at the moment.
    expected = (one * 0.75 + two) * slope(along(lite, SECOND, second), image)
    if one:
        expected += one * 0.25 * slope(along(lite, FIRST, town["one"][FIRST]), image)
    found = climbed(MORPH, lite, frame, image)
    assert_close(found, expected / expected.abs().mean(), atol=2e-3, rtol=1e-3)


def test_directions_that_cancel_or_fade_out_dream_nothing(lite, town, image):
    both = '[{name="one", weight=[{at=0, value=1}, {at=1, value=0}]}, {name="one", weight=-1}]'
    assert parts(both, lite, 0, image) == []
    assert len(parts(both, lite, 8, image)) == 2
    faded = '{name="one", weight=[{at=0, value=0}, {at=1, value=1}]}'
    assert parts(faded, lite, 0, image) == []
    assert len(parts(faded, lite, 1, image)) == 2


def test_negative_weight_takes_away(lite, town, image):
    found = climbed('["two", {name="one", weight=-0.5}]', lite, 0, image)
    second = unit(town["two"][SECOND]) - 0.5 * 0.75 * unit(town["one"][SECOND])
    expected = (1 + 0.5 * 0.75) * slope(along(lite, SECOND, second), image)
    expected += 0.5 * 0.25 * slope(along(lite, FIRST, -town["one"][FIRST]), image)
    assert_close(found, expected / expected.abs().mean(), atol=2e-3, rtol=1e-3)


def test_mask_keeps_a_direction_to_its_half(lite, town, rng):
    """The gradient of a direction on the left vanishes right of what the layer sees across."""
    image = torch.rand(1, 3, 64, 128, generator=rng)
    left = '[{name="two", mask={shape="left", size=0.5, feather=0}}]'
    found = climbed(left, lite, 0, image).abs().mean((0, 1, 2))
    assert found[:56].min() > 0.1 and found[80:].max() == 0
    both = f'[{left[1:-1]}, {{name="one", mask={{shape="right", size=0.5, feather=0}}}}]'
    assert [part.layer for part in parts(both, lite, 0, image)].count(SECOND) == 2
    assert [part.weight for part in parts(left, lite, 0, image)] == pytest.approx(
        [0.25]
    )  # half of its share, 0.5


def test_weights_are_written_in_place_for_recordings(lite, town, image):
    """A CUDA graph is found by the objective, whatever its weights are by now."""
    chosen = with_layers(options(MORPH), lite)
    score_at = make_scores(chosen, lite, CPU, first=image)
    before, after = (score_at(moment(n), image).score.parts for n in (2, 14))  # type: ignore
    assert [id(part.objective) for part in before] == [id(part.objective) for part in after]


def test_one_name_in_a_list_is_that_name(town):
    for spelling in ('"one"', '["one"]', '[{name="one"}]', '{name="one", weight=1.0}'):
        chosen = options(spelling)
        assert chosen.model_dump(mode="json")["direction"] == "one"
        assert list(chosen.directions) == ["dream.direction"]
    assert options("none").model_dump(mode="json")["direction"] is None
    weighted = options('{name="one", weight=0.5}')
    assert list(weighted.directions) == ["dream.direction[0]"]
    assert DreamOptions.model_validate(weighted.model_dump(mode="json")) == weighted


def test_record_resolves_to_the_same_layers(lite, town):
    chosen = with_layers(options(MORPH), lite)
    assert [(layer.name, layer.weight) for layer in chosen.layers] == [(FIRST, 1.0), (SECOND, 4.0)]
    record = DreamOptions.model_validate(chosen.model_dump(mode="json"))
    assert with_layers(record, lite) == record
    assert [name for name, _ in schedules(record, "dream")] == [
        "dream.direction[0].weight",
        "dream.direction[1].weight",
    ]


def test_files_of_a_list_are_found_beside_the_preset_and_in_the_key(models_home, town, tmp_path):
    kept = models_home / "directions" / "lite0"
    (tmp_path / "sub").mkdir()
    for name in ("one", "two"):
        (tmp_path / "sub" / name).write_bytes((kept / f"{name}.safetensors").read_bytes())
    preset = tmp_path / "mine.toml"
    lines = '["one", "./sub/one", {name = "sub/two", weight = 0.5}]'
    preset.write_text(
        '[start]\nsize = "32x32"\n[video]\nframes = 2\n[dream]\noctaves = 1\n'
        f"layers = ['{SECOND}']\ndirection = {lines}\n"
    )
    found = load_preset(str(preset))
    one, two = (tmp_path / "sub" / name for name in ("one", "two"))
    assert [entry.name for entry in found.dream.direction] == ["one", one, two]
    assert inputs(found) == {"dream.direction[1]": one, "dream.direction[2]": two}
    job = build(found, CPU)
    key = job.key
    assert [one["weight"] for one in key["dream.direction"]] == [1.0, 1.0, 0.5]
    assert all(one.keys() == {"weight", "mask"} for one in key["dream.direction"])
    assert key["dream.direction[0] sha256"] == key["dream.direction[1] sha256"] == sha256(one)
    assert key["dream.direction[2] sha256"] == sha256(two)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["one", "twoo"]', r"dream\.direction\[1\]: lite0 has no direction 'twoo' \(did you me"),
        ('["one", "a/b.safetensors"]', r"dream\.direction\[1\]: a/b.safetensors does not exist"),
        ('[{name="one", weight=0}]', r"dream\.direction\[0\]\.weight: what has no weight"),
        ('[{name="one", mask="motion"}]', r"direction\[0\]\.mask: a mask of a guide or a direct"),
        ('[{name="one", weigth=2}]', r"dream\.direction\[0\]\.weigth: no such option \(did you"),
        ('["one", 3]', r"dream\.direction\[1\]\.name: should be the path of a file"),
        (str(["one"] * 1001), r"dream\.direction: 1001 entries are too many; at most 1000"),
        ('["one", "city"]', r"dream\.direction\[1\]: city has none of the layers that are dream"),
    ],
)
def test_mistakes_in_a_list_name_their_entry(text, said, lite, town, image):
    with pytest.raises(PresetError, match=said):
        layers = with_layers(options('"one"'), lite).layers
        chosen = options(text).model_copy(update={"layers": layers})
        make_scores(chosen, lite, CPU, first=image)
