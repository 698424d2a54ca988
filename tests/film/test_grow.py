"""Films that grow, 64x40 at 8 frames a second: an eighth of the width a second is a pixel a frame,
which moves a picture exactly."""

from contextlib import nullcontext
from fractions import Fraction
from itertools import pairwise
from statistics import median

import pytest
import torch
from kornia.color import rgb_to_lab
from torch.testing import assert_close

from dreamvid.dream.colour import colours_of
from dreamvid.errors import DreamvidError, PresetError
from dreamvid.film.closing_loops import Closing
from dreamvid.film.engine import Frame, frame_rng, render_frames
from dreamvid.film.grow import make_step
from dreamvid.film.job import build
from dreamvid.film.parts import Parts
from dreamvid.film.score import make_scores
from dreamvid.film.timeline import Timeline
from dreamvid.media.images.reading import load
from dreamvid.media.images.writing import save
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store
from dreamvid.motion.camera import make_camera
from dreamvid.preset.load import with_settings
from dreamvid.schedule.moment import Moment
from tests.support.climb import Climb

CPU = torch.device("cpu")
# By whole pixels, which bilinear sampling copies.
COPIED = "motion.sampling=bilinear"
EXACT = ("motion.shift=[0.125, 0]", "motion.border=wrap", COPIED)


def moved(image, pixels=1):
    return image.roll(pixels, -1)


def steps_of(images):
    """Measure how far each frame is from the one before it, moved by the camera."""
    return [float((new - moved(old)).abs().mean()) for old, new in pairwise(images)]


def grown(start, count, *, reach=0, strength=0.5, decay=0.8, every=1):
    """Track every dream by itself; half of each is its frame's noise."""
    past, shown = [start], []
    for n in range(count):
        past = [moved(image) for image in past] if n else past
        if n % every == 0:
            noise = torch.rand(start.shape, generator=frame_rng(0, n))
            dreamed, mixed = (past[-1] + noise) / 2, torch.zeros_like(start)
            last = past[-reach:][::-1] if reach else []
            for age, image in enumerate(last):
                mixed += decay**age * image
            if last:
                mean = mixed / sum(decay**age for age in range(len(last)))
                dreamed = (1 - strength) * dreamed + strength * mean
            past.append(dreamed)
        shown.append(past[-2] + (n % every + 1) / every * (past[-1] - past[-2]))
    return shown


@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("reach", [1, 2, 4])
def test_blending_uses_earlier_frames_moved(reach, every, film, dreams):
    mixed = (f"flow.frames={reach}", "flow.strength=0.4", "flow.decay=0.7")
    start, frames = film(*EXACT, *mixed, f"dream.every={every}", "video.frames=18")
    options = {"strength": 0.4, "decay": 0.7, "every": every}
    expected = grown(start, 18, reach=reach, **options)
    for frame, image in zip(frames, expected, strict=True):
        assert_close(frame.image, image, atol=2e-5, rtol=0)
    farther = grown(start, 18, reach=reach + 1, **options)
    assert float((frames[-1].image - farther[-1]).abs().max()) > 1e-3
    assert len(frames[-1].memory) == reach + (every > 1)  # and nothing older is kept


def test_blending_calms_the_film(film):
    lively = (*EXACT, "video.frames=8", "dream.step_size=3")
    _, alone = film(*lively)
    _, mixed = film(*lively, "flow.frames=4", "flow.strength=0.6")
    first, second = (steps_of([f.image for f in frames][2:]) for frames in (alone, mixed))
    assert max(second) < 0.7 * min(first)


@pytest.mark.parametrize(("every", "calls"), [(1, 10), (2, 5), (4, 3)])
def test_every_dreams_one_frame_in_n_and_fades_it_in(every, calls, film, dreams):
    start, frames = film(*EXACT, f"dream.every={every}", "video.frames=10")
    assert len(dreams.asked) == calls
    expected = grown(start, 10, every=every)
    for frame, image in zip(frames, expected, strict=True):
        assert_close(frame.image, image, atol=2e-5, rtol=0)


