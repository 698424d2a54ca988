"""Scores of presets against the layers' activations."""

from fractions import Fraction

import pytest
import torch
from safetensors.torch import save_file
from torch.testing import assert_close

from dreamvid.errors import PresetError
from dreamvid.film.resolve import with_layers
from dreamvid.film.score import make_scores
from dreamvid.models.head import Head
from dreamvid.models.weights import store
from dreamvid.models.words import WordSpace
from dreamvid.preset.load import with_settings
from dreamvid.preset.schema import DreamOptions
from dreamvid.schedule.moment import Moment

CPU = torch.device("cpu")
BEGIN = Moment(frame=0, fps=Fraction(24), frames=48)
FIRST, SECOND = "block_1/expand", "block_2/expand"  # of 96 and 144 channels


@pytest.fixture
def lite():
    return store.load("lite0", CPU)


def options(*settings):
    return with_settings(["video.frames=1", *settings]).dream


def slope(value, image):
    x = image.clone().requires_grad_()
    (found,) = torch.autograd.grad(value(x), x)
    return found / found.abs().mean()


def climbed(chosen, lite, image, first=None, shown=None):
    """Gradient, normalised to a mean size of 1."""
    chosen = with_layers(chosen, lite)
    score = make_scores(chosen, lite, CPU, first=first)(BEGIN, image if shown is None else shown)
    assert score is not None
    found = score.balanced(image).gradient(image, (0.0, 0.0))
    return found / found.abs().mean()


def close(found, expected):
    assert_close(found, expected, atol=2e-3, rtol=1e-3)


def test_layer_may_have_its_own_objective(lite, image):
    both = (
        f'dream.layers=[{{name="{FIRST}", objective="channel", channels=[3, 7], '
        f'channel_weights=[1, -2]}}, {{name="{SECOND}", weight=0.5}}]'
    )

    def signed(x):
        seen = lite(x, [FIRST])[FIRST].sum((0, 2, 3))
        return seen[3] - 2 * seen[7]

    one = slope(signed, image)
    two = slope(lambda x: lite(x, [SECOND])[SECOND].pow(2).sum(), image)
    expected = one + 0.5 * two
    close(climbed(options(both), lite, image), expected / expected.abs().mean())


def test_energy_takes_weights_for_its_channels(lite, image):
    some = f'dream.layers=[{{name="{FIRST}", channels=[3, 7], channel_weights=[1, 0.5]}}]'

    def value(x):
        seen = lite(x, [FIRST])[FIRST].pow(2).sum((0, 2, 3))
        return seen[3] + 0.5 * seen[7]

    close(climbed(options(some), lite, image), slope(value, image))


def test_strongest_channels_are_picked_once_or_in_each_frame(lite, image):
    dark = torch.zeros_like(image)
    layers = f'dream.layers=[{{name="{FIRST}", count=4}}]'

    def of(picture):
        chosen = lite(picture, [FIRST])[FIRST].mean((0, 2, 3)).topk(4).indices
        return slope(lambda x: lite(x, [FIRST])[FIRST][:, chosen].pow(2).sum(), image)

    assert not torch.allclose(of(dark), of(image), atol=1e-2)
    kept = options("dream.objective=strongest", layers)
    close(climbed(kept, lite, image, first=dark), of(dark))
    anew = options("dream.objective=strongest", layers, "dream.pick=frame")
    close(climbed(anew, lite, image, first=dark), of(image))


def test_direction_is_read_from_a_file_with_its_layers(lite, image, tmp_path, rng):
    weights = torch.rand(96, generator=rng)
    save_file({FIRST: weights}, tmp_path / "town.safetensors")
    found = climbed(options(f"dream.direction={tmp_path}/town.safetensors"), lite, image)

    def value(x):
        return (lite(x, [FIRST])[FIRST].pow(2).sum((0, 2, 3)) * weights).sum()

    close(found, slope(value, image))


def test_class_alone_needs_no_layer(lite, image):
    """A group of labels scores like its nearest one."""
    found = climbed(options('dream.classes=["lion"]'), lite, image)

    def value(x):
        seen = lite(x, ["head"])["head"]
        classes = lite.network.convs["classes"]
        weight, bias = classes.weight, classes.bias
        logits = torch.conv2d(seen, weight, bias)[0]
        others = torch.cat([logits[:291], logits[292:]])
        return (logits[291] - 0.25 * others.logsumexp(0)).sum()

    close(found, slope(value, image))
    assert lite.head.labels[291] == "lion"


