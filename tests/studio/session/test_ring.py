"""Ring: the latest frames, bounded in bytes."""

import torch

from dreamvid.film.engine import Frame
from dreamvid.studio.session.ring import Ring, size_of

BYTES = 3 * 32 * 32 * 4


def frame(index):
    image = torch.full((1, 3, 32, 32), index / 1e4)
    return Frame(index, image, {"dreamed": image, "base": image.clone()})


def test_a_ring_keeps_the_latest_frames_in_bounded_memory():
    ring = Ring(capacity=50 * 2 * BYTES)
    for index in range(3000):
        ring.add(frame(index))
    assert (ring.first, ring.last) == (2950, 2999)
    held = [one for index in range(3000) if (one := ring.get(index))]
    assert sum(map(size_of, held)) == 50 * 2 * BYTES  # an image that is held twice counts once
    assert [one.index for one in held] == list(range(2950, 3000))
    assert float(held[20].image[0, 0, 0, 0]) == torch.tensor(0.297)


def test_a_branch_replaces_later_frames():
    ring = Ring(capacity=50 * 2 * BYTES)
    for index in range(10):
        ring.add(frame(index))
    ring.add(frame(4))
    assert (ring.first, ring.last) == (0, 4)
    for index in range(5, 200):
        ring.add(frame(index))
    assert (ring.first, ring.last) == (150, 199)  # what was dropped is not counted any more


def test_a_frame_larger_than_the_ring_is_kept_alone():
    ring = Ring(capacity=10)
    ring.add(frame(0))
    ring.add(frame(1))
    assert (ring.first, ring.last) == (1, 1)
