"""Step of a film dreamed on footage: the dream follows the motion.

The detail, the dream less its source, is carried from frame to frame. It is warped by the optical
flow, masked where that flow is unreliable, decayed, added to the new source and dreamed on
(DeepDreamAnim, 2015, whose flow pointed forwards and whose detail never decayed; masks after
Ruder et al., 2016).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.dream.colour import colours_of
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
"""Index -> the source of the frame before it, None for the first one, and its own."""
Detail = Float[Tensor, "1 3 h w"]
"""Difference that dreaming made; any sign."""
Carried = tuple[dict[str, Detail], Float[Tensor, "rows columns"], Flow]
"""Details of the frame before, warped to this one; the reliability of the flow; the flow from this
frame back to the one before."""


def make_step(parts: Parts, pair: Pair, estimate: Estimator) -> Step:
    """Make the step of a film on footage, each frame of which keeps its source's colours."""
    carry = _make_carrier(parts, estimate)

    def step(frame: Frame) -> Frame:
        index = frame.index + 1
        moment = parts.timeline.moment(index)
        old, new = pair(index)
        source = from_bytes(new).to(parts.device)
        carried = carry(frame, old, new, moment) if old is not None else None
        if carried is None:
            memory = _begin_shot(parts, source, moment)
            fade = 1.0
        elif parts.dreams(index):
            memory = _continue_shot(parts, source, *carried, moment)
            fade = parts.fade(index)
        else:
            memory, fade = carried[0], parts.fade(index)
        base = memory.get("base", memory["detail"])
        shown = source + base + fade * (memory["detail"] - base)
        return Frame(index, shown.clamp(0, 1), memory)

    return step


def _begin_shot(parts: Parts, source: Image, moment: Moment) -> dict[str, Detail]:
    """Dream a shot's first frame, which has no dream to build on, with more steps.

    With a motion mask it is not dreamed at all: nothing has moved yet.
    """
    ascent = ascent_at(parts.preset.dream, moment)
    more = round(ascent.steps * value_at(parts.preset.flow.restart, moment))
    steps = 0 if parts.masking.follows_motion else more
    mask = parts.masking.at(moment)
    detail = _dream(parts, source, torch.zeros_like(source), moment, mask, steps)
    return _memory(parts, detail, detail)


def _continue_shot(
    parts: Parts,
    source: Image,
    details: dict[str, Detail],
    reliability: Tensor,
    flow: Flow,
    moment: Moment,
) -> dict[str, Detail]:
    """Dream on the carried detail, and blend the result with it to suppress flicker."""
    options, carried = parts.preset.flow, details["detail"]
    base = value_at(options.decay, moment) * carried
    mask = parts.masking.at(moment, flow)
    dreamed = _dream(parts, source, base, moment, mask)
    if mask is not None:  # outside of it only `decay` acts
        reliability = reliability * mask
    weight = value_at(options.strength, moment) * reliability
    return _memory(parts, dreamed + weight * (carried - dreamed), carried)


def _dream(
    parts: Parts,
    source: Image,
    detail: Detail,
    moment: Moment,
    mask: Mask | None,
    steps: int | None = None,
) -> Detail:
    ascent = ascent_at(parts.preset.dream, moment)
    ascent = ascent if steps is None else replace(ascent, steps=steps)
    result = parts.dreamed((source + detail).clamp(0, 1), moment, ascent, mask)
    return parts.graded(result, partial(colours_of, source), moment) - source


def _memory(parts: Parts, detail: Detail, base: Detail) -> dict[str, Detail]:
    return {"detail": detail} | ({"base": base} if parts.preset.dream.every > 1 else {})


def _make_carrier(
    parts: Parts, estimate: Estimator
) -> Callable[[Frame, Bytes, Bytes, Moment], Carried | None]:
    """Make a function that warps details along the flow between two sources; None at a cut."""
    motion = parts.preset.motion

    def carry(frame: Frame, old: Bytes, new: Bytes, moment: Moment) -> Carried | None:
        backward, forward = estimate(new, old), estimate(old, new)
        reliability = reliable(backward, forward)
        if parts.preset.flow.cuts and is_cut(old, new, reliability):
            return None
        here = pixel_positions(new.shape[0], new.shape[1], parts.device).float()
        stacked = torch.cat(list(frame.memory.values()), dim=1)
        sharpness = value_at(motion.sharpness, moment)
        moved = reliability * read(
            stacked, here + backward, sampling=motion.sampling, sharpness=sharpness, border="clamp"
        )
        return dict(zip(frame.memory, moved.split(3, dim=1), strict=True)), reliability, backward

    return carry
