"""Player: what cannot be begun leaves the film before as it was."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch

from dreamvid.errors import VideoError
from dreamvid.preset.load import check
from dreamvid.studio.session import player
from tests.studio.session.conftest import CPU


@pytest.mark.parametrize("restart", [True, False])
def test_a_film_that_cannot_begin_leaves_the_one_before(table, rendered, monkeypatch, restart):
    small = table("motion.zoom=1.5")
    ours, build = player.Player(CPU), player.build
    ours.load(check(small), restart=True)
    frames = [ours.advance() for _ in range(3)]

    @contextmanager
    def steps(lead):
        raise VideoError("clip.mp4: cannot be read")
        yield

    with monkeypatch.context() as patch:
        broken = lambda *given, **options: replace(build(*given, **options), steps=steps)
        patch.setattr(player, "build", broken)
        with pytest.raises(VideoError):
            ours.load(check(table("motion.zoom=2")), restart=restart)
    frames += [ours.advance() for _ in range(3)]
    ours.close()
    for ours_, whole in zip(frames, rendered(small), strict=False):
        assert ours_.index == whole.index and torch.equal(ours_.image, whole.image)
