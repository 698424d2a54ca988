import numpy as np
import torch
from torch.testing import assert_close

from dreamvid.image import fit, resize, to_bytes


def test_resizing_keeps_the_corners_as_scipy_does():
    row = torch.tensor([0.0, 1, 4]).view(1, 1, 1, 3).expand(1, 3, 2, 3)
    found = resize(row, (2, 5))[0, 0, 0]
    assert_close(found, torch.tensor([0, 0.5, 1, 2.5, 4]))


def test_fitting_covers_the_size_and_keeps_the_middle():
    picture = torch.zeros(1, 3, 20, 60)
    picture[..., 20:40] = 1
    assert fit(picture, (20, 20)).min() == 1
    assert fit(picture, (40, 24)).shape == (1, 3, 40, 24)


def test_bytes_are_rounded_not_cut_off():
    values = torch.tensor([0.0, 0.4999 / 255, 0.5001 / 255, 254.6 / 255, 1.0, 1.7, -3.0])
    row = values.view(1, 1, 1, 7).expand(1, 3, 1, 7)
    assert to_bytes(row)[0, :, 0].tolist() == [0, 0, 1, 255, 255, 255, 0]
    assert to_bytes(row).dtype == np.uint8
