"""Scheduled palettes, against shares computed by hand."""

import numpy as np
import pytest
import torch
from kornia.color import rgb_to_lab
from torch.testing import assert_close

from dreamvid.dream.colour import Grade
from dreamvid.errors import PresetError
from dreamvid.film.engine import frame_rng
from dreamvid.film.inputs import digests, inputs
from dreamvid.film.job import build
from dreamvid.film.palettes import SCENE, read_palettes
from dreamvid.film.scenes import night
from dreamvid.film.settings_at import grade_at
from dreamvid.film.timeline import make_timeline
from dreamvid.media.images.writing import save
from dreamvid.preset.colour import Like
from dreamvid.preset.load import check, with_settings
from dreamvid.preset.toml import read_toml, to_toml

CPU = torch.device("cpu")
KEEP = ("video.frames=9", "video.fps=4", "colour.keep=mean")


def flat(path, level):
    save(torch.full((1, 3, 16, 16), level / 255), path)
    return path


def lightness(level):
    """CIE L of a grey of 8 bits."""
    x = level / 255
    y = ((x + 0.055) / 1.055) ** 2.4 if x > 0.04045 else x / 12.92
    return 116 * np.cbrt(y) - 16 if y > (6 / 29) ** 3 else y * (29 / 3) ** 3


@pytest.fixture
def greys(tmp_path):
    return [flat(tmp_path / f"{level}.png", level) for level in (40, 120, 220)]


def test_weights_fade_from_one_palette_to_another_and_to_the_starts_own(greys):
    first, second, _ = greys
    entries = f"{{of='{first}', weight='1-t'}}, {{of='{second}', weight='t'}}"
    fading = entries.replace("'t'", "[{at=0, value=0}, {at=1, value=1}, {at=2, value=0}]")
    fading = fading.replace("1-t", "max(0, 1-t)")
    preset = with_settings([*KEEP, f"colour.like=[{fading}]"])
    palettes, timeline = read_palettes(preset, CPU), make_timeline(preset, None)
    mine = rgb_to_lab(torch.full((1, 3, 2, 2), 220 / 255))[0].flatten(1).T
    a, b, c = map(lightness, (40, 120, 220))
    for frame, expected in enumerate(
        [a, (3 * a + b) / 4, (a + b) / 2, (a + 3 * b) / 4, b, (3 * b + c) / 4, (b + c) / 2]
    ):
        moment = timeline.moment(frame)
        goal = palettes.goal(lambda: mine, grade_at(preset.colour, moment), moment)
        assert float(goal[0, 0]) == pytest.approx(expected, abs=0.02)
    goal = palettes.goal(lambda: mine, Grade("mean"), timeline.moment(8))
    assert float(goal[0, 0]) == pytest.approx(c, abs=0.02)


def test_weights_over_one_are_relative_and_the_start_is_not_asked_for(greys):
    first, second, _ = greys
    likes = f"[{{of='{first}', weight=3}}, {{of='{second}', weight=1}}]"
    preset = with_settings([*KEEP, f"colour.like={likes}"])
    goal = read_palettes(preset, CPU).goal(
        lambda: pytest.fail("asked"), Grade("mean"), make_timeline(preset, None).moment(0)
    )
    expected = (3 * lightness(40) + lightness(120)) / 4
    assert float(goal[0, 0]) == pytest.approx(expected, abs=0.02)


def test_guide_stands_for_the_guides_by_their_weights(greys):
    first, second, _ = greys
    guides = f"dream.guide=[{{path='{first}', weight='2*t'}}, '{second}']"
    like = "colour.like={of='guide', weight=0.5}"
    preset = with_settings([*KEEP, guides, like, "dream.layers=block_1/expand"])
    palettes, timeline = read_palettes(preset, CPU), make_timeline(preset, None)
    own = rgb_to_lab(torch.full((1, 3, 2, 2), 220 / 255))[0].flatten(1).T
    a, b, c = map(lightness, (40, 120, 220))
    # At 0.25 s the shares are 0.25 and 0.5, at 1 s they are 1 and 0.5, over 1 relative.
    for frame, expected in [(1, 0.25 * a + 0.5 * b + 0.25 * c), (4, (2 * a + b) / 3)]:
        goal = palettes.goal(lambda: own, Grade("mean"), timeline.moment(frame))
        assert float(goal[0, 0]) == pytest.approx(expected, abs=0.02)
    with pytest.raises(PresetError, match=r"colour.like: guide .*--set dream.guide=PICTURE"):
        read_palettes(with_settings([*KEEP, "colour.like=guide"]), CPU)


