"""What a bench is to measure, and the measuring of all of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from dreamvid.models.weights import store
from dreamvid.preset.schema import Preset
from dreamvid.profiling.bench.film import film_preset, measure_film
from dreamvid.profiling.bench.record import make_record, show_size
from dreamvid.profiling.bench.scaling import scale
from dreamvid.profiling.bench.steps import Place, Size, measure, places


@dataclass(frozen=True)
class Plan:
    places: Sequence[Place]
    sizes: Sequence[Size]
    repeats: int
    device: torch.device
    scaling: bool
    film: tuple[str, Size, Preset] | None  # with its preset's name, and what is set

    @property
    def names(self) -> set[str]:
        """As `compare` names the parts of a record."""
        sizes = [show_size(size) for size in self.sizes]
        found = {f"{at.model} {at.layer} {size}" for at in self.places for size in sizes}
        return found | ({f"film {self.film[0]} {show_size(self.film[1])}"} if self.film else set())


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
    """Finds out what is not said: models, their layers, and the film's preset.

    Args:
        models: none for the embedded one, and GoogLeNet where it is installed.
        layers: none for each model's usual ones.
        film: its size; None for no film.
        preset: None for google-classic, or quickstart without GoogLeNet.
        precision: auto, single or half, as `dream.precision`.
        frames: of the film.
        settings: `key=value`, laid over its preset; they are told as part of its name.

    Raises PresetError, ModelError or VideoError for what is not there or does not fit.
    """
    if store.find("googlenet"):
        usual_models, usual_film = ["lite0", "googlenet"], "google-classic"
    else:
        usual_models, usual_film = ["lite0"], "quickstart"
    name = usual_film if preset is None else preset
    filmed = None
    if film:
        asked = [f"dream.precision={precision}", *settings]
        made = film_preset(name, film, frames, device, asked)
        filmed = (" ".join([name, *settings]), film, made)
    found = places(models or usual_models, layers, device, precision)
    return Plan(found, sizes, repeats, device, scaling, filmed)


def carry_out(plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """The record of it all; raises ModelError for too small a size, and what a render raises.

    Args:
        tell: called with what is measured next.
    """
    cases, scaled, film = [], [], None
    for place in plan.places:
        for size in plan.sizes:
            tell(f"{place.model} {place.layer} {show_size(size)}")
            cases.append(measure(place, size, plan.repeats, plan.device))
    for place in plan.places if plan.scaling else ():
        tell(f"{place.model} {place.layer} at growing sizes")
        scaled += scale(place, plan.repeats, plan.device)
    if plan.film:
        name, size, preset = plan.film
        tell(f"a film of {name}")
        film = measure_film(name, size, preset, plan.device)
    precision = plan.places[0].features.precision
    return make_record(plan.device, precision, cases, film, scaled)
