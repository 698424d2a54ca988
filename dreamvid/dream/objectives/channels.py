"""The energy of some of a layer's channels, chosen by how active a picture makes them.

By their mean, as `RankChannels` of neural-dream does.
"""

from collections.abc import Callable

from dreamvid.dream.objectives.objective import Objective, energy, only
from dreamvid.image import OtherSizeActivation
from dreamvid.system.registry import Registry

PICKS: Registry[Callable[[OtherSizeActivation, int], Objective]] = Registry()


@PICKS.register("strongest")
def strongest(seen: OtherSizeActivation, count: int) -> Objective:
    """What the picture shows most of."""
    return only(_ranked(seen)[-count:], energy())


@PICKS.register("weakest")
def weakest(seen: OtherSizeActivation, count: int) -> Objective:
    """What the picture shows least of."""
    return only(_ranked(seen)[:count], energy())


@PICKS.register("average")
def average(seen: OtherSizeActivation, count: int) -> Objective:
    """What the picture shows neither much nor little of."""
    channels = _ranked(seen)
    begin = max(0, (len(channels) - count) // 2)
    return only(channels[begin : begin + count], energy())


def _ranked(seen: OtherSizeActivation) -> list[int]:
    """The channels, the least active first."""
    return seen.detach().mean((0, 2, 3)).argsort(stable=True).tolist()