def test_a_scene_is_drawn_from_the_films_seed_at_one_size():
    for seed in (1, 2):
        preset = with_settings([*KEEP, "colour.like=night", f"seed={seed}"])
        [(palette, weight)] = read_palettes(preset, CPU).likes
        drawn = rgb_to_lab(night(*SCENE, frame_rng(seed, -1)))[0].flatten(1).T
        assert weight == (1,) and SCENE[0] * SCENE[1] < 2**14
        assert_close(palette, drawn)


def test_a_film_fades_from_night_to_the_colours_of_a_picture(film, greys):
    """With the whole difference corrected, each frame's mean is the scheduled one."""
    fade = f"[{{of='night', weight='1-p'}}, {{of='{greys[1]}', weight='p'}}]"
    _, frames = film(*KEEP, "colour.strength=1", f"colour.like={fade}")
    means = [float(rgb_to_lab(frame.image)[0, 0].mean()) for frame in frames]
    first = float(rgb_to_lab(night(*SCENE, frame_rng(0, -1)))[0, 0].mean())
    line = np.linspace(first, lightness(120), 9)
    np.testing.assert_allclose(means, line, atol=2.0)


def test_files_of_palettes_are_inputs_and_their_digests_are_in_the_key(greys, tmp_path):
    entry = f"colour.like={greys[0]}"
    alone = with_settings([*KEEP, entry])
    assert inputs(alone) == {"colour.like": greys[0]}
    several = with_settings([*KEEP, f"colour.like=['dusk', {{of='{greys[0]}', weight='p'}}]"])
    assert inputs(several) == {"colour.like[1].of": greys[0]}
    assert "colour.like[1].of sha256" in digests(several)
    moved = flat(tmp_path / "moved.png", 40)
    for preset in (alone, several):
        text = to_toml(preset, "x").replace(str(greys[0]), str(moved))
        key, again = (build(one, CPU).key for one in (preset, check(read_toml(text))))
        assert key == again and str(greys[0]) not in str(key)
    other = build(with_settings([*KEEP, f"colour.like={greys[1]}"]), CPU).key
    assert other != build(alone, CPU).key


def test_likes_read_back_as_written(greys):
    for like in ("night", str(greys[0]), "./plain", "['night', {of='sky', weight='p'}]"):
        preset = with_settings([*KEEP, f"colour.like={like}"])
        assert check(preset.model_dump(mode="json")) == preset
    assert with_settings([*KEEP, "colour.like=night"]).model_dump()["colour"]["like"] == "night"
    assert not with_settings([*KEEP, "colour.like=night", "colour.like=none"]).colour.like


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ("nigth", "(a picture's path has a dot or a slash; did you mean night?)"),
        (
            "noise",
            "neither a scene nor a picture (a picture's path has a dot or a slash; known: sky",
        ),
        ("[{of='night', weight=0}]", "what has no weight has no effect; leave it out"),
        ("[{of='night', weigth=1}]", "colour.like[0].weigth: no such option (did you mean weight?"),
        ("[{of='night', weight='bass'}]", "bass needs a sound"),
        ("[{of='night', weight='p-0.5'}]", "is -0.5 at frame 0"),
        (str(["sky"] * 101), "101 entries are too many; at most 100"),
        ("gone.png", "colour.like: "),
        ("3", "should be the path of a file"),
    ],
)
def test_what_is_no_palette_is_refused_in_one_line(like, message):
    with pytest.raises(PresetError) as caught:
        build(with_settings([*KEEP, f"colour.like={like}"]), CPU)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.option.startswith("colour.like")


def test_a_like_has_a_palette_that_is_its_own():
    assert Like(of="night").of == "night" and Like.model_validate({"of": "./night"}).of != "night"
