import numpy as np
import pytest
import torch

from dreamvid.explore.describe import (
    class_name,
    describe,
    heatmaps_of,
    middle_of,
    shares_of,
    whole_of,
)
from dreamvid.explore.heatmap import draw_map, lit
from dreamvid.image import to_bytes
from dreamvid.media.images.reading import load
from dreamvid.models.features import FeatureModel
from dreamvid.models.head import Head
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights import store
from dreamvid.models.weights.install import install
from dreamvid.models.words import WordSpace
from tests.models.networks.test_networks import ANSWERS

CPU = torch.device("cpu")
LABELS = ("red", "green", "crane", "crane")


class Bare:
    """A network whose only layer is the picture itself."""

    layers = ("pixels", "classes")

    def __init__(self, head):
        self.head = head

    def to(self, device, dtype=None):
        return self

    def __call__(self, pixels, layers):
        return {name: pixels for name in layers}


def bare(head, words=None):
    pixels = Pixels(scale=1, mean=(0, 0, 0))
    return FeatureModel("bare", Bare(head), pixels, CPU, usual_layers=("pixels",), words=words)


@pytest.fixture
def head(rng):
    weight = torch.randn(4, 3, generator=rng) * 5
    return Head("pixels", weight, torch.randn(4, generator=rng), LABELS)


@pytest.fixture
def picture(rng):
    """256x512; its middle 224 columns, which alone are looked at, are of their own."""
    picture = torch.rand(1, 3, 256, 512, generator=rng)
    picture[..., 144:368] *= 0.5
    return picture


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_describe_probabilities_are_softmax_of_mean_logits(head, picture):
    weight, bias, pixels = (t.double().numpy() for t in (head.weight, head.bias, picture[0]))

    def expected(part):
        logits = np.einsum("oc,chw->ohw", weight, part) + bias[:, None, None]
        return softmax(logits.mean((1, 2)))

    middle, whole = expected(pixels[:, 16:240, 144:368]), expected(pixels)
    found = describe(bare(head), picture, 4)
    order = np.argsort(-middle)
    assert [seen.number for seen in found.classes] == list(order)
    np.testing.assert_allclose([s.middle for s in found.classes], middle[order], rtol=1e-3)
    np.testing.assert_allclose([s.whole for s in found.classes], whole[order], rtol=1e-3)
    assert found.words == [] and found.channels == {}
    titles = ["red", "green", "crane (2)", "crane (3)"]
    assert [seen.title for seen in found.classes] == [titles[n] for n in order]
    assert set(heatmaps_of(bare(head), picture, found)) == {*titles}


def test_shares_are_summed_probabilities(picture, rng):
    labels = ("palace", "hen", "church", "goldfinch")
    head = Head("pixels", torch.randn(4, 3, generator=rng) * 5, torch.zeros(4), labels)
    found = shares_of(bare(head), head, picture, ["bird", "city", "hen"])
    pixels = picture[0, :, 16:240, 144:368].double().numpy()
    probable = softmax(head.weight.double().numpy() @ pixels.mean((1, 2)))
    sums = [probable[1] + probable[3], probable[0] + probable[2], probable[1]]
    assert [(one.name, one.labels) for one in found] == [("bird", 2), ("city", 2), ("hen", 1)]
    np.testing.assert_allclose([one.middle for one in found], sums, rtol=1e-3)
    assert [one.whole for one in found] != [one.middle for one in found]
    with pytest.raises(ValueError, match="no class 'tree'"):
        shares_of(bare(head), head, picture, ["tree"])


def test_describe_ambiguous_labels_by_number(head):
    assert [class_name(head, n) for n in range(4)] == ["red", "green", "2", "3"]
    nameless = Head("pixels", head.weight, head.bias)
    assert class_name(nameless, 1) == "1"


def test_describe_crops_keep_their_shape(rng):
    picture = torch.zeros(1, 3, 600, 1000)
    picture[..., 200:800] = 1  # the square of the middle
    assert middle_of(picture).shape == (1, 3, 224, 224) and float(middle_of(picture).min()) > 0.99
    assert whole_of(picture).shape == (1, 3, 256, 427)
    assert whole_of(torch.zeros(1, 3, 100, 4000)).shape == (1, 3, 26, 1024)


def test_describe_channels_by_largest_mean(head):
    picture = torch.tensor([0.2, 0.9, 0.5]).view(1, 3, 1, 1).expand(1, 3, 256, 256)
    assert describe(bare(head), picture, 2, channels=True).channels == {"pixels": [1, 2]}
    assert describe(bare(None), picture, 3).channels == {"pixels": [1, 2, 0]}


def test_describe_words_and_their_heatmaps():
    vectors = torch.eye(3) + 0.1
    head = Head("pixels", torch.eye(3), torch.zeros(3))
    space = WordSpace(("roof", "tree", "sea"), vectors, head)
    picture = torch.zeros(1, 3, 320, 320)
    picture[:, 1] = 0.9
    picture[:, 0, :160, :160] = 1.0  # a roof in one corner
    picture[:, 1, :160, :160] = 0.0
    features = bare(None, words=space)
    found = describe(features, picture, 2)
    assert [word for word, _ in found.words] == ["tree", "roof"]
    unit = vectors[1].numpy() / np.linalg.norm(vectors[1].numpy())
    seen = picture[0, :, 48:272, 48:272].mean((1, 2)).numpy()
    assert found.words[0][1] == pytest.approx(unit @ seen / np.linalg.norm(seen), abs=0.02)
    heats = heatmaps_of(features, picture, found)
    assert float(heats["roof"][:150, :150].min()) > 0.99 and float(heats["tree"].max()) == 1
    assert float(heats["roof"][170:, 170:].max()) < 0.1 < float(heats["tree"][170:, 170:].min())


def test_heatmap_is_bright_where_a_class_is():
    picture = torch.full((1, 3, 40, 60), 0.8)
    heat = torch.zeros(4, 6)
    heat[:, 3:] = 1
    shown = lit(picture, heat)
    assert float(shown[..., :20].max()) < 0.3 and float(shown[:, 0, :, 40:].min()) > 0.7
    sheet = to_bytes(draw_map(picture, {"a": heat, "b": 0 * heat}, "where"))
    assert sheet.shape[1] == 8 + 3 * (320 + 8)
    assert sheet[100, 100].tolist() == [204, 204, 204]  # the picture itself
    assert sheet[100, 8 + 2 * 328 + 100].tolist() == [51, 51, 51]


def test_heatmap_labels_fit_under_narrow_images():
    picture = torch.full((1, 3, 400, 10), 0.8)
    sheet = to_bytes(draw_map(picture, {"a long label": torch.ones(4, 1)}, "where"))
    assert sheet.shape[1] == 8 + 2 * (120 + 8)
    assert sheet[100, 8 + 60].tolist() == [204, 204, 204]  # in the middle of its column


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1], ids=["googlenet", "lite0"])
def test_describe_known_photos(number, shared):
    name = ("googlenet", "lite0")[number]
    if name == "googlenet":
        install(shared / "weights" / "bvlc_googlenet.npz")
    features = store.load(name, CPU)
    for photo, (label, *probabilities) in ANSWERS.items():
        picture = load(shared / "samples" / photo, option="IMAGE")
        best = describe(features, picture, 1).classes[0]
        assert best.label == best.name == label, photo
        assert best.middle == pytest.approx(probabilities[number], abs=0.04), photo
