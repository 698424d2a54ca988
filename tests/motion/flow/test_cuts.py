"""Cut detection between real shots, and in pans, flashes, fades and dissolves."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from dreamvid.image import fit, to_bytes
from dreamvid.media.footage.footage import read_footage
from dreamvid.media.images.reading import load
from dreamvid.motion.flow.cuts import is_cut
from dreamvid.motion.flow.estimate import make_estimator
from dreamvid.motion.flow.reliability import reliable

CLIPS = {"driving_highway_solidWhiteRight.mp4": 25, "flower_cc0.mp4": Fraction(30000, 1001)}
SMALL, LARGE = (90, 160), (270, 480)
SIZES = [SMALL, pytest.param(LARGE, marks=pytest.mark.slow)]
ESTIMATE = make_estimator("dis", torch.device("cpu"))


def cut(old, new):
    return is_cut(old, new, reliable(ESTIMATE(new, old), ESTIMATE(old, new)))


def cuts(frames):
    return [number for number, (old, new) in enumerate(pairwise(frames), 1) if cut(old, new)]


def photo(shared, name, size):
    return to_bytes(fit(load(shared / "samples" / name, option=""), size))


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_cut_is_found_only_where_two_films_are_joined(size, shared):
    clips = [
        list(read_footage(shared / "samples" / name, fps=Fraction(fps), size=size))
        for name, fps in CLIPS.items()
    ]
    assert cuts(clips[0] + clips[1]) == [len(clips[0])]
    assert cut(clips[1][-1], clips[0][0])


@pytest.mark.parametrize("size", SIZES)
def test_cut_is_found_at_its_frame(size, shared):
    joined = []
    for name, fps in CLIPS.items():
        frames = read_footage(shared / "samples" / name, fps=Fraction(fps), size=size, first=20)
        joined += [next(frames) for _ in range(5)]
        frames.close()
    assert cuts(joined) == [5]


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_cut_between_any_two_photos(size, shared):
    names = sorted(path.name for path in (shared / "samples").glob("*.jpg"))
    assert len(names) > 8
    photos = [photo(shared, name, size) for name in names]
    missed = [
        (names[i], names[j])
        for i, old in enumerate(photos)
        for j, new in enumerate(photos)
        if i != j and not cut(old, new)
    ]
    assert not missed


PHOTOS = ["moraine_lake.jpg", "city_london_rain.jpg", "gaudi_dragon_park_guell.jpg"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PHOTOS)
def test_pan_flash_and_fade_are_no_cuts(name, size, shared):
    wide = photo(shared, name, (size[0], size[1] * 3 // 2))
    still = np.ascontiguousarray(wide[:, : size[1]])
    for share in (0.05, 0.1, 0.15):  # of the width, in one frame
        start = int(share * size[1])
        assert not cut(still, np.ascontiguousarray(wide[:, start : start + size[1]])), share
    flash = (still * 1.3).clip(0, 255).astype(np.uint8)
    assert not cut(still, flash) and not cut(flash, still)
    fade = [(still * (n / 12)).astype(np.uint8) for n in range(13)]
    assert cuts(fade) == cuts(fade[::-1]) == []


@pytest.mark.parametrize("size", SIZES)
def test_dissolve_is_no_cut(size, shared):
    one, two = (photo(shared, name, size).astype(float) for name in PHOTOS[:2])
    assert cuts([(one + (two - one) * n / 12).astype(np.uint8) for n in range(13)]) == []


def test_cuts_of_small_and_flat_frames():
    black, white = (np.full((16, 16, 3), level, np.uint8) for level in (0, 255))
    assert not cut(black, black) and not cut(white, white)
    grey = np.full_like(black, 15)
    assert not cut(black, grey)
