"""Looping films, 64x40 at 8 frames a second."""

from itertools import pairwise
from pathlib import Path

import av
import jaxtyping
import pytest
import torch
from PIL import Image as PilImage
from PIL import ImageSequence
from torch.testing import assert_close

from dreamvid.errors import PresetError, ResumeError
from dreamvid.film.closing_loops import Closing, blended_share, growing_disc, share_of_step
from dreamvid.film.engine import render_frames
from dreamvid.film.job import build
from dreamvid.preset.load import with_settings
from dreamvid.render.render import render_film
from dreamvid.render.work.lead_frames import LeadFiles

CPU = torch.device("cpu")
TINY = (
    "start.size=64x40",
    "video.fps=8",
    "dream.octaves=1",
    "dream.steps=2",
    "dream.jitter=8",
    "dream.layers=block_5/expand",
    "loop.warm_up=1",
)
WAYS = {
    "in": ("motion.zoom=1.5",),
    "out": ("motion.zoom=0.67",),
    "turn": ("motion.turn=45",),
    "wander": ('motion.shift=["0.1*cos(tau*frame/frames)", "0.1*sin(tau*frame/frames)"]',),
}


def distance(one, two):
    return float((one - two).abs().mean())


def one_more(*settings):
    """Render all frames of a loop, and the one after its last, fully blended."""
    job = build(with_settings([*TINY, *settings]), CPU)
    count, leads = job.preset.video.count, {}
    with job.steps(leads) as step:
        frames = []
        for frame in render_frames(job.start, step, count=count):
            if frame.index == 0:
                begun = frame.image if job.preset.loop.kind == "cross-fade" else None
                leads[0] = frame.memory["dreamed"] if begun is None else begun
            frames.append(frame)
        return [frame for frame in frames if frame.index >= 0], step(frames[-1])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["endless", "cross-fade"])
def test_loop_continues_from_last_frame_to_first(kind, way):
    looped = (f"loop.kind={kind}", "loop.seconds=1", "video.frames=20")
    frames, after = one_more(*looped, *WAYS[way])
    assert after.index == 20 and distance(frames[0].image, frames[10].image) > 0.05
    assert_close(after.image, frames[0].image, atol=1e-5, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["endless", "cross-fade"])
def test_loop_seam_is_no_larger_than_other_steps(kind, way, film):
    looped = (f"loop.kind={kind}", "loop.seconds=2", "loop.warm_up=1", "video.frames=40")
    _, frames = film(*looped, *WAYS[way])
    images = [frame.image for frame in frames]
    within = max(distance(old, new) for old, new in pairwise(images))
    assert distance(images[-1], images[0]) <= 1.1 * within
    _, straight = film("video.frames=40", *WAYS[way])
    assert distance(straight[-1].image, straight[0].image) > 1.3 * within


def test_loop_seam_of_a_film_dreamed_every_second_frame(film):
    looped = ("loop.kind=endless", "loop.seconds=2", "loop.warm_up=1", "video.frames=40")
    _, frames = film(*looped, "motion.zoom=1.5", "dream.every=2")
    images = [frame.image for frame in frames]
    within = max(distance(old, new) for old, new in pairwise(images))
    assert distance(images[-1], images[0]) <= 1.1 * within


def test_loop_cross_fade_dissolves_end_into_beginning(film, dreams):
    """Move by a pixel a frame without dreaming, so that the lead-in is known."""
    dreams.act = lambda image, ascent, rng: image
    still = (
        "motion.shift=[0.125, 0]",
        "motion.border=wrap",
        "motion.sampling=bilinear",  # copies whole pixels
        "video.frames=10",
        "dream.step_size=1e-9",
    )
    start, frames = film("loop.kind=cross-fade", "loop.seconds=0.5", "loop.warm_up=0.25", *still)
    # Six frames come before frame 0, four of them in the overlap; frame n is moved n + 6.
    for n, frame in enumerate(frames):
        share = max(0, (n - 5) / 5)
        smooth = share * share * (3 - 2 * share)
        end, begin = start.roll(n + 6, -1), start.roll(n - 10 + 6, -1)
        assert_close(frame.image, (1 - smooth) * end + smooth * begin, atol=2e-5, rtol=0)


@pytest.mark.parametrize("inwards", [True, False])
def test_loop_disc_grows_from_nothing_to_everything(inwards, image):
    discs = [growing_disc(image, share / 20, inwards=inwards) for share in range(21)]
    assert not discs[0].any() and bool((discs[-1] == 1).all())
    for smaller, larger in pairwise(discs):
        assert bool((larger >= smaller).all())
    middle, corner = discs[10][0, 0, 18, 24], discs[10][0, 0, 0, 0]
    assert (middle > corner) if inwards else (corner > middle)


@pytest.mark.parametrize("overlap", [1, 4, 24])
def test_loop_blend_per_frame_adds_up_to_a_smooth_curve(overlap):
    left = 1.0
    for number in range(overlap + 1):
        share = blended_share(number, overlap)
        left *= 1 - share_of_step(share, overlap)
        assert 1 - left == pytest.approx(3 * share**2 - 2 * share**3, abs=1e-12)
    assert left == 0


def test_loop_keeps_only_the_last_lead_frames(image):
    leads = {}
    closing = Closing("endless", overlap=3, count=20, lead_in=leads)
    for index in range(-6, 17):
        assert torch.equal(closing.blend(index, image), image)
        assert torch.equal(closing.shown(index, image), image)
    assert sorted(leads) == [-3, -2, -1]


