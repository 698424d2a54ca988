"""dreamvid against the independent float64 reference, through the command line."""

import numpy as np
import pytest
import torch
from PIL import Image

from dreamvid.cli import main
from dreamvid.film.engine import frame_rng
from tests.support import reference

LAYERS = ("inception_4c/output", "inception_5a/3x3")


@pytest.fixture(scope="session")
def small_weights():
    return reference.random_googlenet()


@pytest.fixture
def install(tmp_path):
    """Import weights as `googlenet` through the command line."""

    def import_weights(weights):
        np.savez(tmp_path / "weights.npz", **weights)
        assert main(["models", "import", str(tmp_path / "weights.npz")]) == 0

    return import_weights


@pytest.fixture
def picture(tmp_path):
    """A smooth picture with some noise on it, and its file."""
    draw = np.random.default_rng(3)
    y, x = np.mgrid[0:96, 0:128]
    waves = [np.sin(x / a + y / b + c) for a, b, c in ((9, 14, 0), (17, 8, 1), (6, 21, 2))]
    rgb = 128 + 70 * np.stack(waves, -1) + draw.normal(0, 12, (96, 128, 3))
    pixels = rgb.clip(0, 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    return tmp_path / "in.png", pixels.astype(np.float64)


def jitter_of_frame(index: int, seed: int = 0):
    """The shifts that dreamvid draws: part of its contract, since films must repeat."""
    rng = frame_rng(seed, index)
    return lambda jitter: torch.randint(-jitter, jitter + 1, (2,), generator=rng).tolist()


def dream(path, *settings):
    out = path.with_name("out.png")
    options = [word for setting in settings for word in ("--set", setting)]
    assert main(["dream", str(path), "--out", str(out), "--model", "googlenet", *options]) == 0
    return np.asarray(Image.open(out)).astype(np.float64)


@pytest.mark.parametrize("layer", LAYERS)
def test_one_step_agrees_to_50_db(layer, small_weights, install, picture):
    path, rgb = picture
    install(small_weights)
    one = ("dream.octaves=1", "dream.steps=1", "dream.jitter=0", f'dream.layers=["{layer}"]')
    expected = reference.deepdream(
        rgb, small_weights, layer, octaves=1, steps=1, jitter=0, draws=jitter_of_frame(0)
    )
    assert reference.psnr(dream(path, *one), expected) > 50
    assert reference.psnr(rgb, expected) < 45  # the step is seen at all


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_four_octaves_agree_to_40_db(layer, small_weights, install, picture):
    path, rgb = picture
    install(small_weights)
    expected = reference.deepdream(
        rgb, small_weights, layer, octaves=4, steps=2, draws=jitter_of_frame(0)
    )
    result = dream(path, f"dream.layers={layer}", "dream.steps=2")
    assert reference.psnr(result, expected) > 40


def test_guided_step_agrees_to_50_db(small_weights, install, picture, tmp_path):
    path, rgb = picture
    install(small_weights)
    layer = "inception_3b/output"
    guide_rgb = np.random.default_rng(5).uniform(0, 255, (64, 80, 3)).round()
    Image.fromarray(guide_rgb.astype(np.uint8)).save(tmp_path / "guide.png")
    with torch.no_grad():
        activations = reference.blobs(
            small_weights, torch.tensor(reference.to_net(guide_rgb)[None].copy())
        )
    features = activations[layer].numpy()[0].reshape(activations[layer].shape[1], -1)
    expected = reference.deepdream(
        rgb, small_weights, layer, octaves=2, steps=1, draws=jitter_of_frame(0), guide=features
    )
    result = dream(
        path,
        f"dream.layers={layer}",
        f"dream.guide={tmp_path / 'guide.png'}",
        "dream.octaves=2",
        "dream.steps=1",
    )
    assert reference.psnr(result, expected) > 50


def test_three_frames_of_the_classic_zoom_agree(small_weights, install, picture, tmp_path):
    path, rgb = picture
    install(small_weights)
    layer = LAYERS[0]
    preset = tmp_path / "zoom.toml"
    preset.write_text(
        f"""
        model = "googlenet"
        start = {{ kind = "image", path = "{path.name}" }}
        dream = {{ layers = ["{layer}"], octaves = 2, steps = 1 }}
        motion = {{ classic_zoom = 0.05, sampling = "bilinear" }}
        video = {{ frames = 3 }}
        outputs = {{ stills = [0, 1, 2], loop = false, reverse = false }}
        """
    )
    assert main(["render", str(preset), "--out", str(tmp_path / "film")]) == 0
    frame = rgb
    for index in range(3):
        frame = reference.deepdream(
            frame, small_weights, layer, octaves=2, steps=1, draws=jitter_of_frame(index)
        )
        result = np.asarray(Image.open(tmp_path / f"film/stills/{index:06d}.png"))
        assert reference.psnr(result, frame) > 45
        frame = reference.classic_zoom(frame, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("layer", LAYERS)
def test_real_googlenet_agrees(layer, shared, picture, tmp_path):
    file = shared / "weights" / "bvlc_googlenet.npz"
    assert main(["models", "import", str(file)]) == 0
    with np.load(file) as arrays:
        weights = dict(arrays)
    path, rgb = picture
    one = ("dream.octaves=1", "dream.steps=1", "dream.jitter=0", f"dream.layers={layer}")
    expected = reference.deepdream(
        rgb, weights, layer, octaves=1, steps=1, jitter=0, draws=jitter_of_frame(0)
    )
    assert reference.psnr(dream(path, *one), expected) > 50
    expected = reference.deepdream(
        rgb, weights, layer, octaves=4, steps=2, draws=jitter_of_frame(0)
    )
    result = dream(path, f"dream.layers={layer}", "dream.steps=2")
    assert reference.psnr(result, expected) > 40