def test_words_are_scored_through_the_head(lite, image, rng):
    head = Head("block_2/expand", torch.randn(8, 144, generator=rng), torch.zeros(8))
    vectors = torch.randn(3, 8, generator=rng)
    lite.words = WordSpace(("gaudi", "food", "people"), vectors, head)
    goal = vectors[1] / vectors[1].norm() - vectors[2] / vectors[2].norm()

    def value(x):
        put = torch.conv2d(lite(x, [head.layer])[head.layer], head.weight[:, :, None, None])
        along = (put * goal.view(1, 8, 1, 1)).sum(1) / goal.norm()
        return (along * torch.maximum(along / put.norm(dim=1), torch.tensor(0.1))).sum()

    close(climbed(options('dream.words=["food -people"]'), lite, image), slope(value, image))
    known = r"dream\.words\[0\]: lite0: the model knows no word 'gaudy' \(nearest: gaudi"
    with pytest.raises(PresetError, match=known):
        climbed(options("dream.words=gaudy"), lite, image)
    assert lite.words.nearest(vectors[0], 1) == [("gaudi", pytest.approx(1.0))]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("dream.classes=lionn",), r"dream\.classes\[0\]: lite0: .* 'lionn' \(did you mean lion "),
        (("dream.classes=1000",), r"dream\.classes\[0\]: .*no class 1000; they are 0 to 999"),
        (("dream.classes=qqqqqqqqq",), r"no class 'qqqqqqqqq' \(see `dreamvid labels`"),
        (("dream.words=gaudi",), r"dream\.words\[0\]: lite0 knows no words \(dream.classes takes"),
        (("dream.objective=guide",), r"dream\.guide: this dream is guided by a picture"),
        (
            (f'dream.layers=[{{name="{FIRST}", channels=[96]}}]',),
            rf"dream\.layers: {FIRST} of lite0 has no channel 96 \(they are 0 to 95",
        ),
        (
            ("dream.objective=direction", f"dream.layers={FIRST}"),
            rf"there is no direction for {FIRST}",
        ),
    ],
)
def test_unknown_name_is_refused_with_the_known_ones(settings, said, lite, image):
    with pytest.raises(PresetError, match=said):
        climbed(options(*settings), lite, image)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({FIRST: torch.ones(7)}, r"7 weights for block_1/expand of lite0, which has 96 channels"),
        ({FIRST: torch.ones(96, 2)}, r"block_1/expand in .* is no list of numbers"),
        ({FIRST: torch.zeros(96)}, r"holds no weight other than 0"),
        ({FIRST: torch.full((96,), float("nan"))}, r"is no list of numbers"),
    ],
)
def test_direction_that_does_not_fit_is_refused(arrays, said, lite, image, tmp_path):
    save_file(arrays, tmp_path / "odd.safetensors")
    with pytest.raises(PresetError, match=said):
        climbed(options(f"dream.direction={tmp_path}/odd.safetensors"), lite, image)


@pytest.mark.parametrize("text", [None, b"", b"not a tensor file at all"])
def test_direction_that_cannot_be_read_is_refused(text, lite, image, tmp_path):
    path = tmp_path / "town.safetensors"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(PresetError, match=r"^dream\.direction: "):
        climbed(options(f"dream.direction={path}"), lite, image)


def test_classes_need_no_layers_unless_an_objective_is_given(lite):
    def named(*settings):
        return [layer.name for layer in with_layers(options(*settings), lite).layers]

    usual = list(lite.usual_layers)
    assert named("dream.classes=lion") == []
    assert named("dream.classes=lion", "dream.objective=energy") == usual
    assert named("dream.classes=lion", "dream.objective=diversity") == usual
    record = options("dream.classes=lion").model_dump(mode="json")
    assert with_layers(DreamOptions.model_validate(record), lite).layers == ()


def test_direction_none_removes_the_presets():
    assert options("dream.direction=none").direction == ()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("dream.guide=a.png", "dream.objective=energy"), "guide has no effect"),
        (("dream.objective=channel",), "needs layers with channels"),
        (
            ("dream.objective=neuron", "dream.layers=a"),
            'objective "neuron" needs the channels of a',
        ),
        (("dream.pick=frame",), "pick has an effect with objectives strongest, weakest, average"),
        (
            ('dream.layers=[{name="a", channels=[1], channel_weights=[1, 2]}]',),
            "one weight for each of channels, got 2 for 1 channels",
        ),
        (('dream.guide=[{path="a.png", weight=0}]',), "what has no weight has no effect"),
        (
            ('dream.guide=[{path="a.png", mask={shape="sky", strength=0.5}}]',),
            "its weight says how strongly",
        ),
        (('dream.layers=[{name="a", count=3}]',), 'count of a has no effect with "energy"'),
        (('dream.layers=[{name="a", place=[0, 0]}]',), 'place of a has no effect with "energy"'),
        (
            ('dream.layers=[{name="a", channels=[1]}]', "dream.objective=weakest"),
            'channels of a has no effect with "weakest"',
        ),
        (
            (
                'dream.layers=[{name="a", channels=[1], channel_weights=[2]}]',
                "dream.objective=style",
                "dream.guide=a.png",
            ),
            'channel_weights of a has no effect with "style"',
        ),
        (('dream.classes=[{label="lion", weight=0}]',), "what has no weight has no effect"),
        (("dream.objective=enrgy",), "dream.objective"),
    ],
)
def test_options_that_contradict_each_other_are_refused(settings, said):
    with pytest.raises(PresetError, match=said):
        options(*settings)
