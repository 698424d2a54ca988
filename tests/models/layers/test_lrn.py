"""Local response normalisation against torch in float64."""

import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.models.layers import lrn_reference
from dreamvid.models.layers.numba import lrn as numba_lrn
from tests.support.compare import gradients, relative_error


@given(
    channels=st.integers(3, 70),
    width=st.integers(1, 150),
    batch=st.integers(1, 2),
)
def test_lrn_and_gradient_are_those_of_float64(channels, width, batch):
    rng = torch.Generator().manual_seed(channels)
    x = 90 * torch.randn(batch, channels, 3, width, generator=rng).double()
    grad_output = torch.randn(x.shape, generator=rng).double()
    single, grad_single = x.float(), grad_output.float()
    assert numba_lrn.supports(single) and not numba_lrn.supports(x)
    y, grad = numba_lrn.forward(single), numba_lrn.backward(grad_single, single)
    after_relu = numba_lrn.backward(grad_single, single, True)
    exact = x.clone().requires_grad_()
    expected = F.local_response_norm(exact, 5, 1e-4, 0.75, 1.0)
    (expected_grad,) = gradients(exact, grad_output, expected)
    assert y.shape == x.shape and relative_error(y, expected) < 1e-6
    assert relative_error(grad, expected_grad) < 1e-6
    assert torch.equal(after_relu, grad * (x > 0))
    reference_grad = lrn_reference.backward(grad_output, x)
    assert relative_error(lrn_reference.forward(x), expected) < 1e-12
    assert relative_error(reference_grad, expected_grad) < 1e-12
    assert torch.equal(lrn_reference.backward(grad_output, x, True), reference_grad * (x > 0))
