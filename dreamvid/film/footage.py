"""A film dreamed on footage: what was dreamed follows what moves.

What is carried from frame to frame is the detail, the dream less its source. It is moved
along the flow from the frame before, left out where that flow cannot be relied on, weakened,
added to the new source and dreamed on (DeepDreamAnim, 2015, whose flow pointed forwards and
whose detail never decayed; masks after Ruder et al., 2016).
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.colour import Palette, colours_of
from dreamvid.dream.objectives.grid import Mask
from dreamvid.film.engine import Frame, Step
from dreamvid.film.parts import Parts
from dreamvid.film.settings_at import ascent_at
from dreamvid.image import Bytes, Image, from_bytes
from dreamvid.motion.camera import pixel_positions, read
from dreamvid.motion.flow.cuts import is_cut
from dreamvid.motion.flow.estimate import Estimator, Flow
from dreamvid.motion.flow.reliability import reliable
from dreamvid.schedule.curve import value_at
from dreamvid.schedule.moment import Moment

Pair = Callable[[int], tuple[Bytes | None, Bytes]]
"""The sources of the frame before, None for the first one, and of a frame."""
Detail = Float[Tensor, "1 3 h w"]
"""What dreaming added; any sign."""
Carried = tuple[dict[str, Detail], Float[Tensor, "rows columns"], Flow]
"""The details of the frame before, where they now are, how far that can be relied on, and the
flow that leads back there."""


def make_step(parts: Parts, pair: Pair, estimate: Estimator, like: Palette | None = None) -> Step:
    """The step of a film on footage.

    Args:
        like: the colours to keep; None: each frame keeps its source's.
    """
    carry = _make_carrier(parts, estimate)

    def step(frame: Frame) -> Frame:
        index = frame.index + 1
        moment = parts.timeline.moment(index)
        old, new = pair(index)
        source = from_bytes(new).to(parts.device)
        carried = carry(frame, old, new, moment) if old is not None else None
        if carried is None:
            kept = _begin(parts, source, moment, like)
            fade = 1.0
        elif parts.dreams(index):
            kept = _go_on(parts, source, *carried, moment, like)
            fade = parts.fade(index)
        else:
            kept, fade = carried[0], parts.fade(index)
        base = kept.get("base", kept["detail"])
        shown = source + base + fade * (kept["detail"] - base)
        return Frame(index, shown.clamp(0, 1), kept)

    return step


def _begin(parts: Parts, source: Image, moment: Moment, like: Palette | None) -> dict[str, Detail]:
    """A shot's first frame has no dream yet to build on: it gets more steps.

    None at all where only what moves is dreamed on: nothing has moved yet.
    """
    usual = ascent_at(parts.preset.dream, moment)
    more = round(usual.steps * value_at(parts.preset.flow.restart, moment))
    steps = 0 if parts.masking.follows_motion else more
    mask = parts.masking.at(moment)
    detail = _dream(parts, source, torch.zeros_like(source), moment, like, mask, steps)
    return _kept(parts, detail, detail)


def _go_on(
    parts: Parts,
    source: Image,
    details: dict[str, Detail],
    trust: Tensor,
    flow: Flow,
    moment: Moment,
    like: Palette | None,
) -> dict[str, Detail]:
    options, carried = parts.preset.flow, details["detail"]
    base = value_at(options.decay, moment) * carried
    mask = parts.masking.at(moment, flow)
    dreamed = _dream(parts, source, base, moment, like, mask)
    if mask is not None:  # what has left it fades as fast as `decay` lets it
        trust = trust * mask
    steadied = dreamed + value_at(options.strength, moment) * trust * (carried - dreamed)
    return _kept(parts, steadied, carried)


def _dream(
    parts: Parts,
    source: Image,
    detail: Detail,
    moment: Moment,
    like: Palette | None,
    mask: Mask | None,
    steps: int | None = None,
) -> Detail:
    ascent = ascent_at(parts.preset.dream, moment)
    ascent = ascent if steps is None else replace(ascent, steps=steps)
    result = parts.dreamed((source + detail).clamp(0, 1), moment, ascent, mask)
    if parts.preset.colour.keep != "none":
        result = parts.graded(result, colours_of(source) if like is None else like, moment)
    return result - source


def _kept(parts: Parts, detail: Detail, base: Detail) -> dict[str, Detail]:
    return {"detail": detail} | ({"base": base} if parts.preset.dream.every > 1 else {})


def _make_carrier(
    parts: Parts, estimate: Estimator
) -> Callable[[Frame, Bytes, Bytes, Moment], Carried | None]:
    """Moves details along the flow between two sources; None where a cut lies between."""
    motion = parts.preset.motion

    def carry(frame: Frame, old: Bytes, new: Bytes, moment: Moment) -> Carried | None:
        backward, forward = estimate(new, old), estimate(old, new)
        trust = reliable(backward, forward)
        if parts.preset.flow.cuts and is_cut(old, new, trust):
            return None
        positions: Map = (
            pixel_positions(new.shape[0], new.shape[1], parts.device).float() + backward
        )
        stacked = torch.cat(list(frame.memory.values()), dim=1)
        sharpness = value_at(motion.sharpness, moment)
        moved = trust * read(
            stacked, here + backward, sampling=motion.sampling, sharpness=sharpness, border="clamp"
        )
        return dict(zip(frame.memory, moved.split(3, dim=1), strict=True)), trust, backward

    return carry
