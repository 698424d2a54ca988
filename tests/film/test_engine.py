import torch

from dreamvid.film.engine import Frame, frame_rng, render_frames
from dreamvid.render.work import checkpoint
from dreamvid.render.work.checkpoint import Checkpoint

CPU = torch.device("cpu")


def step(frame):
    """Step that remembers the image of two frames before and shows another."""
    index = frame.index + 1
    noise = torch.rand(frame.image.shape, generator=frame_rng(7, index))
    older = frame.memory.get("dreamed", frame.image)
    dreamed = (0.8 * older + 0.1 * frame.image + 0.1 * noise).clamp(0, 1)
    return Frame(index, 0.5 * dreamed + 0.5 * older, {"older": older, "dreamed": dreamed})


def test_frames_count_from_zero_without_the_start(image):
    frames = list(render_frames(Frame(-1, image), step, count=4))
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert torch.equal(frames[0].image, step(Frame(-1, image)).image)


def test_resume_is_exact(image, tmp_path):
    whole = list(render_frames(Frame(-1, image), step, count=6))
    checkpoint.save(Checkpoint(whole[3], seconds=1.5), tmp_path / "c")
    kept = checkpoint.load(tmp_path / "c", CPU)
    resumed = list(render_frames(kept.frame, step, count=6))
    assert kept.seconds == 1.5 and [frame.index for frame in resumed] == [4, 5]
    assert torch.equal(resumed[-1].image, whole[-1].image)
    assert list(kept.frame.memory) == list(whole[3].memory)


def test_frame_that_equals_its_memory_is_stored_once(image, tmp_path):
    checkpoint.save(Checkpoint(Frame(3, image, {"dreamed": image})), tmp_path / "c")
    kept = checkpoint.load(tmp_path / "c", CPU).frame
    assert torch.equal(kept.memory["dreamed"], image)
    assert (tmp_path / "c").stat().st_size < 1.2 * image.numel() * 4


def test_loop_frames_begin_below_zero(image):
    frames = list(render_frames(Frame(-4, image), step, count=2))
    assert [frame.index for frame in frames] == [-3, -2, -1, 0, 1]


def test_rng_differs_by_frame_and_seed():
    draws = {torch.rand(1, generator=frame_rng(s, i)).item() for s in range(5) for i in range(5)}
    assert len(draws) == 25


def test_frames_are_rendered_lazily(image):
    """Check that frames are rendered on demand: memory does not grow with the film."""
    made = []

    def counted(frame):
        made.append(frame.index)
        return Frame(frame.index + 1, frame.image)

    frames = render_frames(Frame(-1, image), counted, count=10**9)
    next(frames)
    next(frames)
    assert made == [-1, 0]
