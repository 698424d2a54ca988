"""Films dreamed on footage: small clips given as arrays, or written by PyAV alone."""

import threading
from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame
from torch.testing import assert_close

from dreamvid.film.clip import Clip
from dreamvid.film.engine import Frame, frame_rng, render_frames
from dreamvid.film.footage import make_step
from dreamvid.film.job import build
from dreamvid.film.parts import Parts
from dreamvid.film.score import make_scores
from dreamvid.film.timeline import Timeline
from dreamvid.image import from_bytes
from dreamvid.media.footage import footage
from dreamvid.models.weights import store
from dreamvid.motion.flow.estimate import make_estimator
from dreamvid.preset.load import with_settings
from dreamvid.render.work import checkpoint
from dreamvid.render.work.checkpoint import Checkpoint
from tests.support.climb import Climb
from tests.support.flicker import flicker

CPU = torch.device("cpu")
LITE = ("dream.layers=block_5/expand", "dream.octaves=2", "dream.steps=3", "dream.jitter=8")
SQUARE, PACE = 40, 2  # pixels: its side, and its way in a frame


def still_flow(this, other):
    return torch.zeros(*this.shape[:2], 2)


def no_score(moment, image):
    return Climb(torch.sum)


def footage_step(clip, *settings, score_at=None, estimate=still_flow):
    """Make the step of a film on arrays, dreamed by `score_at` or a fake `dream`."""
    preset = with_settings(["start.path=clip.mp4", f"video.frames={len(clip)}", *settings])
    timeline = Timeline(fps=Fraction(8), frames=len(clip))
    parts = Parts(preset, timeline, score_at or no_score, CPU)
    return make_step(parts, lambda n: (clip[n - 1] if n else None, clip[n]), estimate)


def dreamed_on(clip, *settings, score_at=None, estimate=still_flow):
    step = footage_step(clip, *settings, score_at=score_at, estimate=estimate)
    start = Frame(-1, from_bytes(clip[0]))
    return list(render_frames(start, step, count=len(clip)))


def lite(clip, *settings):
    """Make the step of a film dreamed by the embedded network along the estimated flow."""
    preset = with_settings(["start.path=clip.mp4", "video.frames=1", *LITE, *settings])
    score_at = make_scores(preset.dream, store.load("lite0", CPU), CPU)
    estimate = make_estimator("dis", CPU)
    return dreamed_on(clip, *LITE, *settings, score_at=score_at, estimate=estimate)


def moving_square(texture, count, size=(64, 96)):
    """Draw a textured square that moves right over a still textured ground."""
    ground, square = texture(*size, 1) // 2, texture(SQUARE, SQUARE, 2)
    clip = []
    for n in range(count):
        frame = ground.copy()
        frame[12 : 12 + SQUARE, 10 + PACE * n : 10 + PACE * n + SQUARE] = square
        clip.append(frame)
    return clip


def moving_ground(texture, count, size=(64, 96)):
    """Pan over a large image, a pixel right and one down in each frame."""
    large = texture(size[0] + count, size[1] + count, 3)
    return [large[n : n + size[0], n : n + size[1]].copy() for n in range(count)]


def alike(one, two):
    """Correlate two details."""
    one, two = (detail.flatten() - detail.mean() for detail in (one, two))
    return float(one @ two / (one.norm() * two.norm()))


def test_footage_detail_follows_the_flow(texture):
    clip = moving_square(texture, 6)
    frames = lite(clip, "flow.strength=0.5", "dream.same_jitter=false")
    details = [frame.image - from_bytes(source) for frame, source in zip(frames, clip, strict=True)]
    rows = slice(12 + 6, 12 + SQUARE - 6)
    for n in range(2, 6):
        left = 10 + PACE * n
        now = details[n][..., rows, left + 6 : left + SQUARE - 6]
        followed = details[n - 1][..., rows, left - PACE + 6 : left - PACE + SQUARE - 6]
        stayed = details[n - 1][..., rows, left + 6 : left + SQUARE - 6]
        assert alike(now, followed) > 0.6
        assert alike(now, followed) > 2 * alike(now, stayed)


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize(("decay", "strength"), [(0.8, 0.5), (0.0, 0.3), (1.0, 0.0), (0.4, 1.0)])
def test_footage_detail_decays_is_dreamed_and_blended(decay, strength, every, texture, dreams):
    """Check details of still footage against the formula."""
    clip = [texture(32, 48)] * 7
    options = (f"flow.decay={decay}", f"flow.strength={strength}", f"dream.every={every}")
    options += ("motion.sampling=bilinear",)  # copies where nothing moves
    frames = dreamed_on(clip, *options, "dream.same_jitter=false")
    source = from_bytes(clip[0]).double()

    def dream(image, n):
        return (image + torch.rand(image.shape, generator=frame_rng(0, n)).double()) / 2

    base = detail = dream(source, 0) - source
    for n, frame in enumerate(frames):
        if n and n % every == 0:
            dreamed = dream((source + decay * detail).clamp(0, 1), n) - source
            base, detail = detail, (1 - strength) * dreamed + strength * detail
        fade = (n % every + 1) / every
        shown = (source + base + fade * (detail - base)).clamp(0, 1)
        assert_close(frame.image.double(), shown, atol=1e-5, rtol=0)


def test_footage_shot_begins_with_more_steps(texture, dreams):
    dark, light = texture(48, 64, 1) // 4, 192 + texture(48, 64, 2) // 4
    clip = [dark] * 3 + [light] * 3
    dis = make_estimator("dis", CPU)
    dreamed_on(clip, "dream.steps=4", "flow.restart=2.5", estimate=dis)
    assert [ascent.steps for ascent in dreams.asked] == [10, 4, 4, 10, 4, 4]
    dreams.asked.clear()
    dreamed_on(clip, "dream.steps=4", "flow.restart=2.5", "flow.cuts=false", estimate=dis)
    assert [ascent.steps for ascent in dreams.asked] == [10, 4, 4, 4, 4, 4]


