"""Size of a preview, by what dreams took."""

import pytest

from dreamvid.preset.load import load_preset, with_settings
from dreamvid.studio.session.preview import FIRST, WIDTHS, Speed, preview_of


def learnt(seconds, width=192, *settings):
    """Speed after a dream of quickstart took so long at a width."""
    preset, speed = load_preset("quickstart", settings), Speed()
    assert speed.width_for(preset, draft=False) == FIRST
    speed.learn(preview_of(preset, width, draft=False)[0], seconds)
    return preset, speed


def test_the_largest_preview_with_five_dreams_a_second_is_chosen():
    preset, speed = learnt(0.2)
    assert speed.width_for(preset, draft=False) == 192
    for seconds, least in ((0.19, 192), (0.1, 256), (0.01, 384)):
        preset, speed = learnt(seconds)
        assert speed.width_for(preset, draft=False) >= least
    widths = [learnt(n / 100)[1].width_for(preset, draft=False) for n in range(1, 60)]
    assert widths == sorted(widths, reverse=True) and {*widths} <= {*WIDTHS}
    assert widths[-1] == 192  # and no smaller: motion between frames carries it
    upright, speed = learnt(9, 192, "start.size=270x480")
    assert speed.width_for(upright, draft=False) == WIDTHS[-1]


def test_a_chosen_preview_has_been_as_fast_as_expected():
    """Learnt at one size, the time at another: half the pixels and steps, less than the time."""
    preset, speed = learnt(0.15, 384)
    assert speed.width_for(preset, draft=False) == 384
    steps = load_preset("quickstart", ["dream.steps=16"])
    assert speed.width_for(steps, draft=False) < 384
    assert speed.width_for(steps, draft=True) > speed.width_for(steps, draft=False)


def test_speeds_are_told_apart_by_layers():
    preset, speed = learnt(0.05)
    other = load_preset("quickstart", ["dream.layers=block_5/expand"])
    assert speed.known(preset) and not speed.known(other)
    assert speed.width_for(other, draft=False) == speed.width_for(preset, draft=False)  # a guess
    speed.learn(preview_of(other, 192, draft=False)[0], 2.0)
    assert speed.width_for(other, draft=False) == 192
    assert speed.width_for(preset, draft=False) > 192
    assert speed.width_for(load_preset("quickstart", ["model=googlenet"]), draft=False) == FIRST


def test_a_small_film_is_not_enlarged():
    small, settings = preview_of(
        with_settings(["start.size=96x64", "video.frames=9"]), 384, draft=False
    )
    assert small.start.size == (96, 64)
    assert settings[0] == "start.size=96x64"


@pytest.mark.parametrize("octaves", [6, "4 + sin(t)"])
def test_octaves_are_fitted_to_the_size(octaves):
    given = ["start.size=960x540", "video.frames=9", f"dream.octaves={octaves}"]
    preset = with_settings(given)
    small, settings = preview_of(preset, 192, draft=False)
    assert any("octaves" in one for one in settings) == (octaves == 6)
    assert with_settings([*given, *settings]).render_key == small.render_key
