"""Masked films: masks fixed to the frame, from files, or of motion."""

from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame
from PIL import Image as PilImage

from dreamvid.errors import PresetError
from dreamvid.film.engine import Frame, render_frames
from dreamvid.film.footage import make_step
from dreamvid.film.job import build
from dreamvid.film.masking import make_masking
from dreamvid.film.parts import Parts
from dreamvid.film.timeline import Timeline
from dreamvid.image import from_bytes
from dreamvid.preset.load import with_settings
from dreamvid.render.work import checkpoint
from dreamvid.render.work.checkpoint import Checkpoint
from tests.support.climb import Climb

CPU = torch.device("cpu")
# A pixel to the right in each frame; bilinear sampling copies it.
COPIED = "motion.sampling=bilinear"
EXACT = ("motion.shift=[0.125, 0]", "motion.border=wrap", COPIED)
LEFT = "dream.mask={shape='left', size=0.5, feather=0}"
HALF = slice(32, None)  # the columns that are not dreamed


def mattes(folder, count, size=(40, 64)):
    """Write masks: frame n is light in columns 4n to 4n + 8."""
    folder.mkdir()
    for n in range(count):
        pixels = np.zeros(size, np.uint8)
        pixels[:, 4 * n : 4 * n + 8] = 255
        PilImage.fromarray(pixels).save(folder / f"{n}.png")
    return folder


def test_mask_is_fixed_to_the_frame(film, dreams):
    start, frames = film(*EXACT, LEFT, "video.frames=4")
    assert torch.equal(frames[0].image[..., HALF], start[..., HALF])
    for n in range(1, 4):
        earlier = frames[n - 1].image.roll(1, -1)
        assert torch.allclose(frames[n].image[..., HALF], earlier[..., HALF], atol=1e-5)
        assert float((frames[n].image - earlier)[..., :32].abs().mean()) > 0.05


def test_mask_does_not_limit_the_border_dream(film, dreams):
    """Fake dream: extra steps give grey of 0.25, the usual ones change nothing."""
    dreams.act = lambda image, ascent, rng: (
        torch.full_like(image, 0.25) if ascent.steps == 5 else image
    )
    filled = ("motion.border=dream", "motion.border_steps=5", LEFT)
    _, frames = film("motion.shift=[0, 0.4]", *filled, "video.frames=2")
    assert torch.allclose(frames[1].image[..., :2, :], torch.tensor(0.25), atol=1e-5)


def test_mask_files_one_for_each_frame(film, dreams, tmp_path):
    folder = mattes(tmp_path / "mattes", 4)
    start, frames = film(f"dream.mask={folder}", "video.frames=4")
    before = start
    for n, frame in enumerate(frames):
        changed = (frame.image != before).any(1)[0].any(0)
        assert changed.nonzero()[:, 0].tolist() == list(range(4 * n, 4 * n + 8))
        before = frame.image


def test_mask_files_of_a_loops_lead_in(film, dreams, tmp_path):
    folder = mattes(tmp_path / "mattes", 8)
    loop = ("loop.kind=endless", "loop.seconds=0.25", "loop.warm_up=0.25", "video.frames=8")
    _, frames = film(f"dream.mask={folder}", *loop)
    assert [frame.index for frame in frames] == list(range(8))


