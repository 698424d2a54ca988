import cv2
import pytest
import torch
from torch.testing import assert_close

from dreamvid.image import fit
from dreamvid.media.images import scaling
from dreamvid.media.images.reading import Decoded, decode
from dreamvid.media.images.scaling import fitted


@pytest.mark.parametrize("size", [(37, 50), (80, 133), (20, 20), (201, 30), (30, 400), (1, 1)])
def test_scaling_by_bands_is_the_same(size, texture, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), texture(37, 50))
    opened = decode(tmp_path / "a.png", option="IMAGE")
    scaled = fitted(opened, size)
    assert (scaled.height, scaled.width) == size
    bands = [scaled.rows(top, min(top + 7, size[0])) for top in range(0, size[0], 7)]
    assert_close(torch.cat(bands, -2), fit(opened.rows(0, 37), size), atol=2e-5, rtol=0)


@pytest.mark.parametrize("size", [(40, 30), (400, 300), (1000, 90)])
def test_scaling_reads_only_the_rows_of_a_band(size, monkeypatch):
    monkeypatch.setattr(scaling, "READ", 1000)
    picture = torch.rand(1, 3, 600, 50, generator=torch.Generator().manual_seed(1))
    asked = []

    def rows(top, end):
        asked.append(end - top)
        return picture[..., top:end, :]

    scaled = fitted(Decoded(600, 50, rows), size)
    assert_close(scaled.whole().double(), fit(picture.double(), size), atol=2e-5, rtol=0)
    assert max(asked) < 120
