"""Resolution of a preset's defaults."""

from copy import copy
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from av.video.frame import VideoFrame

from dreamvid.errors import PresetError
from dreamvid.film.resolve import resolved, with_layers
from dreamvid.models.features import FeatureModel
from dreamvid.models.weights import store
from dreamvid.preset.load import with_settings
from dreamvid.preset.objectives import LayerWeight

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def features():
    return store.load("lite0", CPU)


@pytest.fixture
def clip(tmp_path):
    """Twelve frames at 30000/1001 a second, 64x48."""
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30000, 1001), width=64, height=48)
        stream.pix_fmt = "yuv420p"
        for n in range(12):
            flat = np.full((48, 64, 3), 20 * n, np.uint8)
            container.mux(stream.encode(VideoFrame.from_ndarray(flat, "rgb24")))
        container.mux(stream.encode(None))
    return path


def test_resolved_defaults_are_explicit(features):
    preset = with_settings(["video.seconds=2.5"])
    found = resolved(preset, features, (64, 40))
    assert (found.video.fps, found.video.frames, found.video.seconds) == (24, 60, None)
    assert found.start.size == (64, 40)
    assert [layer.name for layer in found.dream.layers] == list(features.usual_layers)
    assert found.dream.same_jitter is False and found.dream.every == 1
    assert preset.dream.layers == () and preset.video.fps is None  # and the preset is as it was


def test_guides_reach_a_finer_layer_of_googlenet_too(tmp_path, features, monkeypatch):
    finer, usual = "inception_3b/output", "inception_4c/output"
    guided = with_settings(["video.frames=1", f"dream.guide={tmp_path / 'a.png'}"]).dream
    plain = with_settings(["video.frames=1"]).dream
    named = guided.model_copy(update={"layers": (LayerWeight(name="conv1"),)})

    def layers(dream, model):
        return [layer.name for layer in with_layers(dream, model).layers]

    assert layers(guided, features) == list(features.usual_layers)
    googlenet = copy(features)
    googlenet.usual_layers = (usual,)
    monkeypatch.setattr(FeatureModel, "layers", ("conv1", finer, usual, "pool5"))
    assert layers(guided, googlenet) == [finer, usual]
    assert layers(plain, googlenet) == [usual]
    assert layers(named, googlenet) == ["conv1"]


def test_resolved_keeps_given_options(features):
    given = ("video.frames=7", "video.fps=12.5", "dream.layers=stem", "dream.same_jitter=true")
    preset = with_settings([*given, "dream.every=5"])
    found = resolved(preset, features, (64, 40))
    assert (found.video.fps, found.video.frames) == (Fraction(25, 2), 7)
    assert [layer.name for layer in found.dream.layers] == ["stem"]
    assert found.dream.same_jitter is True and found.dream.every == 5


def test_resolved_preset_resolves_to_itself(features):
    once = resolved(with_settings(["video.frames=7", "dream.rate=6"]), features, (64, 40))
    assert once.dream.every == 4
    assert resolved(once, features, (64, 40)) == once


def test_resolved_footage_has_its_own_rate_length_and_one_jitter(clip, features):
    found = resolved(with_settings([f"start.path={clip}"]), features, (64, 48))
    assert (found.video.fps, found.video.frames) == (Fraction(30000, 1001), 12)
    assert found.dream.same_jitter is True
    flickering = with_settings([f"start.path={clip}", "dream.same_jitter=false"])
    assert resolved(flickering, features, (64, 48)).dream.same_jitter is False


@pytest.mark.parametrize(
    ("asked", "frames"),
    [
        ("video.frames=5", 5),
        ("video.frames=500", 12),
        ("video.seconds=0.2", 6),
        ("video.seconds=60", 12),
        ("video.seconds=0.001", 1),
        ("video.fps=15", 6),  # 0.4 seconds
    ],
)
def test_footage_is_never_made_longer(asked, frames, clip, features):
    found = resolved(with_settings([f"start.path={clip}", asked]), features, (64, 48))
    assert found.video.frames == frames


def test_rate_must_divide_the_fps_of_footage(clip, features):
    fits = with_settings([f"start.path={clip}", "video.fps=30", "dream.rate=10"])
    assert resolved(fits, features, (64, 48)).dream.every == 3
    own = with_settings([f"start.path={clip}", "dream.rate=10"])
    with pytest.raises(PresetError, match=r"^dream.rate: 30000/1001 frames .* 10 .*10000/1001"):
        resolved(own, features, (64, 48))


def test_footage_that_is_missing_is_one_line(tmp_path, features):
    missing = with_settings([f"start.path={tmp_path / 'none.mp4'}"])
    with pytest.raises(PresetError, match=r"^start.path: .*none.mp4 does not exist"):
        resolved(missing, features, (64, 48))