def flowing(speed):
    """Make a flow of some pixels in the left half, none in the right one."""

    def estimate(this, other):
        flow = torch.zeros(*this.shape[:2], 2)
        flow[:, : this.shape[1] // 2, 1] = speed
        return flow

    return estimate


def footage_step(clip, *settings, estimate):
    frames = f"video.frames={len(clip)}"
    preset = with_settings(["start.path=clip.mp4", frames, COPIED, *settings])
    timeline = Timeline(fps=Fraction(8), frames=len(clip))
    masking = make_masking(preset.dream.mask, clip[0].shape[:2], timeline, CPU)
    parts = Parts(preset, timeline, lambda moment, image: Climb(torch.sum), CPU, masking)
    return make_step(parts, lambda n: (clip[n - 1] if n else None, clip[n]), estimate)


def dreamed_on(clip, *settings, estimate):
    step = footage_step(clip, *settings, estimate=estimate)
    return list(render_frames(Frame(-1, from_bytes(clip[0])), step, count=len(clip)))


def test_motion_mask_dreams_moving_pixels_only(texture, dreams):
    clip = [texture(32, 48)] * 4
    moves = "dream.mask={motion=true, speed=0.4, feather=0}"  # 1.6 pixels a frame
    frames = dreamed_on(clip, moves, "flow.cuts=false", estimate=flowing(2.0))
    assert torch.equal(frames[0].image, from_bytes(clip[0]))  # nothing has moved yet
    for frame in frames[1:]:
        assert torch.equal(frame.image[..., 24:], from_bytes(clip[0])[..., 24:])
        assert float((frame.image - from_bytes(clip[0]))[..., :23].abs().mean()) > 0.02
    slow = dreamed_on(clip, moves, "flow.cuts=false", estimate=flowing(0.7))
    assert all(torch.equal(frame.image, from_bytes(clip[0])) for frame in slow)


def test_motion_mask_dream_left_behind_decays(texture, dreams, tmp_path):
    """Mask frame 0 only; its dream is not blended in afterwards."""
    clip = [texture(32, 48)] * 4
    (tmp_path / "m").mkdir()
    for n in range(4):
        light = np.full((32, 48), 0 if n else 255, np.uint8)
        PilImage.fromarray(light).save(tmp_path / "m" / f"{n}.png")
    settings = (f"dream.mask={tmp_path / 'm'}", "flow.decay=0.5")
    frames = dreamed_on(clip, *settings, estimate=flowing(0.0))
    first = frames[0].memory["detail"]
    assert float(first.abs().mean()) > 0.05
    for n, frame in enumerate(frames):
        torch.testing.assert_close(frame.memory["detail"], first * 0.5**n, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mask", ["folder", "{motion=true, speed=0.3}", "{shape='sky', size='p'}"])
def test_resume_of_a_masked_film_is_exact(mask, texture, tmp_path, dreams):
    if mask == "folder":
        mask = mattes(tmp_path / "mattes", 7, size=(32, 48))
    clip = [texture(32, 48, seed) for seed in (1, 1, 2, 2, 1, 1, 2)]
    settings = (f"dream.mask={mask}", "dream.every=2", "dream.same_jitter=false", "flow.cuts=false")
    step = footage_step(clip, *settings, estimate=flowing(2.0))
    whole = list(render_frames(Frame(-1, from_bytes(clip[0])), step, count=7))
    assert not torch.equal(whole[6].image, from_bytes(clip[6]))
    checkpoint.save(Checkpoint(whole[3]), tmp_path / "c")
    again = footage_step(clip, *settings, estimate=flowing(2.0))
    resumed = list(render_frames(checkpoint.load(tmp_path / "c", CPU).frame, again, count=7))
    assert [frame.index for frame in resumed] == [4, 5, 6]
    assert all(torch.equal(a.image, b.image) for a, b in zip(resumed, whole[4:], strict=True))


def write(path, pictures):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8, width=64, height=48)
        stream.pix_fmt, stream.codec_context.options = "yuv420p", {"g": "4", "crf": "1"}
        for picture in pictures:
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("every", [1, 3])
def test_mask_film_over_footage(every, texture, tmp_path, dreams):
    """Mask frame n from column 8n on; dreamed frames are half noise there."""
    matte = np.zeros((6, 48, 64, 3), np.uint8)
    for n in range(6):
        matte[n, :, 8 * n :] = 255
    write(tmp_path / "matte.mp4", matte)
    write(tmp_path / "clip.mp4", [texture(48, 64)] * 6)
    settings = (f"start.path={tmp_path}/clip.mp4", f"dream.mask={tmp_path}/matte.mp4")
    job = build(with_settings([*settings, f"dream.every={every}", "flow.decay=0"]), CPU)
    with job.steps({}) as step:
        frames = list(render_frames(job.start, step, count=6))
    for n, frame in enumerate(frames):
        if n % every == 0:
            detail = frame.memory["detail"].abs().mean((0, 1, 2))
            assert float(detail[8 * n + 2 :].mean()) > 0.05
            assert float(detail[: max(0, 8 * n - 2)].sum()) < 0.1
    with pytest.raises(PresetError, match=r"dream.mask: .*matte.mp4 has 6 frames .* 7"):
        build(with_settings(["video.frames=7", "video.fps=8", settings[1]]), CPU)


def test_motion_mask_needs_footage():
    with pytest.raises(PresetError, match=r"dream.mask: motion is for footage"):
        with_settings(["video.frames=2", "dream.mask=motion"])