def test_every_does_not_stutter(film):
    # What it was led by frame 12 on has settled: the first dreams change the picture most.
    _, frames = film(*EXACT, "dream.every=3", "video.frames=30", "dream.step_size=3")
    shown = steps_of([frame.image for frame in frames[12:]])
    at_once = steps_of([frame.memory["dreamed"] for frame in frames[12:]])
    assert max(shown) < 1.5 * median(shown)
    assert max(at_once) > 2 * max(shown) and max(at_once) > 1.5 * median(at_once)


def test_rate_of_half_the_fps_is_every_second_frame(film, dreams):
    job = build(with_settings(["video.frames=9", "video.fps=24", "dream.rate=12"]), CPU)
    assert (job.preset.dream.every, job.preset.dream.rate) == (2, None)
    with pytest.raises(PresetError, match=r"^dream.rate: 25 frames a second .* 12 .*25/2") as error:
        film("video.frames=9", "video.fps=25", "dream.rate=12")
    assert "\n" not in str(error.value)


def test_border_colour_fills_uncovered_pixels_only(film, dreams):
    dreams.act = lambda image, ascent, rng: image
    filled = ("motion.border=colour", 'motion.border_colour="#ff8000"')
    start, frames = film("motion.shift=[0.375, 0]", COPIED, *filled, "video.frames=2")
    expected = moved(start, 3)
    expected[..., :3] = torch.tensor([1.0, 128 / 255, 0.0]).view(1, 3, 1, 1)
    assert_close(frames[1].image, expected, atol=1e-5, rtol=0)


def test_border_dream_gets_its_extra_steps_there_only(film, dreams):
    """Fake dream: extra steps give grey of 0.25, the usual ones change nothing."""
    dreams.act = lambda image, ascent, rng: (
        torch.full_like(image, 0.25) if ascent.steps == 5 else image
    )
    filled = ("motion.border=dream", "motion.border_steps=5")
    start, frames = film("motion.shift=[0, 0.4]", COPIED, *filled, "video.frames=2")
    expected = start.roll(2, -2)
    expected[..., :2, :] = 0.25
    assert_close(frames[1].image, expected, atol=1e-5, rtol=0)
    assert [ascent.steps for ascent in dreams.asked] == [2, 5, 2]


def test_border_dream_starts_from_the_frames_noise(film, dreams):
    """Check noise of the image's own strength that differs in every frame."""
    dreams.act = lambda image, ascent, rng: image
    dreamlike = ("motion.border=dream", "motion.shift=[0.375, 0]", COPIED)
    start, frames = film(*dreamlike, "video.frames=3", "start.kind=noise")
    mirrored = start[..., 1:4].flip(-1)
    new = frames[1].image[..., :3]
    assert float((new - mirrored).abs().mean()) > 0.02
    assert float((frames[2].image[..., :3] - new).abs().mean()) > 0.02
    assert_close(frames[1].image[..., 3:], start[..., :-3], atol=1e-5, rtol=0)


def test_zero_weights_only_move_the_picture(film):
    silent = 'dream.layers=[{name="block_5/expand", weight="0*t"}]'
    start, frames = film(*EXACT, silent, "video.frames=5")
    for n, frame in enumerate(frames):
        assert_close(frame.image, moved(start, n), atol=2e-5, rtol=0)


class Watched(FeatureModel):
    """Record the requested layers."""

    def __init__(self, features):
        self.__dict__.update(features.__dict__)
        self.asked = []

    def __call__(self, image, layers):
        self.asked.append(tuple(layers))
        return super().__call__(image, layers)


def at(seconds):
    return Moment(frame=round(seconds * 8), fps=Fraction(8), frames=9)


def gradient(value, image):
    x = image.clone().requires_grad_()
    return torch.autograd.grad(value(x), x)[0]


def one_size(slope):
    return slope / slope.abs().mean()


