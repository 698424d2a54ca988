"""Footage: what was dreamed follows what moves."""

import threading
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from dreamvid.engine import Frame, frame_rng, render_frames
from dreamvid.film.clip import Clip
from dreamvid.film.footage import make_step
from dreamvid.film.parts import Parts
from dreamvid.flow.estimate import make_estimator
from dreamvid.flow.metric import flicker
from dreamvid.image import from_bytes
from dreamvid.models import store
from dreamvid.preset import with_settings
from dreamvid.scores import make_scores
from dreamvid.timeline import Timeline
from dreamvid.video.colour import to_yuv
from dreamvid.video.writer import Encoding, encode

CPU = torch.device("cpu")


def parts_of(*settings):
    base = ["start.kind=video", "dream.octaves=1", "dream.layers=block_5/expand"]
    preset = with_settings([*base, "dream.same_jitter=true", "dream.jitter=4", *settings])
    score_at = make_scores(preset.dream, store.load("lite0", CPU), CPU)
    return Parts(preset, Timeline(fps=Fraction(24), frames=100), score_at, CPU)


def dreamed(parts, sources, *, start=None, estimate=None):
    """The frames of a film on these sources; start: one of its frames, to go on from it."""
    height, width = sources[0].shape[:2]
    still = lambda this, other: torch.zeros(*this.shape[:2], 2)
    step = make_step(
        parts,
        lambda n: (sources[n - 1] if n else None, sources[n]),
        estimate or still,
    )
    begin = start or Frame(-1, torch.zeros(1, 3, height, width))
    return list(render_frames(begin, step, count=len(sources)))


@pytest.fixture
def walk(texture):
    """A textured square that walks over a texture, two pixels a frame to the right."""
    ground, square = texture(64, 96, 1), texture(24, 24, 2)

    def at(number: int) -> np.ndarray:
        frame = ground.copy()
        frame[20:44, 10 + 2 * number : 34 + 2 * number] = square
        return frame

    return [at(n) for n in range(10)]


@pytest.mark.parametrize("every", [1, 3])
def test_detail_is_carried_weakened_dreamed_on_and_steadied(every, dreams, texture):
    dreams.act = lambda image, ascent, rng: image + 0.01 * ascent.steps
    sources = [texture(16, 24)] * 7
    options = (f"dream.every={every}", "dream.steps=2", "flow.restart=3", "flow.cuts=false")
    parts = parts_of(*options, "flow.strength=0.25", "flow.decay=0.5")
    frames = dreamed(parts, sources)
    source = from_bytes(sources[0])
    reliable = 1.0  # a still picture is
    detail = base = 0.06  # three times two steps
    for frame in frames:
        fade = 1.0
        if frame.index and frame.index % every == 0:
            base, fresh = detail, 0.5 * detail + 0.02
            detail = fresh + 0.25 * reliable * (detail - fresh)
        if frame.index:
            fade = (frame.index % every + 1) / every
        expected = source + base + fade * (detail - base)
        inner = (..., slice(3, -3), slice(3, -3))  # borders are never reliable
        assert_close(frame.image[inner], expected.clamp(0, 1)[inner], atol=1e-5, rtol=0)
    asked = [ascent.steps for ascent in dreams.asked]
    assert asked == [6] + [2] * (len(asked) - 1) and len(asked) == 1 + 6 // every


def test_a_cut_leaves_nothing_of_the_shot_before(texture):
    before = [np.roll(texture(64, 96, 1) // 3, n, 1) for n in range(3)]
    after = [np.roll(170 + texture(64, 96, 5) // 3, n, 1) for n in range(3)]
    estimate = make_estimator("dis", CPU)
    parts = parts_of("dream.steps=2")
    joined = dreamed(parts, [*before, *after], estimate=estimate)
    alone = dreamed(parts, after, estimate=estimate)
    for found, expected in zip(joined[3:], alone, strict=True):
        assert torch.equal(found.image, expected.image)


def test_detail_follows_what_moves(walk):
    frames = dreamed(parts_of("dream.steps=3"), walk, estimate=make_estimator("dis", CPU))
    detail = [f.image - from_bytes(s) for f, s in zip(frames, walk, strict=True)]
    rows = slice(24, 40)

    def alike(shift):
        """Of the square's detail in a frame and in the one before, so many pixels to the left."""
        pairs = [
            (
                detail[n][..., rows, 14 + 2 * n : 30 + 2 * n].flatten(),
                detail[n - 1][..., rows, 14 + 2 * n - shift : 30 + 2 * n - shift].flatten(),
            )
            for n in range(3, 10)
        ]
        return np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs])

    assert alike(2) > 0.85
    assert alike(2) > alike(0) + 0.2


def test_flicker_is_half_of_independent_dreamings_at_most(walk):
    estimate = make_estimator("dis", CPU)
    ours = dreamed(parts_of("dream.steps=3"), walk, estimate=estimate)
    alone = ("flow.strength=0", "flow.decay=0", "flow.restart=1", "dream.same_jitter=false")
    independent = dreamed(parts_of("dream.steps=3", *alone), walk, estimate=estimate)

    def of(frames):
        return flicker([frame.image for frame in frames], walk, estimate)

    assert of(ours) < 0.5 * of(independent)
    assert not torch.equal(frame_rng(0, 1).get_state(), frame_rng(0, 2).get_state())


def test_resuming_between_two_dreams_is_exact(walk):
    parts = parts_of("dream.every=4", "dream.steps=2")
    estimate = make_estimator("dis", CPU)
    whole = dreamed(parts, walk, estimate=estimate)
    rest = dreamed(parts, walk, start=whole[5], estimate=estimate)
    assert [frame.index for frame in rest] == [6, 7, 8, 9]
    assert torch.equal(rest[-1].image, whole[-1].image)


def test_a_clip_is_read_in_order_and_from_anywhere(walk, tmp_path):
    path = tmp_path / "walk.mp4"
    encoding = Encoding(size=(64, 96), fps=Fraction(24), crf=0)
    encode([to_yuv(from_bytes(frame)) for frame in walk], path, encoding)
    clip = Clip(path, fps=Fraction(24), size=(64, 96))
    before = threading.active_count()

    def close_to(number, frame):
        return np.abs(walk[number].astype(int) - frame).mean() < 4

    assert clip.pair(0)[0] is None
    for number in (1, 2, 7, 8, 3):
        old, new = clip.pair(number)
        assert old is not None and close_to(number - 1, old) and close_to(number, new)
    clip.close()
    assert threading.active_count() == before
