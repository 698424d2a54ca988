"""Step of a film that grows: each frame is the last one, moved by the camera and dreamed.

    dream -> move -> (fill) -> dream -> blend with earlier frames -> keep colours -> frame

Only one frame in `dream.every` is dreamed. Each dream fades in over the frames up to the next one,
carried by the motion, so that the film does not stutter.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from dreamvid.dream.colour import Palette
from dreamvid.film.closing_loops import Closing
from dreamvid.film.engine import Frame, Step
from dreamvid.film.parts import Parts
from dreamvid.film.settings_at import ascent_at, frame_seconds, motion_at
from dreamvid.image import Image
from dreamvid.motion.borders import fill_colour, fill_noise
from dreamvid.motion.camera import Camera, Shot, read
from dreamvid.motion.resample import sample_downsampled, sample_for_display
from dreamvid.preset.schema import MotionOptions
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

Between = Callable[[Frame, float], Image | None]
"""(frame, share of the way to the next one, 0 to 1) -> its picture, moved; None: nothing moves."""

SAMPLING_BORDER = {"colour": "clamp", "dream": "clamp"}  # before the fill


def make_step(parts: Parts, camera: Camera, *, first: int, like: Palette, closing: Closing) -> Step:
    """Make the step of a growing film, whose frame `first` is dreamed but not moved.

    `like` are the start's colours; `closing` blends the end of a loop into its beginning.
    """
    move = make_mover(parts, camera)

    def step(frame: Frame) -> Frame:
        index = frame.index + 1
        moment = parts.timeline.moment(index)
        before = dict(frame.memory) or {"dreamed": frame.image}
        now = before if index == first else move(before, moment)
        if index == first or parts.dreams(index):
            now = _dream(parts, now, moment, like)
        for part in now.keys() & {"dreamed", "base"}:
            now[part] = closing.blend(index, now[part])
        shown = now["dreamed"]
        if "base" in now:
            shown = now["base"] + parts.fade(index) * (shown - now["base"])
        return Frame(index, closing.shown(index, shown), now)

    return step


def _dream(
    parts: Parts, moved: dict[str, Image], moment: Moment, like: Palette
) -> dict[str, Image]:
    base = moved["dreamed"]
    result = parts.dreamed(base, moment, mask=parts.masking.at(moment))
    count = parts.preset.flow.frames
    earlier = [base, *(moved[f"past{n}"] for n in range(2, count + 1) if f"past{n}" in moved)]
    result = _blended(parts, result, earlier[:count], moment)
    now = {"dreamed": parts.graded(result, lambda: like, moment)}
    # A frame that is one dream old now is two dreams old at the next one.
    now |= {f"past{n + 2}": image for n, image in enumerate(earlier[: count - 1])} if count else {}
    return now | ({"base": base} if parts.preset.dream.every > 1 else {})


def _blended(parts: Parts, image: Image, earlier: list[Image], moment: Moment) -> Image:
    """Blend with earlier frames, newest first, already moved by the exact flow of the camera."""
    if not earlier:
        return image
    flow = parts.preset.flow
    decay, strength = value_at(flow.decay, moment), value_at(flow.strength, moment)
    weights = [decay**n for n in range(len(earlier))]
    pairs = zip(weights, earlier, strict=True)
    mean = sum((weight * old for weight, old in pairs), torch.zeros_like(image)) / sum(weights)
    return image + strength * (mean - image)


def make_mover(
    parts: Parts, camera: Camera
) -> Callable[[dict[str, Image], Moment], dict[str, Image]]:
    """Make a function that moves the images of a frame's memory together, by one frame's motion."""
    options = parts.preset.motion
    seconds = float(frame_seconds(options, parts.timeline.fps))

    def move(images: dict[str, Image], moment: Moment) -> dict[str, Image]:
        shot = camera(motion_at(options, moment), seconds)
        if shot is None:
            return dict(images)
        moved = read_all(images, shot, options, moment)
        if shot.uncovered is not None and options.border == "colour":
            colour = options.border_colour
            return {k: fill_colour(v, shot.uncovered, colour) for k, v in moved.items()}
        if shot.uncovered is not None and options.border == "dream":
            moved["dreamed"] = _dream_border(parts, moved["dreamed"], shot.uncovered, moment)
        return moved

    return move


def make_between(parts: Parts, camera: Camera) -> Between:
    """Make a function that moves a frame's picture by a part of the motion to the next frame.

    For the eye alone, while the next frame is dreamed: bilinear, and the border is not filled.
    """
    options = parts.preset.motion
    seconds = float(frame_seconds(options, parts.timeline.fps))
    border = SAMPLING_BORDER.get(options.border, options.border)
    sample = partial(sample_for_display, border=border)

    def between(frame: Frame, share: float) -> Image | None:
        motion = motion_at(options, parts.timeline.moment(frame.index + 1))
        shot = camera(motion, share * seconds)
        if shot is None:
            return None
        if shot.levels is None:
            return sample(frame.image, shot.positions)
        return sample_downsampled(frame.image, shot.positions, shot.levels, sample)

    return between


def read_all(
    images: dict[str, Image], shot: Shot, options: MotionOptions, moment: Moment
) -> dict[str, Image]:
    """Sample several images at the positions of a shot, in one pass; the border is not filled."""
    border = SAMPLING_BORDER.get(options.border, options.border)
    sharpness = value_at(options.sharpness, moment)
    stacked = torch.cat(list(images.values()), dim=1)
    planes = read(
        stacked,
        shot.positions,
        sampling=options.sampling,
        sharpness=sharpness,
        border=border,
        levels=shot.levels,
    )
    return dict(zip(images, planes.clamp(0, 1).split(3, dim=1), strict=True))


def _dream_border(parts: Parts, image: Image, uncovered: Tensor, moment: Moment) -> Image:
    """Fill the uncovered pixels with noise like the image's, and dream there before the frame is.

    The mask does not apply, or bare noise would be left outside of it.
    """
    options = parts.preset.motion
    filled = fill_noise(image, uncovered, rng=parts.rng(moment))
    steps = round(value_at(options.border_steps, moment))
    extra = replace(ascent_at(parts.preset.dream, moment), steps=steps)
    return filled + uncovered * (parts.dreamed(filled, moment, extra) - filled)
