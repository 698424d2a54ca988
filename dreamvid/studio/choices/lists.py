"""Lists of what a model can dream: layers, channels, directions and words."""

from collections.abc import Callable
from typing import Any

import torch

from dreamvid.errors import PresetError
from dreamvid.explore.describe import channel_means
from dreamvid.explore.layers import block_of, worth_dreaming
from dreamvid.film.model_checks import channel_counts
from dreamvid.models.directions.direction import read_direction
from dreamvid.models.directions.library import kept
from dreamvid.models.features import FeatureModel
from dreamvid.system.text import ranked

MOST = 200  # words of a list
SHOWS = ("edges and colours", "textures", "patterns", "parts of things", "whole things")
"""Impression of a network's layers, from the input to the output."""


def layers(features: FeatureModel, _text: str) -> dict[str, Any]:
    """List the layers from the input up, and what else the model can dream."""
    worth, usual = {*worth_dreaming(features.layers)}, {*features.usual_layers}
    base, same = features.same_as or ("", ())
    counts = channel_counts([*features.layers], features, features.device)
    entries = [
        {
            "name": name,
            "block": block_of(name),
            "channels": counts[name],
            "shows": SHOWS[position * len(SHOWS) // len(features.layers)],
            "worth": name in worth,  # the others only pass on
            "usual": name in usual,
            "same": name in same,  # as the base's: nothing of the city in it
        }
        for position, name in enumerate(features.layers)
    ]
    labels = features.head is not None and bool(features.head.labels)
    known = {"labels": labels, "words": features.words is not None, "base": base}
    return {"model": features.name, "layers": entries} | known


def channels(features: FeatureModel, layer: str) -> dict[str, Any]:
    """List a layer's channels, those first that noise activates most. Raises ModelError."""
    features.check([layer])
    noise = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    strength = channel_means(features, layer, noise.to(features.device))
    return {"layer": layer, "channels": strength.argsort(descending=True).tolist()}


def directions(features: FeatureModel, _text: str) -> dict[str, Any]:
    """List the directions that the model has; damaged ones are named in `left_out`."""
    listed, left_out = [], []
    for one in kept(features.name):
        try:
            direction = read_direction(one.path, option=one.name)
        except PresetError as error:
            left_out.append(str(error))
            continue
        shares = {layer: direction.share(layer) for layer in direction.weights}
        about = {"layers": shares, "made": direction.made, "credits": direction.credits}
        stamp = int(one.path.stat().st_mtime)
        entry = {"name": one.name, "model": one.model, "shipped": one.shipped, "stamp": stamp}
        listed.append(entry | about)
    return {"directions": listed, "left_out": left_out}


def words(features: FeatureModel, text: str) -> dict[str, Any]:
    """Search a city model's words, the most frequent first."""
    space = features.words
    if space is None:
        return {"words": [], "more": 0}
    all_words = sorted(space.words, key=lambda one: -space.captions.get(one, 0))
    found = ranked(text, all_words) if text else all_words
    entries = [{"name": one, "captions": space.captions.get(one)} for one in found[:MOST]]
    return {"words": entries, "more": max(0, len(found) - MOST)}


LISTS: dict[str, Callable[[FeatureModel, str], dict[str, Any]]] = {
    "layers": layers,
    "channels": channels,
    "directions": directions,
    "words": words,
}