@pytest.mark.slow
@pytest.mark.parametrize("every", [1, 2])
def test_footage_cut_leaves_no_ghost(every, texture):
    """Cut at frame 5 of a film dreamed every second frame; it begins anew."""
    before = [frame // 4 for frame in moving_square(texture, 5)]
    after = [192 + frame // 4 for frame in moving_ground(texture, 3)]
    options = ("dream.same_jitter=true", f"dream.every={every}")
    joined, alone = lite(before + after, *options), lite(after, *options)
    assert torch.equal(joined[5].image, alone[0].image)
    assert all(torch.equal(joined[5].memory[k], alone[0].memory[k]) for k in alone[0].memory)
    ghostly = lite(before + after, *options, "flow.cuts=false")
    assert not torch.equal(ghostly[5].image, alone[0].image)


def test_resume_of_footage_is_exact_between_dreams(texture, tmp_path):
    clip = moving_ground(texture, 7, size=(48, 64))
    settings = (*LITE, "dream.every=3", "dream.same_jitter=false")
    score_at = make_scores(
        with_settings(["video.frames=1", *LITE]).dream, store.load("lite0", CPU), CPU
    )

    def step():
        dis = make_estimator("dis", CPU)
        return footage_step(clip, *settings, score_at=score_at, estimate=dis)

    whole = list(render_frames(Frame(-1, from_bytes(clip[0])), step(), count=7))
    checkpoint.save(Checkpoint(whole[4]), tmp_path / "c")
    kept = checkpoint.load(tmp_path / "c", CPU).frame
    resumed = list(render_frames(kept, step(), count=7))
    assert [frame.index for frame in resumed] == [5, 6]
    assert all(torch.equal(a.image, b.image) for a, b in zip(resumed, whole[5:], strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["square", "ground"])
def test_footage_flickers_half_as_much_as_single_frames(kind, texture):
    make = {"square": moving_square, "ground": moving_ground}[kind]
    clip = make(texture, 8)
    dis = make_estimator("dis", CPU)

    def measured(*settings):
        images = [frame.image for frame in lite(clip, *settings)]
        return flicker(images, clip, dis)

    # The flow is not quite what moves: beside the square the clip itself seems to flicker.
    own = flicker([from_bytes(source) for source in clip], clip, dis)
    alone = measured("flow.strength=0", "flow.decay=0", "flow.restart=1", "dream.same_jitter=false")
    followed = measured("dream.same_jitter=true")
    assert followed - own < 0.4 * (alone - own)
    assert followed < 0.55 * alone


def write(path, count, size=(48, 64)):
    """Write a clip whose frame n is flat, 8 + 10n."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8, width=size[1], height=size[0])
        stream.pix_fmt, stream.codec_context.options = "yuv420p", {"g": "4"}
        for n in range(count):
            flat = np.full((*size, 3), 8 + 10 * n, np.uint8)
            container.mux(stream.encode(VideoFrame.from_ndarray(flat, "rgb24")))
        container.mux(stream.encode(None))
    return path


def number(pixels):
    return None if pixels is None else round((float(pixels.mean()) - 8) / 10)


def decoders():
    return [thread for thread in threading.enumerate() if thread.name == "footage"]


@pytest.mark.parametrize(
    "asked", [[0, 1, 2, 3], [5, 6, 7], [0, 1, 7, 2, 3], [3, 3, 0, 0], [7, 6, 5]]
)
def test_clip_gives_pairs_from_any_start(asked, tmp_path):
    path = write(tmp_path / "clip.mp4", 8)
    with closing(Clip(path, fps=Fraction(8), size=(48, 64))) as clip:
        pairs = [clip.pair(index) for index in asked]
    wanted = [(index - 1 if index else None, index) for index in asked]
    assert [(number(old), number(new)) for old, new in pairs] == wanted


def test_clip_is_opened_once_when_it_is_read_in_order(tmp_path, monkeypatch):
    path, opened = write(tmp_path / "clip.mp4", 8), []

    def read_footage(*args, **options):
        opened.append(options["first"])
        return footage.read_footage(*args, **options)

    monkeypatch.setattr("dreamvid.film.clip.read_footage", read_footage)
    with closing(Clip(path, fps=Fraction(8), size=(48, 64))) as clip:
        for index in range(8):
            clip.pair(index)
    assert opened == [0]


def test_clip_ends_its_thread(tmp_path):
    path = write(tmp_path / "clip.mp4", 8)
    with closing(Clip(path, fps=Fraction(8), size=(48, 64))) as clip:
        clip.pair(0)
        assert len(decoders()) == 1
        clip.pair(5)
        assert len(decoders()) == 1
    assert not decoders()


def test_footage_job_reads_its_file(tmp_path):
    path = write(tmp_path / "clip.mp4", 5)
    quick = ("dream.octaves=1", "dream.steps=1", "dream.jitter=0", "flow.restart=1")
    job = build(with_settings([f"start.path={path}", "dream.layers=stem", *quick]), CPU)
    with job.steps({}) as step:
        frames = list(render_frames(job.start, step, count=job.preset.video.count))
    assert not decoders()
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert frames[0].image.shape == (1, 3, 48, 64)
    for n, frame in enumerate(frames):  # a step changes a pixel by 1.5 / 255 on average
        assert float(frame.image.mean()) * 255 == pytest.approx(8 + 10 * n, abs=4)
