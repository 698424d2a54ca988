"""Animated WebP, AVIF and PNG as read by Pillow, whose decoders are independent of libav."""

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


def film_of(frames, fps=Fraction(24)):
    def read():
        yield from frames

    return Pictures(read=read, size=frames[0].shape[:2], fps=fps, count=len(frames))


@pytest.fixture
def moving(texture):
    whole = texture(60, 80)
    return [whole[n : n + 48, n : n + 64].copy() for n in range(9)]


def decoded(path):
    """(RGB, milliseconds) of each frame."""
    with PilImage.open(path) as file:
        return [
            (np.asarray(frame.convert("RGB")), frame.info["duration"])
            for frame in ImageSequence.Iterator(file)
        ]


@pytest.mark.parametrize("kind", ["webp", "apng"])
def test_animation_lossless_keeps_pixels(kind, moving, tmp_path):
    write_animation(film_of(moving), tmp_path / "a", kind, quality=100)
    frames = decoded(tmp_path / "a")
    assert len(frames) == len(moving)
    for (image, _), frame in zip(frames, moving, strict=True):
        np.testing.assert_array_equal(image, frame)


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_animation_colours_stay_within_two_levels(kind, tmp_path):
    flat = [np.full((48, 64, 3), colour, np.uint8) for colour in COLOURS]
    write_animation(film_of(flat), tmp_path / "a", kind, quality=90)
    for (image, _), frame in zip(decoded(tmp_path / "a"), flat, strict=True):
        assert np.abs(image.astype(int) - frame).max() <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fps", [Fraction(24), Fraction(30000, 1001), Fraction(10)])
def test_animation_keeps_the_duration(kind, fps, moving, tmp_path):
    write_animation(film_of(moving, fps), tmp_path / "a", kind)
    lengths = [milliseconds for _, milliseconds in decoded(tmp_path / "a")]
    assert len(lengths) == len(moving)
    assert abs(sum(lengths) - 1000 * len(moving) / fps) <= len(moving) / 2
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize("kind", ["webp", "avif"])
def test_animation_quality_shrinks_the_file(kind, moving, tmp_path):
    sizes = []
    for quality in (95, 70, 40, 10):
        write_animation(film_of(moving), tmp_path / "a", kind, quality=quality)
        sizes.append((tmp_path / "a").stat().st_size)
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 4


@pytest.mark.parametrize("kind", KINDS)
def test_animation_is_deterministic(kind, moving, tmp_path):
    for name in "ab":
        write_animation(film_of(moving), tmp_path / name, kind)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("kind", ["webp", "apng"])
def test_animation_loops_forever(kind, moving, tmp_path):
    write_animation(film_of(moving), tmp_path / "a", kind)
    with PilImage.open(tmp_path / "a") as file:
        assert file.info["loop"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_animation_of_a_failing_reader_leaves_nothing(kind, moving, tmp_path):
    def read():
        yield moving[0]
        raise OutputError("gone")

    film = Pictures(read=read, size=(48, 64), fps=Fraction(24), count=9)
    with pytest.raises(OutputError, match="gone"):
        write_animation(film, tmp_path / "a", kind)
    assert not list(tmp_path.iterdir())


def test_gif_of_any_film(moving, tmp_path):
    write_gif(film_of(moving, Fraction(10)), tmp_path / "a.gif")
    frames = decoded(tmp_path / "a.gif")
    assert [milliseconds for _, milliseconds in frames] == [100] * len(moving)
    for (image, _), frame in zip(frames, moving, strict=True):
        assert np.abs(image.astype(int) - frame).mean() < 8


def test_gif_with_fewer_colours_is_smaller(moving, tmp_path):
    sizes = []
    for colours in (256, 64, 16):
        write_gif(film_of(moving), tmp_path / "a.gif", colours=colours)
        sizes.append((tmp_path / "a.gif").stat().st_size)
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3
