"""Masks of a dream and of its guides at each moment."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch

from dreamvid.dream.masks import Canvas, feathered, moving, shape
from dreamvid.dream.objectives.grid import Mask
from dreamvid.errors import PresetError
from dreamvid.film.mask_files import MaskSource, open_masks
from dreamvid.film.timeline import Timeline
from dreamvid.motion.flow.estimate import Flow
from dreamvid.preset.mask import MaskOptions
from dreamvid.schedule.curve import Curve, value_at
from dreamvid.schedule.moment import Moment

LOOKED_AT = 10_000  # frames of a film, at most
ANY = Moment(frame=0, fps=Fraction(24), frames=1)  # for masks that are the same at all


@dataclass(frozen=True)
class Masking:
    """Mask of a film by moment, or none: the whole frame. `close` it when the film is done."""

    mask_at: Callable[[Moment, Flow | None], Mask | None] = lambda moment, flow: None
    follows_motion: bool = False
    still: bool = True  # the same at all moments
    close: Callable[[], None] = lambda: None

    def at(self, moment: Moment, flow: Flow | None = None) -> Mask | None:
        """Compute the mask at a moment; None: no mask, or a motion mask without a flow."""
        return self.mask_at(moment, flow)


def make_masking(
    options: MaskOptions | None,
    size: tuple[int, int],
    timeline: Timeline | None,
    device: torch.device,
    *,
    option: str = "dream.mask",
) -> Masking:
    """Make the masks of images of (height, width); without a timeline, one mask for all frames.

    Raises PresetError, naming `option`, or VideoError for files that do not fit, and for a mask
    that is empty in every frame.
    """
    if options is None:
        return Masking()
    if options.motion:
        return _of_motion(options)
    if options.path:
        source = open_masks(options.path, size, timeline, option)
    else:
        source = _of_shape(options, Canvas(*size, device))
    _check_not_empty(options, source, timeline, option)
    source.close()  # it reopens at the first frame
    soft = lambda moment: _finished(options, source.at(moment).to(device))
    if source.still:
        mask = soft(ANY)
        soft = lambda moment: mask
    return Masking(
        lambda moment, flow: value_at(options.strength, moment) * soft(moment),
        still=source.still and not isinstance(options.strength, Curve),
        close=source.close,
    )


def _of_motion(options: MaskOptions) -> Masking:
    def mask_at(moment: Moment, flow: Flow | None) -> Mask | None:
        if flow is None:
            return None
        full = value_at(options.speed, moment) * min(flow.shape[:2]) / float(moment.fps)
        strength = value_at(options.strength, moment)
        return strength * _finished(options, moving(flow, full=full))

    return Masking(mask_at, follows_motion=True, still=False)


def _of_shape(options: MaskOptions, canvas: Canvas) -> MaskSource:
    name = options.shape
    assert name

    def at(moment: Moment) -> Mask:
        place = value_at(options.at[0], moment), value_at(options.at[1], moment)
        return shape(name, canvas, size=value_at(options.size, moment), at=place)

    changes = any(isinstance(number, Curve) for number in (options.size, *options.at))
    return MaskSource(at, still=not changes)


def _finished(options: MaskOptions, mask: Mask) -> Mask:
    """Invert, then feather: in this order zeros stay exactly 0."""
    mask = 1 - mask if options.invert else mask
    return feathered(mask, options.softness * min(mask.shape[-2:]))


def _check_not_empty(
    options: MaskOptions, source: MaskSource, timeline: Timeline | None, option: str
) -> None:
    """Raise PresetError for a mask that is empty in every frame; stops at the first that is not.

    The masks of a very long film are not looked at: drawing them all would take minutes.
    """
    if timeline is None and not source.still:
        return
    frames = 1 if timeline is None or source.still else timeline.frames
    if frames > LOOKED_AT:
        return
    moments = (timeline.moment(n) if timeline else ANY for n in range(frames))
    empty = 1.0 if options.invert else 0.0
    if all(bool((source.at(moment) == empty).all()) for moment in moments):
        problem = "the mask is empty in every frame: nothing would be dreamed"
        raise PresetError(option, problem, "light pixels are dreamed; invert turns it round")
