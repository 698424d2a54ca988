"""Reach and strides against the arithmetic of convolutions, and against what gradients reach."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.dream.tiling.receptive_field import check_tileable, receptive_fields
from dreamvid.errors import PresetError
from dreamvid.models.weights import store

CPU = torch.device("cpu")
LIKE = torch.zeros(1, 3, 1, 1)


class Chain:
    """Convolutions of (kernel, stride, padding), each a layer."""

    def __init__(self, *parts):
        self.parts = parts

    def __call__(self, image, layers):
        activation, x = {}, image
        for number, (kernel, stride, padding) in enumerate(self.parts):
            weight = torch.ones(3, x.shape[1], kernel, kernel)
            x = activation[str(number)] = torch.conv2d(x, weight, None, stride, padding)
        return {name: activation[name] for name in layers}


def textbook(parts):
    """Compute (stride, first pixel of position 0, pixels a position sees): textbook arithmetic."""
    jump, first, width = 1, 0, 1
    for kernel, stride, padding in parts:
        width += (kernel - 1) * jump
        first -= padding * jump
        jump *= stride
    return jump, first, width


CONVOLUTIONS = st.tuples(st.integers(1, 5), st.integers(1, 2), st.integers(0, 2)).filter(
    lambda part: part[0] > part[2]
)


@settings(max_examples=20)
@given(st.lists(CONVOLUTIONS, min_size=1, max_size=3), st.integers(100, 140))
def test_receptive_fields_are_those_of_the_arithmetic(parts, length):
    stride, first, width = textbook(parts)
    top = str(len(parts) - 1)
    down, across = receptive_fields(Chain(*parts), (top,), (length, length), LIKE)
    assert down == across and down.stride == stride
    result, end = down.fields[top], first + width
    # As tight as windows allow, which start at a multiple of the stride.
    assert result.stride == stride and result.before == -(first // stride) * stride
    assert end <= result.after < end + stride and (result.after - length) % stride == 0
    count = length
    for kernel, step, padding in parts:
        count = (count + 2 * padding - kernel) // step + 1
    assert result.positions(length) == count


def test_receptive_fields_of_several_layers_have_one_stride():
    both, _ = receptive_fields(Chain((3, 2, 1), (3, 3, 1)), ("0", "1"), (90, 90), LIKE)
    assert (both.stride, both.fields["0"].stride, both.fields["1"].stride) == (6, 2, 6)


def test_receptive_fields_differ_by_axis():
    def features(image, layers):
        return {"x": torch.conv2d(image, torch.ones(1, 3, 1, 7), None, (1, 2), (0, 3))}

    down, across = receptive_fields(features, ("x",), (64, 64), LIKE)
    assert (down.stride, down.fields["x"].before, down.fields["x"].after) == (1, 0, 1)
    assert (across.stride, across.fields["x"].before, across.fields["x"].after) == (2, 4, 4)


@pytest.mark.parametrize(("height", "width"), [(160, 256), (161, 267), (175, 241)])
def test_gradient_stays_within_the_receptive_field(height, width):
    """The embedded network, whose padding depends on the length."""
    features, layer = store.load("lite0", CPU), "block_5/expand"
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    result = receptive_fields(features, (layer,), (height, width), image)
    activation = features(image.requires_grad_(), [layer])[layer]
    assert activation.shape[-2:] == tuple(
        axis.fields[layer].positions(length)
        for axis, length in zip(result, image.shape[-2:], strict=True)
    )
    row, column = activation.shape[-2] // 2, activation.shape[-1] // 2
    (gradient,) = torch.autograd.grad(activation[0, :, row, column].sum(), image)
    for axis, place in ((-2, row), (-1, column)):
        field = result[axis].fields[layer]
        reached = gradient.abs().sum(tuple({0, 1, 2, 3} - {axis % 4})).nonzero()
        assert field.stride == 8
        assert field.stride * place - field.before <= int(reached.min())
        assert int(reached.max()) < field.stride * place + field.after


@pytest.mark.parametrize("layer", ["pool", "classes"])
def test_untileable_layer_is_named(layer):
    features = store.load("lite0", CPU)
    with pytest.raises(PresetError, match=rf"^dream.tile: {layer} looks at the whole picture"):
        check_tileable(features, (layer,), LIKE)


def test_layer_whose_positions_each_see_everything_is_named():
    def features(image, layers):
        return {"x": torch.conv2d(image - image.mean((2, 3), keepdim=True), torch.ones(1, 3, 3, 3))}

    with pytest.raises(PresetError, match="x looks at the whole picture"):
        receptive_fields(features, ("x",), (64, 64), LIKE)


def test_receptive_fields_are_cached_by_the_lengths_remainder():
    calls = []
    chain = Chain((3, 2, 1))

    def features(image, layers):
        calls.append(image.shape)
        return chain(image, layers)

    receptive_fields(features, ("0",), (64, 64), LIKE)
    before = len(calls)
    assert receptive_fields(features, ("0",), (128, 640), LIKE) == receptive_fields(
        features, ("0",), (64, 64), LIKE
    )
    assert len(calls) == before
    receptive_fields(features, ("0",), (64, 65), LIKE)
    assert len(calls) > before
