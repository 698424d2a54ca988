"""Comparison of faster implementations with slower, more exact ones."""

import torch

CLOSE = 1e-5  # relative error of a gradient in float32


def relative_error(actual, expected):
    """Norm of the difference, relative to that of what is expected."""
    expected = expected.detach()
    return float((actual.detach().double() - expected).norm() / expected.norm())


def gradients(x, grad_output, *outputs):
    """Gradient at x of each output, which got the same gradient."""
    return [torch.autograd.grad(y, x, grad_output)[0] for y in outputs]


def image_gradient(features, image, layer):
    """Gradient of a layer's energy at the image."""
    image = image.clone().requires_grad_()
    (seen,) = features(image, [layer]).values()
    return torch.autograd.grad(0.5 * seen.pow(2).sum(), image)[0]


def saved_bytes(work):
    """A function's result, and the sizes of the tensors kept for its backward pass."""
    sizes = []
    hooks = torch.autograd.graph.saved_tensors_hooks(
        lambda t: (sizes.append(t.numel() * t.element_size()), t)[1], lambda t: t
    )
    with hooks:
        return work(), sizes
