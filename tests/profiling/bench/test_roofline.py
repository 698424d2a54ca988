"""Operations of a step, against counts made by hand."""

import pytest
import torch
import torch.nn.functional as F

from dreamvid.dream.objectives.objective import energy
from dreamvid.dream.objectives.score import Part, Score
from dreamvid.models.features import FeatureModel
from dreamvid.models.networks.googlenet import GoogLeNet, shapes
from dreamvid.models.preprocessing import Pixels
from dreamvid.profiling.bench.roofline import work_of

CPU = torch.device("cpu")


def way_back(score):
    def run(image):
        image = image.clone().requires_grad_()
        return torch.autograd.grad(score(image), image)

    return run


def named(work, name):
    return [op for op in work.operations if op.name == f"aten.{name}"]


def test_convolution_and_its_backward_by_hand():
    weight = torch.rand(8, 3, 3, 3)
    image = torch.rand(1, 3, 10, 12, requires_grad=True)
    slope = torch.rand(1, 8, 10, 12)

    def run():
        torch.autograd.grad(F.conv2d(image, weight, padding=1), image, slope)

    forward, backward = work_of(run).operations
    # 10 x 12 places x 8 channels, each a sum of 3 x 3 x 3 products; a multiply-add is two.
    assert forward.flops == 10 * 12 * 8 * (3 * 3 * 3) * 2 == 51840
    # The same to the image, and nothing for the weights.
    assert backward.flops == 51840
    # float32: the image of 360 numbers, 216 weights, 960 numbers of the result.
    assert forward.bytes == 4 * (360 + 216 + 960) == 6144
    # The slope and the weights are read, the image is not; its gradient is written.
    assert backward.bytes == 4 * (960 + 216 + 360)


def test_depthwise_convolution_by_hand():
    weight, image = torch.rand(6, 1, 3, 3), torch.rand(1, 6, 8, 8)
    (found,) = work_of(lambda: F.conv2d(image, weight, padding=1, groups=6)).operations
    assert found.flops == 8 * 8 * 6 * (3 * 3) * 2 == 6912


def test_weight_gradient_is_counted_where_needed():
    weight, image = torch.rand(8, 3, 3, 3, requires_grad=True), torch.rand(1, 3, 10, 12)
    slope = torch.rand(1, 8, 10, 12)
    work = work_of(lambda: torch.autograd.grad(F.conv2d(image, weight, padding=1), weight, slope))
    backward = named(work, "convolution_backward")[0]
    assert backward.flops == 51840
    assert backward.bytes == 4 * (960 + 216 + 360 + 216)  # the image is read, the weights written


def test_other_operations_count_bytes():
    image = torch.rand(1, 8, 10, 12)  # 3840 bytes

    def run():
        row = image[:, :4].permute(0, 2, 3, 1)  # views: nothing moves
        row = F.relu(row)  # half of it is read and written
        row.add_(1.0)  # again
        torch.empty(1000)  # nothing is written
        torch.zeros(10).copy_(row[0, 0, :10, 0])  # 40 bytes are filled; 40 are read, 40 written

    work = work_of(run)
    assert [(op.name, op.bytes) for op in work.operations] == [
        ("aten.relu", 3840),
        ("aten.add_", 3840),
        ("aten.zeros", 40),
        ("aten.copy_", 80),
    ]
    assert work.flops == 0
    assert work.other_bytes == 2 * 3840 + 120


def test_expanded_tensor_is_read_once():
    spread = torch.ones(()).expand(100, 100)
    (found,) = work_of(lambda: spread + 1.0).operations
    assert found.bytes == 4 + 40000


def test_floor_is_the_longer_of_arithmetic_and_bytes():
    weight, image = torch.rand(8, 3, 3, 3), torch.rand(1, 3, 10, 12)
    work = work_of(lambda: F.relu(F.conv2d(image, weight, padding=1)))
    conv, relu = 51840, 2 * 3840
    assert work.floor(1.0, 1.0) == pytest.approx(conv + relu)
    assert work.floor(1000.0, 1.0) == pytest.approx(6144 + relu)  # now its bytes take longer
    assert work.other_bytes == relu


def test_googlenet_up_to_conv2_by_hand(rng):
    weights = {name: torch.randn(shape, generator=rng) * 0.05 for name, shape in shapes().items()}
    pixels = Pixels(scale=255.0, mean=(104.0, 117.0, 123.0), bgr=True)
    features = FeatureModel("random", GoogLeNet(weights), pixels, CPU)
    score = Score(features, [Part("conv2/3x3", energy())])
    image = torch.rand(1, 3, 64, 96, generator=rng)
    # 64x96 pixels; conv1 halves them, pool1 again.
    conv1 = 32 * 48 * 64 * (3 * 7 * 7) * 2
    reduce = 16 * 24 * 64 * 64 * 2
    conv2 = 16 * 24 * 192 * (64 * 3 * 3) * 2
    assert (conv1, reduce, conv2) == (28_901_376, 3_145_728, 84_934_656)
    work = work_of(lambda: score.gradient(image))
    assert [op.flops for op in named(work, "convolution")] == [conv1, reduce, conv2]
    assert [op.flops for op in named(work, "convolution_backward")] == [conv2, reduce, conv1]
    assert work.flops == 2 * (conv1 + reduce + conv2) == 233_963_520


def test_counting_changes_no_result(rng):
    image, weight = torch.rand(1, 3, 12, 12, generator=rng), torch.rand(4, 3, 3, 3, generator=rng)
    gradient = way_back(lambda x: F.conv2d(x, weight).pow(2).sum())
    found = []
    work_of(lambda: found.extend(gradient(image)))
    assert torch.equal(found[0], gradient(image)[0])
