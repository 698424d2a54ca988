import torch
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.dream.jitter import rolled


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(1, 9), st.integers(1, 9))
def test_rolled_is_torchs_roll(down, across, height, width):
    image = torch.arange(3.0 * height * width).view(1, 3, height, width)
    expected = image.roll((down, across), (-2, -1))
    assert torch.equal(rolled(image, down, across), expected)
    third = torch.tensor(3.0)
    assert torch.equal(rolled(image, down, across, over=third), expected / third)