def test_layer_fades_into_another_and_costs_nothing_before(image):
    first, second = "block_1/expand", "block_3/expand"
    faded = f'dream.layers=[{{name="{first}", weight="1-t"}}, {{name="{second}", weight="t"}}]'
    features = Watched(store.load("lite0", CPU))
    score_at = make_scores(with_settings(["video.frames=9", faded]).dream, features, CPU)
    for seconds, asked in ((0, (first,)), (0.25, (first, second)), (1, (second,))):
        score = score_at(at(seconds), image)
        assert score is not None
        features.asked.clear()
        score.gradient(image, (0.0, 0.0))
        assert features.asked == [asked]
        one, two = (
            one_size(gradient(lambda x, n=name: features(x, [n])[n].pow(2).sum(), image))
            for name in (first, second)
        )
        expected = one_size((1 - seconds) * one + seconds * two)
        found = one_size(score.balanced(image).gradient(image, (0.0, 0.0)))
        assert_close(found, expected, atol=1e-4, rtol=1e-3)


def test_guide_fades_into_another(image, tmp_path, rng):
    layer = "block_3/expand"
    paths = [tmp_path / f"{name}.png" for name in "ab"]
    for path in paths:
        save(torch.rand(1, 3, 40, 48, generator=rng), path)
    weighed = ", ".join(
        f'{{path="{path}", weight="{weight}"}}'
        for path, weight in zip(paths, ("1-t", "t"), strict=True)
    )
    features = store.load("lite0", CPU)
    options = with_settings(["video.frames=9", f"dream.layers={layer}", f"dream.guide=[{weighed}]"])
    score_at = make_scores(options.dream, features, CPU)

    def pulled(number):
        """Compute the gradient towards one guide."""
        x = image.clone().requires_grad_()
        target = features(load(paths[number], option=""), [layer])[layer].flatten(2)[0].detach()
        places = features(x, [layer])[layer].flatten(2)[0]
        return one_size(torch.autograd.grad((places.T @ target).amax(1).sum(), x)[0])

    one, two = pulled(0), pulled(1)
    for seconds, expected in ((0, one), (0.25, 0.75 * one + 0.25 * two), (1, two)):
        score = score_at(at(seconds), image)
        assert score is not None
        found = one_size(score.balanced(image).gradient(image, (0.0, 0.0)))
        assert_close(found, one_size(expected), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("keep", "stays"), [("none", False), ("spread", True), ("palette", True)])
def test_colours_of_the_start_are_kept(keep, stays, film, dreams):
    """Brighten and redden the image a little, 120 times."""
    glare = torch.tensor([0.01, 0.004, 0.002]).view(1, 3, 1, 1)
    dreams.act = lambda image, ascent, rng: (image + glare).clamp(0, 1)
    kept = () if keep == "none" else (f"colour.keep={keep}", "colour.strength=0.2")
    start, frames = film("video.frames=120", "start.kind=dusk", *kept)
    drift = (frames[-1].image - start).mean(dim=(-2, -1)).abs().max()
    assert (float(drift) < 0.06) == stays


@pytest.mark.slow
@pytest.mark.parametrize("keep", ["none", "spread", "palette"])
def test_colours_of_a_long_film_do_not_drift(keep, rng):
    """Score brightness, 1.5 of 255 in each of 200 frames; the spread is that of lightness."""

    def lightness(image):
        return rgb_to_lab(image)[:, 0]

    start = 0.3 + 0.4 * torch.rand(1, 3, 24, 32, generator=rng)
    kept = [] if keep == "none" else [f"colour.keep={keep}"]
    small = ("dream.octaves=1", "dream.steps=1", "motion.zoom=1.05", "video.frames=200")
    preset = with_settings([*small, *kept])
    timeline = Timeline(fps=Fraction(24), frames=200)
    parts = Parts(preset, timeline, lambda moment, image: Climb(torch.sum), CPU)
    camera = make_camera(height=24, width=32, device=CPU)
    end = Closing("none", overlap=0, count=200, lead_in={})
    step = make_step(parts, camera, first=0, like=colours_of(start), closing=end)
    means, spreads = [], []
    ends = pytest.raises(DreamvidError, match="white or black") if keep == "none" else nullcontext()
    with ends:
        for frame in render_frames(Frame(-1, start), step, count=200):
            means.append(float(frame.image.mean() - start.mean()))
            spreads.append(float(lightness(frame.image).std() / lightness(start).std()))
    if keep == "none":
        assert means[-1] > 0.45 and spreads[-1] < 0.1
    else:
        assert max(map(abs, means)) < 0.06
        assert min(spreads) > 0.75 and max(spreads) < 1.25
