"""Time gradient steps of a model at a layer and a size, as a film takes them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from dreamvid.dream.step import ascend
from dreamvid.errors import ModelError, quote, suggest
from dreamvid.film.score import make_scores
from dreamvid.film.settings_at import ascent_at
from dreamvid.film.timeline import still_timeline
from dreamvid.models.features import FeatureModel
from dreamvid.models.precision import precision_for
from dreamvid.models.weights import store
from dreamvid.preset.load import check
from dreamvid.profiling.bench.clock import seconds
from dreamvid.profiling.bench.device_rates import Rates
from dreamvid.profiling.bench.peak import Memory, with_peaks
from dreamvid.profiling.bench.roofline import Work, work_of
from dreamvid.profiling.bench.spread import Spread, spread_of
from dreamvid.system import allocator as heap

Size = tuple[int, int]
"""(width, height) in pixels."""

WARM = 2  # untimed steps first, as the first ones are slow and allocate memory


@dataclass(frozen=True)
class ModelLayer:
    features: FeatureModel
    layer: str

    @property
    def model(self) -> str:
        return self.features.name


@dataclass(frozen=True)
class Measured:
    """Measurements of a step; shares are relative to the machine's rates at the same time."""

    model_layer: ModelLayer
    size: Size
    repeats: int
    seconds: Spread  # a step
    matrix_rate: Spread  # floating-point operations a second
    bandwidth: Spread  # bytes a second
    share_of_matrix_rate: Spread
    share_of_floor: Spread
    work: Work
    memory: dict[str, Memory]

    @property
    def mpixel_steps(self) -> Spread:
        """Steps a second, multiplied by megapixels."""
        megapixels, seconds = self.size[0] * self.size[1] / 1e6, self.seconds
        return Spread(*(megapixels / s for s in (seconds.median, seconds.high, seconds.low)))


def model_layers(
    models: Sequence[str], layers: Sequence[str], device: torch.device, precision: str = "auto"
) -> list[ModelLayer]:
    """List the given layers of each model, or its usual ones where none is given.

    Raises ModelError for a model that is not installed, and for a layer that no model has.
    """
    dtype = precision_for(precision, device)
    loaded = [store.load(name, device).in_precision(dtype) for name in dict.fromkeys(models)]
    for layer in layers:
        if not any(layer in features.layers for features in loaded):
            names = " and ".join(features.name for features in loaded)
            near = suggest(layer, [name for features in loaded for name in features.layers])
            cure = near if near.startswith("did") else f"see `dreamvid layers {loaded[-1].name}`"
            raise ModelError(f"--layer: there is no layer {quote(layer)} in {names} ({cure})")
    return [
        ModelLayer(features, layer)
        for features in loaded
        for layer in dict.fromkeys(layers or features.usual_layers)
        if layer in features.layers
    ]


def measure(model_layer: ModelLayer, size: Size, repeats: int, device: torch.device) -> Measured:
    """Time steps in turn with matrix products and copies, as a busy machine slows all three.

    Raises ModelError where the size is too small for the layer, and what dreaming raises.
    """
    step = make_step(model_layer, size, device)
    _, memory = with_peaks(lambda: [step() for _ in range(WARM)], device)
    work, machine = work_of(step), Rates(device, model_layer.features.precision)
    rounds = [(seconds(step, device), machine.matrix(), machine.copy()) for _ in range(repeats)]
    return Measured(
        model_layer=model_layer,
        size=size,
        repeats=repeats,
        seconds=spread_of([took for took, _, _ in rounds]),
        matrix_rate=spread_of([rate for _, rate, _ in rounds]),
        bandwidth=spread_of([copied for _, _, copied in rounds]),
        share_of_matrix_rate=spread_of([work.flops / took / rate for took, rate, _ in rounds]),
        share_of_floor=spread_of(
            [work.floor(rate, copied) / took for took, rate, copied in rounds]
        ),
        work=work,
        memory=memory,
    )


def make_step(model_layer: ModelLayer, size: Size, device: torch.device) -> Callable[[], None]:
    """Make a function that takes a step with the settings of 2015 on an image of its own."""
    dream, video = {"layers": [model_layer.layer]}, {"frames": 1}
    preset = check({"model": model_layer.model, "dream": dream, "video": video})
    moment = still_timeline(preset).moment(0)
    rng = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, size[1], size[0], generator=rng).to(device)
    heap.settle(image)
    score = make_scores(preset.dream, model_layer.features, device)(moment, image)
    assert score is not None  # its only layer has a weight
    ascent = ascent_at(preset.dream, moment)

    def step() -> None:
        nonlocal image
        image, _ = ascend(image, score, ascent, rng=rng)

    return step
