"""Energy of some channels, ranked by mean activation as in neural-dream's `RankChannels`."""

from collections.abc import Callable

from dreamvid.dream.objectives.objective import Objective, energy, only
from dreamvid.image import OtherSizeActivation
from dreamvid.system.registry import Registry

PICKS: Registry[Callable[[OtherSizeActivation, int], Objective]] = Registry()


@PICKS.register("strongest")
def strongest(activation: OtherSizeActivation, count: int) -> Objective:
    """Increase the energy of the `count` most active channels."""
    return only(_ranked(activation)[-count:], energy())


@PICKS.register("weakest")
def weakest(activation: OtherSizeActivation, count: int) -> Objective:
    """Increase the energy of the `count` least active channels."""
    return only(_ranked(activation)[:count], energy())


@PICKS.register("average")
def average(activation: OtherSizeActivation, count: int) -> Objective:
    """Increase the energy of the `count` channels in the middle of the ranking."""
    channels = _ranked(activation)
    begin = max(0, (len(channels) - count) // 2)
    return only(channels[begin : begin + count], energy())


def _ranked(activation: OtherSizeActivation) -> list[int]:
    """Rank the channels, the least active first."""
    return activation.detach().mean((0, 2, 3)).argsort(stable=True).tolist()