def test_loop_lead_frames_are_read_by_another_run(image, tmp_path):
    LeadFiles(tmp_path)[-2] = image
    LeadFiles(tmp_path)[-17] = 1 - image
    found = LeadFiles(tmp_path)
    assert sorted(found) == [-17, -2] and len(found) == 2
    assert_close(found[-2], image, atol=2**-11, rtol=0)  # what halves between 0.5 and 1 round by
    assert_close(found[-17], 1 - image, atol=2**-11, rtol=0)
    del found[-2]
    assert sorted(LeadFiles(tmp_path)) == [-17]


@pytest.mark.parametrize("size", [0, 60, 500])
def test_loop_lead_frame_damaged_is_one_line_with_the_cure(size, image, tmp_path):
    leads = LeadFiles(tmp_path)
    leads[-2] = image
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(ResumeError, match=r"damaged or gone; the same command") as error:
        leads[-2]
    assert "\n" not in str(error.value)
    with pytest.raises(ResumeError, match=r"lead000003.safetensors is damaged or gone"):
        leads[-3]


def test_loop_lead_frames_swapped_are_noticed(image, tmp_path):
    leads = LeadFiles(tmp_path)
    leads[-2], leads[-1] = image, image
    assert leads.damaged((-2, -1)) is None
    one, other = sorted(tmp_path.iterdir())
    one.replace(other)
    assert leads.damaged((-2, -1)) == other


def test_loop_longer_than_its_film_is_one_line():
    looped = (*TINY, "loop.kind=endless", "video.frames=8")
    build(with_settings([*looped, "loop.seconds=1"]), CPU)  # as long as the film: it fits
    with pytest.raises(PresetError, match=r"^loop.seconds: 1.5 is longer .*at most 1\)$"):
        build(with_settings([*looped, "loop.seconds=1.5"]), CPU)


def test_loop_must_be_a_multiple_of_every():
    looped = (*TINY, "loop.kind=endless", "loop.seconds=1", "dream.every=3")
    build(with_settings([*looped, "video.frames=12"]), CPU)
    with pytest.raises(PresetError, match=r"^dream.every: .*13 frames .* one in 3 \(12 frames"):
        build(with_settings([*looped, "video.frames=13"]), CPU)


def small(*settings):
    """Make a loop with a lead-in of six frames, four of them the overlap."""
    loop = ("loop.kind=endless", "loop.seconds=1", "loop.warm_up=0.5", "motion.zoom=1.5")
    return with_settings([*TINY, *loop, "video.fps=4", "video.frames=10", *settings])


def packets(path):
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        return [(p.pts, p.dts, bytes(p)) for p in film.demux(stream) if p.size]


@pytest.fixture
def whole(tmp_path):
    assert render_film(small(), tmp_path / "whole", device=CPU).finished
    return tmp_path / "whole"


def test_gif_of_a_loop_goes_forward_only(whole):
    with PilImage.open(whole / "loop.gif") as loop:
        assert len(list(ImageSequence.Iterator(loop))) == 10
    assert len(packets(whole / "forward.mp4")) == 10


# Within the warm-up, in the overlap before the film, at frame 1, in the last overlap.
@pytest.mark.parametrize("after", [1, 4, 8, 14])
def test_resume_of_a_loop_gives_the_same_films(after, whole, tmp_path):
    out, count = tmp_path / "stopped", []

    def stop():
        count.append(1)
        return len(count) == after

    stopped = render_film(small(), out, device=CPU, stop=stop)
    assert (stopped.frames, stopped.finished) == (max(0, after - 6), False)
    seen = []
    render_film(small(), out, device=CPU, on_frame=seen.append)
    assert [progress.frame.index for progress in seen] == list(range(after - 6, 10))
    for name in ("forward.mp4", "reverse.mp4"):
        assert packets(out / name) == packets(whole / name)
    assert (out / "loop.gif").read_bytes() == (whole / "loop.gif").read_bytes()


def flip(path):
    data = bytearray(path.read_bytes())
    data[-9] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [Path.unlink, flip])
@pytest.mark.parametrize(("after", "lead"), [(6, 4), (10, 3), (14, 1)])
def test_resume_of_a_loop_renders_a_damaged_lead_frame_again(
    after, lead, harm, whole, tmp_path, monkeypatch
):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # it would read a lead frame
    out, count = tmp_path / "stopped", []

    def stop():
        count.append(1)
        return len(count) == after

    render_film(small(), out, device=CPU, stop=stop)
    harm(out / ".render" / f"lead{lead:06d}.safetensors")
    said, seen = [], []
    render_film(small(), out, device=CPU, on_frame=seen.append, on_message=said.append)
    assert f"lead{lead:06d}.safetensors is " in said[0] and said[0].endswith("from frame 0")
    assert seen[0].frame.index == -6
    assert packets(out / "forward.mp4") == packets(whole / "forward.mp4")


@pytest.mark.parametrize(("zoom", "middle", "corner"), [(1.2, True, False), (0.8, False, True)])
def test_loop_blends_first_where_new_content_comes_in(zoom, middle, corner, film, dreams):
    """Compare with a cross-fade, whose dream is never blended."""
    looped = (f"motion.zoom={zoom}", "loop.seconds=2", "loop.warm_up=0.5", "video.frames=24")
    (_, led), (_, free) = (film(*looped, f"loop.kind={kind}") for kind in ("endless", "cross-fade"))
    both = [(led[n].memory["dreamed"], free[n].memory["dreamed"]) for n in (7, 8, 11)]
    assert torch.equal(*both[0])  # sixteen frames before the end
    first = (both[1][0] - both[1][1]).abs().amax(1)[0]
    assert bool((first == 0).any())
    changed = (both[2][0] - both[2][1]).abs().amax(1)[0] > 1e-3
    assert bool(changed[18:22, 30:34].any()) == middle
    assert bool(changed[:2, :2].any()) == corner
