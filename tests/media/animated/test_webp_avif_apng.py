"""Animated WebP, AVIF and PNG against Pillow, which has decoders of its own."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.errors import OutputError
from dreamvid.media.animated.gif import write_gif
from dreamvid.media.animated.webp_avif_apng import KINDS, write_animation
from dreamvid.media.clip import Pictures

COLOURS = ((255, 0, 0), (0, 255, 0), (255, 0, 255), (40, 40, 40), (120, 60, 200))


def pictures(frames, fps=Fraction(24)):
    def read():
        yield from frames

    return Pictures(read=read, size=frames[0].shape[:2], fps=fps, count=len(frames))


@pytest.fixture
def moving(texture):
    whole = texture(60, 80)
    return [whole[n : n + 48, n : n + 64].copy() for n in range(9)]


def shown(path):
    """(RGB, milliseconds) of each picture."""
    with PilImage.open(path) as file:
        return [
            (np.asarray(one.convert("RGB")), one.info["duration"])
            for one in ImageSequence.Iterator(file)
        ]


@pytest.mark.parametrize("kind", ["webp", "apng"])
def test_every_pixel_can_be_kept(kind, moving, tmp_path):
    write_animation(pictures(moving), tmp_path / "a", kind, quality=100)
    found = shown(tmp_path / "a")
    assert len(found) == len(moving)
    for (picture, _), frame in zip(found, moving, strict=True):
        np.testing.assert_array_equal(picture, frame)


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_flat_colours_stay_within_two_levels(kind, tmp_path):
    flat = [np.full((48, 64, 3), colour, np.uint8) for colour in COLOURS]
    write_animation(pictures(flat), tmp_path / "a", kind, quality=90)
    for (picture, _), frame in zip(shown(tmp_path / "a"), flat, strict=True):
        assert np.abs(picture.astype(int) - frame).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(10)])
def test_the_film_lasts_as_long_as_it_does(kind, fps, moving, tmp_path):
    write_animation(pictures(moving, fps), tmp_path / "a", kind)
    lengths = [milliseconds for _, milliseconds in shown(tmp_path / "a")]
    assert len(lengths) == len(moving)
    assert abs(sum(lengths) - 1000 * len(moving) / fps) <= len(moving) / 2
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_less_quality_is_a_smaller_file(kind, moving, tmp_path):
    sizes = []
    for quality in (95, 70, 40, 10):
        write_animation(pictures(moving), tmp_path / "a", kind, quality=quality)
        sizes.append((tmp_path / "a").stat().st_size)
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pictures_give_the_same_bytes(kind, moving, tmp_path):
    for name in "ab":
        write_animation(pictures(moving), tmp_path / name, kind)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("kind", ["webp", "apng"])
def test_it_loops_for_ever(kind, moving, tmp_path):
    write_animation(pictures(moving), tmp_path / "a", kind)
    with PilImage.open(tmp_path / "a") as file:
        assert file.info["loop"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_that_fails_leaves_nothing(kind, moving, tmp_path):
    def read():
        yield moving[0]
        raise OutputError("gone")

    film = Pictures(read=read, size=(48, 64), fps=Fraction(24), count=9)
    with pytest.raises(OutputError, match="gone"):
        write_animation(film, tmp_path / "a", kind)
    assert not list(tmp_path.iterdir())


def test_a_gif_of_any_pictures(moving, tmp_path):
    write_gif(pictures(moving, Fraction(10)), tmp_path / "a.gif")
    found = shown(tmp_path / "a.gif")
    assert [milliseconds for _, milliseconds in found] == [100] * len(moving)
    for (picture, _), frame in zip(found, moving, strict=True):
        assert np.abs(picture.astype(int) - frame).mean() < 8


def test_fewer_colours_are_a_smaller_gif(moving, tmp_path):
    sizes = []
    for colours in (256, 64, 16):
        write_gif(pictures(moving), tmp_path / "a.gif", colours=colours)
        sizes.append((tmp_path / "a.gif").stat().st_size)
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3
