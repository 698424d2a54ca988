import torch

from dreamvid import checkpoint
from dreamvid.checkpoint import Checkpoint
from dreamvid.engine import Frame, frame_rng, render_frames

CPU = torch.device("cpu")


def step(frame, rng):
    return (0.9 * frame.image + 0.1 * torch.rand(frame.image.shape, generator=rng)).clamp(0, 1)


def test_frames_are_numbered_from_zero_and_the_start_is_not_among_them(image):
    frames = list(render_frames(Frame(-1, image), step, count=4, seed=7))
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert torch.equal(frames[0].image, step(Frame(-1, image), frame_rng(7, 0)))


def test_resume_is_exact(image, tmp_path):
    whole = list(render_frames(Frame(-1, image), step, count=6, seed=7))
    checkpoint.save(Checkpoint(whole[3], seconds=1.5), tmp_path / "c")
    kept = checkpoint.load(tmp_path / "c", CPU)
    resumed = list(render_frames(kept.frame, step, count=6, seed=7))
    assert kept.seconds == 1.5 and [frame.index for frame in resumed] == [4, 5]
    assert torch.equal(resumed[-1].image, whole[-1].image)


def test_each_frame_and_seed_has_its_own_randomness():
    draws = {torch.rand(1, generator=frame_rng(s, i)).item() for s in range(5) for i in range(5)}
    assert len(draws) == 25


def test_frames_come_one_at_a_time(image):
    """Nothing is rendered before it is asked for: memory does not grow with the film."""
    made = []

    def counted(frame, rng):
        made.append(frame.index)
        return frame.image

    frames = render_frames(Frame(-1, image), counted, count=10**9, seed=0)
    next(frames)
    next(frames)
    assert made == [-1, 0]
