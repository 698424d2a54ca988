"""Directions of a film's model, by name or file."""

import logging
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.models.directions.direction import Direction, read_direction
from dreamvid.models.directions.library import SHIPPED, find, how
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store

logger = logging.getLogger(__name__)


def direction_for(
    name: str | Path, features: FeatureModel, *, option: str = "dream.direction"
) -> Direction:
    """Load a direction by name or file; raises PresetError, naming `option`, for another model's.

    Warns of a user's own direction that was made before the model was trained again.
    """
    path = find(name, features.name, option=option)
    direction = read_direction(path, option=option)
    base, _ = features.same_as or ("", ())
    matches = direction.model in ("", features.name, base)
    if not matches and not _same_file(direction, features.name):
        problem = f"{name} was made for {direction.model}, not for {features.name}"
        raise PresetError(option, problem, how(name, features.name))
    for layer in direction.weights:
        if layer not in features.layers:
            problem = f"{name} is for {layer}, a layer that {features.name} does not have"
            raise PresetError(option, problem, how(name, features.name))
    own = direction.model == features.name and SHIPPED not in path.parents
    if own and direction.digest and not _same_file(direction, features.name):
        logger.warning(
            "%s: %s was made for another %s than the one that is here; %s anew",
            *(option, name, features.name, how(name, features.name)),
        )
    return direction


def _same_file(direction: Direction, model: str) -> bool:
    """Test whether a direction was made for the installed weights of a model, by their digest."""
    installed = store.find(model)
    return installed is not None and installed.digest == direction.digest
