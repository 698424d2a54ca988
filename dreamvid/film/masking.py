"""Masks of [dream] and of its guides: where there is a dream, and how strong, at each moment."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch

from dreamvid.dream.masks import Canvas, feathered, moving, shape
from dreamvid.dream.objectives.grid import Mask
from dreamvid.errors import PresetError
from dreamvid.film.mask_files import Matte, open_matte
from dreamvid.film.timeline import Timeline
from dreamvid.motion.flow.estimate import Flow
from dreamvid.preset.mask import MaskOptions
from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import Moment

ANY = Moment(frame=0, fps=Fraction(24), frames=1)  # what is still does not look at it


@dataclass(frozen=True)
class Masking:
    """Where a film is dreamed; without a mask, everywhere. `close` it when the film is done."""

    mask_at: Callable[[Moment, Flow | None], Mask | None] = lambda moment, flow: None
    follows_motion: bool = False
    still: bool = True  # the same at all moments
    close: Callable[[], None] = lambda: None

    def at(self, moment: Moment, flow: Flow | None = None) -> Mask | None:
        """The mask at a moment; None: all alike.

        Args:
            flow: in pixels a frame; what follows motion is None without it.
        """
        return self.mask_at(moment, flow)


def make_masking(
    options: MaskOptions | None,
    size: tuple[int, int],
    timeline: Timeline | None,
    device: torch.device,
    *,
    option: str = "dream.mask",
) -> Masking:
    """Masks for pictures of (height, width).

    Args:
        timeline: the film's; None: a file is one mask for all frames.

    Raises PresetError or VideoError for files that do not fit, and for a mask that is empty
    in every frame.
    """
    if options is None:
        return Masking()
    if options.motion:
        return _following(options)
    if options.path:
        matte = open_matte(options.path, size, timeline, option)
    else:
        matte = _drawn(options, Canvas(*size, device))
    _check_not_empty(options, matte, timeline, option)
    matte.close()  # to be read from its beginning again
    soft = lambda moment: _finished(options, matte.at(moment).to(device))
    if matte.still:
        mask = soft(ANY)
        soft = lambda moment: mask
    return Masking(
        lambda moment, flow: value_at(options.strength, moment) * soft(moment),
        still=matte.still and not isinstance(options.strength, Curve),
        close=matte.close,
    )


def _following(options: MaskOptions) -> Masking:
    """Where the footage moves."""

    def mask_at(moment: Moment, flow: Flow | None) -> Mask | None:
        if flow is None:
            return None
        full = value_at(options.speed, moment) * min(flow.shape[:2]) / float(moment.fps)
        strength = value_at(options.strength, moment)
        return strength * _finished(options, moving(flow, full=full))

    return Masking(mask_at, follows_motion=True, still=False)


def _drawn(options: MaskOptions, canvas: Canvas) -> Matte:
    """A shape."""
    name = options.shape
    assert name

    def at(moment: Moment) -> Mask:
        place = value_at(options.at[0], moment), value_at(options.at[1], moment)
        return shape(name, canvas, size=value_at(options.size, moment), at=place)

    changes = any(isinstance(number, Curve) for number in (options.size, *options.at))
    return Matte(at, still=not changes)


def _finished(options: MaskOptions, mask: Mask) -> Mask:
    """Turned round before it is softened, so that what is 0 stays exactly 0."""
    turned = 1 - mask if options.invert else mask
    return feathered(turned, options.softness * min(mask.shape[-2:]))


def _check_not_empty(
    options: MaskOptions, matte: Matte, timeline: Timeline | None, option: str
) -> None:
    """Looks no further than the first frame that has a mask."""
    if timeline is None and not matte.still:
        return
    frames = 1 if timeline is None or matte.still else timeline.frames
    moments = (timeline.moment(n) if timeline else ANY for n in range(frames))
    empty = 1.0 if options.invert else 0.0
    if all(bool((matte.at(moment) == empty).all()) for moment in moments):
        problem = "the mask is empty in every frame: nothing would be dreamed"
        raise PresetError(option, problem, "light pixels are dreamed; invert turns it round")
