"""Names listed in the presets' schema against the registered functions."""

import pytest

from dreamvid.dream.masks import SHAPES
from dreamvid.dream.objectives.catalogue import OBJECTIVES
from dreamvid.dream.objectives.channels import PICKS
from dreamvid.dream.objectives.guides import GUIDES
from dreamvid.dream.optimisers import OPTIMISERS
from dreamvid.errors import PresetError
from dreamvid.film.scenes import STARTS
from dreamvid.media.video.codecs import CODECS
from dreamvid.motion.flow.estimate import NETWORKS, PRESETS
from dreamvid.motion.resample import BORDERS
from dreamvid.preset import mask, objectives
from dreamvid.preset.colour import SCENES
from dreamvid.preset.load import with_settings
from dreamvid.preset.looks import LOOKS
from dreamvid.preset.mask import MaskOptions
from dreamvid.preset.schema import (
    DreamOptions,
    FlowOptions,
    MotionOptions,
    StartOptions,
    VideoOptions,
)

CHOICES = [
    (DreamOptions, "objective", {*OBJECTIVES} - {"class", "words"}),  # dream.classes, dream.words
    (DreamOptions, "optimiser", {*OPTIMISERS}),
    (DreamOptions, "look", {*LOOKS}),
    (StartOptions, "kind", {*STARTS, "image", "video"}),
    (MotionOptions, "border", {*BORDERS, "colour", "dream"}),
    (FlowOptions, "method", {*PRESETS, *NETWORKS}),
    (VideoOptions, "codec", {*CODECS}),
]


@pytest.mark.parametrize(("table", "option", "names"), CHOICES)
def test_choices_of_the_schema_are_the_registered_names(table, option, names):
    choices = table.model_json_schema()["properties"][option]["enum"]
    assert set(choices) == names and len(choices) == len(names)


def test_scenes_are_the_generated_starts_but_noise():
    assert {*SCENES} == {*STARTS} - {"noise"}


def test_choices_of_masks_and_objectives_are_the_registered_names():
    assert {*mask.SHAPES} == {*SHAPES}
    assert {*MaskOptions.model_json_schema()["properties"]["shape"]["anyOf"][0]["enum"]} == {
        *SHAPES
    }
    assert {*objectives.PICKED} == {*PICKS} and {*objectives.GUIDED} == {*GUIDES}


def test_choices_are_named_where_another_is_given():
    with pytest.raises(PresetError, match=r"^video.codec: should be 'h264', .*, got 'h265'$"):
        with_settings(["video.codec=h265"])
