import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.film.engine import frame_rng
from dreamvid.film.start import STARTS, make_start
from dreamvid.media.images.writing import save
from dreamvid.preset.schema import StartOptions


@pytest.mark.parametrize("kind", STARTS)
def test_start_has_the_requested_size_and_depends_on_the_seed_only(kind):
    def make(seed):
        return make_start(StartOptions(kind=kind, size=(64, 48)), frame_rng(seed, -1))

    assert make(1).shape == (1, 3, 48, 64) and make(1).dtype == torch.float32
    assert make(1).min() >= 0 and make(1).max() <= 1 and make(1).std() > 0.01
    assert torch.equal(make(1), make(1)) and not torch.equal(make(1), make(2))


def test_start_image_keeps_its_size_made_even_or_is_fitted(tmp_path):
    save(torch.rand(1, 3, 41, 61), tmp_path / "a.png")
    whole = StartOptions(kind="image", path=tmp_path / "a.png")
    assert make_start(whole, frame_rng(0, -1)).shape == (1, 3, 40, 60)
    fitted = StartOptions(kind="image", path=tmp_path / "a.png", size=(32, 18))
    assert make_start(fitted, frame_rng(0, -1)).shape == (1, 3, 18, 32)
    save(torch.rand(1, 3, 5, 61), tmp_path / "b.png")
    with pytest.raises(PresetError, match=r"start.path: .*b.png is 61x5 pixels .*give start.size"):
        make_start(StartOptions(kind="image", path=tmp_path / "b.png"), frame_rng(0, -1))
