"""Frames that were seen are those that a render of the saved preset gives, bit for bit."""

from copy import deepcopy

import pytest
import torch

from dreamvid.media.images.writing import save
from dreamvid.preset.load import check, load_preset
from dreamvid.studio.session.player import Player
from dreamvid.studio.session.preview import preview_of

CPU = torch.device("cpu")


def recorded(table, key, *changes):
    """Tables of a film while a setting is recorded: (frame, value) after (frame, value).

    As the desk does: the setting holds its old value up to the frame of the change.
    """
    group, name = key.split(".")
    keys = [{"at": "0f", "value": table[group][name], "ease": "hold"}]
    tables = []
    for frame, value in changes:
        keys.append({"at": f"{frame}f", "value": value, "ease": "hold"})
        tables.append((frame, deepcopy(table)))
        tables[-1][1][group][name] = deepcopy(keys)
    return tables


def play(player, until, changes=()):
    """Dream up to a frame; (frame, table): the preset from that frame on."""
    changes = dict(changes)
    seen = []
    while player.next <= until:
        if player.next in changes:
            player.load(check(changes[player.next]), restart=False)
        frame = player.advance()
        if frame.index >= 0:
            seen.append(frame)
    return seen


def begin(table):
    player = Player(CPU)
    player.load(check(table), restart=True)
    return player


def assert_same(seen, rendered):
    assert [frame.index for frame in seen] == [frame.index for frame in rendered]
    for frame, other in zip(seen, rendered, strict=True):
        assert torch.equal(frame.image, other.image), frame


BLENDED = ("flow.frames=2", "flow.strength=0.3", "dream.every=3")
CASES = {
    "zoom": (("motion.zoom=1.2",), "motion.zoom", (3, 1.9), (4, 0.8)),
    "steps": (("dream.step_size=1.5",), "dream.step_size", (2, 6.0), (7, 0.4)),
    "octaves": (("dream.octave_step=1.0", "dream.octaves=2"), "dream.octave_step", (2, 0.5)),
    "blending": ((*BLENDED, "motion.zoom=1.5"), "flow.strength", (4, 0.9), (7, 0.1)),
    "moved frames": ((*BLENDED, "motion.turn=20"), "motion.turn", (2, -30), (5, 60), (6, 0)),
    "colours": (
        ("colour.keep=palette", "colour.contrast=1.0", "colour.like=sea"),
        *("colour.contrast", (3, 1.6), (6, 0.7)),
    ),
    "wave": (
        ("motion.wave=0.3", "motion.wave_speed=0.7"),
        *("motion.wave_speed", (3, 2.3), (6, -0.9)),
    ),
    "mask": (
        ("dream.mask={shape='centre', size=0.6}", "dream.jitter=4"),
        *("dream.jitter", (3, 12), (5, 0)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_recorded_changes_are_rendered_as_they_were_seen(case, table, rendered):
    settings, key, *changes = CASES[case]
    first = table(*settings)
    tables = recorded(first, key, *changes)
    seen = play(begin(first), 9, tables)
    final = rendered(tables[-1][1])
    assert_same(seen, final)
    constant = rendered(first)  # the change is one that is seen
    assert not torch.equal(constant[-1].image, final[-1].image)


def test_a_branch_is_rendered_as_it_was_seen(table, rendered):
    first = table("motion.zoom=1.2", "dream.every=2", "flow.frames=1")
    early = recorded(first, "motion.zoom", (3, 1.9), (7, 0.7))
    player = begin(first)
    seen = play(player, 8, early)
    assert player.seek(4)
    branch = recorded(first, "motion.zoom", (3, 1.9), (5, 3.0))[-1]
    seen = seen[:5] + play(player, 9, [branch])
    assert_same(seen, rendered(branch[1]))
    assert player.ring.first == 0


@pytest.mark.parametrize("kind", ["cross-fade", "endless"])
def test_a_loop_is_rendered_as_it_was_seen(kind, table, rendered):
    loop = table(f"loop.kind={kind}", "loop.seconds=0.4", "loop.warm_up=0.3", "motion.zoom=1.4")
    player = begin(loop)
    final = rendered(loop)
    assert_same(play(player, 9), final)
    assert player.seek(5)
    assert_same(play(player, 9), final[6:])  # its end needs the lead-in, which is still there


def test_footage_is_rendered_as_it_was_seen(table, rendered, texture, tmp_path):
    for n in range(10):
        picture = torch.from_numpy(texture(32, 60)[:, n : n + 48].copy())
        save(picture.permute(2, 0, 1)[None] / 255, tmp_path / f"{n:02}.png")
    settings = ("start.kind=video", f"start.path={tmp_path}", "flow.strength=0.5")
    first = table(*settings, "dream.step_size=1.5")
    tables = recorded(first, "dream.step_size", (3, 5.0), (6, 0.5))
    player = begin(first)
    assert_same(play(player, 9, tables), rendered(tables[-1][1]))
    assert player.seek(1)
    assert_same(play(player, 9), rendered(tables[-1][1])[2:])


def test_a_change_of_the_start_begins_again(table):
    first = table("motion.zoom=1.2")
    player = begin(first)
    play(player, 3)
    assert not player.load(check(table("motion.zoom=1.4")), restart=False)
    assert player.next == 4
    loop = ("loop.kind=endless", "loop.seconds=0.4", "loop.warm_up=0")
    for setting in (["seed=3"], ["start.kind=sea"], ["start.size=64x48"], loop):
        assert player.load(check(table("motion.zoom=1.2", *setting)), restart=False)
        play(player, player.next + 1)


def test_a_preset_that_cannot_be_built_changes_nothing(table, rendered):
    first = table("motion.zoom=1.2")
    player = begin(first)
    seen = play(player, 3)
    bad = table("motion.zoom=1.2", "dream.layers=no_such_layer")
    with pytest.raises(Exception, match="no_such_layer"):
        player.load(check(bad), restart=False)
    assert_same(seen + play(player, 9), rendered(first))


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize("name", ["quickstart", "flythrough", "kaleidoscope"])
def test_settings_of_a_preview_make_a_render_equal(name, draft):
    preset = load_preset(name)
    small, settings = preview_of(preset, 160, draft=draft)
    assert load_preset(name, settings).render_key == small.render_key
    assert small.start.size and small.start.size[0] == 160
    assert (small.dream.steps != preset.dream.steps) == draft
