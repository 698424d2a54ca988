import numpy as np
import pytest
import torch
from PIL import Image

from dreamvid.errors import PresetError
from dreamvid.training.views import CENTRE, view


@pytest.fixture
def photo(tmp_path):
    """Red rises from left to right, green from top to bottom: a colour tells its place."""
    down, right = np.mgrid[0:256, 0:400]
    pixels = np.stack([right / 399 * 255, down, np.zeros_like(down)], 2)
    path = tmp_path / "photo.png"
    Image.fromarray(pixels.round().astype(np.uint8)).save(path)
    return path


def corner(seen):
    """Column and row of the photo at the view's left and right upper corners."""
    left, right = (seen[0, 0, 0, x].item() * 399 for x in (0, -1))
    return round(left), round(right), round(seen[0, 1, 0, 0].item() * 255)


def test_central_view(photo):
    seen = view(photo, "photo.png", CENTRE, seed=0)
    assert seen.shape == (1, 3, 224, 224)
    assert corner(seen) == (88, 311, 16)


def test_views_are_random_squares_half_of_them_mirrored(photo):
    corners = [corner(view(photo, "photo.png", number, seed=0)) for number in range(1, 101)]
    mirrored = [left > right for left, right, _ in corners]
    lefts = [min(left, right) for left, right, _ in corners]
    tops = [top for _, _, top in corners]
    assert all(222 <= abs(left - right) <= 224 for left, right, _ in corners)
    assert 30 < sum(mirrored) < 70
    assert min(lefts) < 20 and max(lefts) > 156 and max(lefts) <= 177
    assert min(tops) < 5 and 27 < max(tops) <= 33


def test_view_follows_from_name_number_and_seed(photo):
    first = view(photo, "a", 1, seed=0)
    assert torch.equal(first, view(photo, "a", 1, seed=0))
    others = [view(photo, "b", 1, seed=0), view(photo, "a", 2, seed=0), view(photo, "a", 1, seed=1)]
    assert not any(torch.equal(first, other) for other in others)


def test_photos_are_scaled_by_their_shorter_side(tmp_path):
    path = tmp_path / "small.png"
    Image.new("RGB", (64, 300), (10, 200, 30)).save(path)
    seen = view(path, "small.png", 5, seed=0)
    assert seen.shape == (1, 3, 224, 224)
    expected = torch.tensor([10, 200, 30]).view(1, 3, 1, 1) / 255
    torch.testing.assert_close(seen, expected.expand_as(seen))


def test_broken_photo_is_refused(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8 not a photo")
    with pytest.raises(PresetError, match=r"broken\.jpg"):
        view(path, "broken.jpg", 1, seed=0)
