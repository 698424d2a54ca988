"""Plan a bench, and run it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from dreamvid.models.weights import store
from dreamvid.preset.schema import Preset
from dreamvid.profiling.bench.film import film_preset, measure_film
from dreamvid.profiling.bench.record import make_record, show_size
from dreamvid.profiling.bench.scaling import scale
from dreamvid.profiling.bench.steps import ModelLayer, Size, measure, model_layers


@dataclass(frozen=True)
class Plan:
    model_layers: Sequence[ModelLayer]
    sizes: Sequence[Size]
    repeats: int
    device: torch.device
    scaling: bool
    film: tuple[str, Size, Preset] | None  # name with settings, size, preset

    @property
    def names(self) -> set[str]:
        """Names of the parts, as `compare` has them."""
        sizes = [show_size(size) for size in self.sizes]
        names = {f"{at.model} {at.layer} {size}" for at in self.model_layers for size in sizes}
        return names | ({f"film {self.film[0]} {show_size(self.film[1])}"} if self.film else set())


def make_plan(
    models: Sequence[str],
    layers: Sequence[str],
    sizes: Sequence[Size],
    *,
    repeats: int,
    device: torch.device,
    precision: str,
    scaling: bool,
    film: Size | None,
    preset: str | None,
    frames: int,
    settings: Sequence[str],
) -> Plan:
    """Complete a plan with the default models, layers and film preset.

    Args:
        models: none for the embedded one, and GoogLeNet where it is installed.
        layers: none for each model's usual ones.
        precision: as `dream.precision`.
        film: (width, height); None for no film.
        preset: None for google-classic, or quickstart without GoogLeNet.
        settings: KEY=VALUE, which override the film's preset and become part of its name.

    Raises PresetError, ModelError or VideoError.
    """
    if store.find("googlenet"):
        usual_models, usual_film = ["lite0", "googlenet"], "google-classic"
    else:
        usual_models, usual_film = ["lite0"], "quickstart"
    name = usual_film if preset is None else preset
    planned_film = None
    if film:
        overrides = [f"dream.precision={precision}", *settings]
        chosen = film_preset(name, film, frames, device, overrides)
        planned_film = (" ".join([name, *settings]), film, chosen)
    layers_at = model_layers(models or usual_models, layers, device, precision)
    return Plan(layers_at, sizes, repeats, device, scaling, planned_film)


def carry_out(plan: Plan, on_message: Callable[[str], None]) -> dict[str, Any]:
    """Run a plan, with a message for each measurement; returns its record.

    Raises ModelError where a size is too small, and what a render raises.
    """
    cases, scaled, film = [], [], None
    for model_layer in plan.model_layers:
        for size in plan.sizes:
            on_message(f"{model_layer.model} {model_layer.layer} {show_size(size)}")
            cases.append(measure(model_layer, size, plan.repeats, plan.device))
    for model_layer in plan.model_layers if plan.scaling else ():
        on_message(f"{model_layer.model} {model_layer.layer} at growing sizes")
        scaled += scale(model_layer, plan.repeats, plan.device)
    if plan.film:
        name, size, preset = plan.film
        on_message(f"a film of {name}")
        film = measure_film(name, size, preset, plan.device)
    precision = plan.model_layers[0].features.precision
    return make_record(plan.device, precision, cases, film, scaled)
