import pytest
import torch
from torch.testing import assert_close

from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights.catalogue import CAFFE, TORCHVISION

ODD = Pixels(scale=2.0, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 2.0), bgr=True)


@pytest.mark.parametrize("pixels", [CAFFE, TORCHVISION, ODD], ids=["caffe", "torchvision", "odd"])
def test_pixels_and_their_way_back_are_the_formula_of_float64(pixels):
    image = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found = pixels.prepare(image)
    assert found.is_contiguous(memory_format=torch.channels_last)
    exact = image.detach().double().requires_grad_()
    ordered = exact[:, [2, 1, 0]] if pixels.bgr else exact
    mean, std = (torch.tensor(t).double().view(1, 3, 1, 1) for t in (pixels.mean, pixels.std))
    expected = (ordered * pixels.scale - mean) / std
    assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    slope = torch.rand(found.shape, generator=torch.Generator().manual_seed(1))
    (back,) = torch.autograd.grad(found, image, slope)
    (wanted,) = torch.autograd.grad(expected, exact, slope.double())
    assert back.is_contiguous() and bool(back.any())
    assert_close(back.double(), wanted, rtol=1e-6, atol=0)
