"""Half precision inside a program in single: close to float32, and never out of range."""

import pytest
import torch

from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.errors import PresetError
from dreamvid.film.job import still
from dreamvid.models import precision as half
from dreamvid.models.features import FeatureModel
from dreamvid.models.layers import lrn_reference as lrn
from dreamvid.models.layers.numba import lrn as numba_lrn
from dreamvid.models.networks.googlenet import GoogLeNet
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CAFFE
from dreamvid.preset.load import with_settings
from tests.support import reference

CPU = torch.device("cpu")
HALVES = [(torch.float16, 0.25), (torch.bfloat16, 0.7)]  # and how far its slopes may be off


def picture(height=64, width=96):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module", params=["lite0", "googlenet"])
def features(request):
    if request.param == "lite0":
        return store.load("lite0", CPU)
    weights = {k: torch.tensor(v) for k, v in reference.random_googlenet().items()}
    return FeatureModel("googlenet", GoogLeNet(weights), CAFFE, CPU)


def layers_of(features):
    if features.name == "lite0":
        return "block_3/expand", "block_7/output"
    return "inception_3b/output", "inception_4a/3x3"


def slope(features, parts, image):
    return Score(features, [Part(layer, energy(), w) for layer, w in parts]).gradient(image)


@pytest.mark.parametrize(("dtype", "bound"), HALVES, ids=str)
def test_slopes_of_one_layer_and_of_several_are_near_those_of_single(features, dtype, bound):
    first, second = layers_of(features)
    rough = features.in_precision(dtype)
    assert rough.in_precision(torch.float32) is features
    for parts in ([(first, 1.0)], [(first, 1e-6), (second, 1e3)], [(second, 1e9)]):
        expected, found = (slope(model, parts, picture()) for model in (features, rough))
        assert found.dtype == torch.float32 and bool(found.isfinite().all())
        assert float((found - expected).norm() / expected.norm()) < bound
        assert not torch.equal(found, expected)


def test_single_precision_is_left_as_it_was(features):
    first = layers_of(features)[0]
    before = slope(features, [(first, 1.0)], picture())
    slope(features.in_precision(torch.bfloat16), [(first, 1.0)], picture())
    assert torch.equal(slope(features, [(first, 1.0)], picture()), before)


def test_without_a_slope_nothing_is_kept_and_nothing_is_no_number(features):
    first = layers_of(features)[0]
    rough = features.in_precision(torch.bfloat16)
    with torch.no_grad():
        seen = rough(picture(), [first])[first]
    assert seen.dtype == torch.float32 and not seen.requires_grad
    image = picture().requires_grad_()
    seen = rough(image, [first])[first]
    (found,) = torch.autograd.grad((seen * 0).sum(), image)
    assert not bool(found.any())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_lrn_computes_in_single_where_half_has_no_room(dtype):
    rng = torch.Generator().manual_seed(1)
    x = (3000 * torch.randn(1, 8, 5, 6, generator=rng)).to(dtype)
    slope = torch.randn(1, 8, 5, 6, generator=rng).to(dtype)
    exact = x.double()
    for found, wanted in (
        (lrn.forward(x), lrn.forward(exact)),
        (lrn.backward(slope, x), lrn.backward(slope.double(), exact)),
        (numba_lrn.forward(x), lrn.forward(exact)),
        (numba_lrn.backward(slope, x), lrn.backward(slope.double(), exact)),
    ):
        assert found.dtype == dtype
        step = torch.finfo(dtype).eps
        assert float((found.double() - wanted).abs().max() / wanted.abs().max()) < step


def test_what_auto_is_on_each_device(monkeypatch):
    assert half.precision_for("auto", CPU) == half.precision_for("single", CPU) == torch.float32
    cuda = torch.device("cuda")
    assert half.precision_for("auto", cuda) == half.precision_for("half", cuda) == torch.float16
    assert half.precision_for("single", cuda) == torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert half.precision_for("half", CPU) == torch.bfloat16
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {})
    with pytest.raises(PresetError, match=r"dream.precision: .*--set dream.precision=single"):
        half.precision_for("half", CPU)


def test_the_option_reaches_the_dream(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    settings = ["video.frames=1", "dream.octaves=1", "dream.steps=1", "dream.layers=block_3/expand"]
    one, two, three = (
        still(picture(), with_settings([*settings, f"dream.precision={name}"]), CPU)
        for name in ("auto", "single", "half")
    )
    assert torch.equal(one, two) and not torch.equal(two, three)
    assert float((two - three).abs().mean()) < float((two - picture()).abs().mean())
