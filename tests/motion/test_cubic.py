"""The cubic's numbers, and that no row or column is kept harder than its neighbours."""

from typing import Literal

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from dreamvid.motion.camera import frame_map
from dreamvid.motion.cubic import kernel_weights, sharpened
from dreamvid.motion.moves import Motion
from dreamvid.motion.resample import mirror, sample_cubic

FOLDS: dict[str, Literal["reflect", "wrap", "edge"]] = {
    "mirror": "reflect",
    "wrap": "wrap",
    "clamp": "edge",
}  # of numpy.pad
PAD = 12


def mitchell(d, b=1.2, c=-0.1):
    """The formula of Mitchell and Netravali, 1988."""
    d = abs(d)
    if d < 1:
        return ((12 - 9 * b - 6 * c) * d**3 + (-18 + 12 * b + 6 * c) * d**2 + 6 - 2 * b) / 6
    if d < 2:
        cube = (-b - 6 * c) * d**3 + (6 * b + 30 * c) * d**2
        return (cube + (-12 * b - 48 * c) * d + 8 * b + 24 * c) / 6
    return 0.0


def sharpening(sharpness):
    """Taps of 1 + g s - 0.2 s^2 + 2.1 s^3 from those of s = sin^2(w / 2)."""
    one, s = np.array([0, 0, 0, 1.0, 0, 0, 0]), np.array([-0.25, 0.5, -0.25])
    square = np.convolve(s, s)
    powers = [np.pad(s, 2), np.pad(square, 1), np.convolve(square, s)]
    return one + sum(
        k * p for k, p in zip((0.583 + 0.525 * sharpness, -0.2, 2.1), powers, strict=True)
    )


@pytest.mark.parametrize("border", FOLDS)
def test_cubic_agrees_with_its_formula_in_float64(image, border):
    draw = np.random.default_rng(1)
    pixels = image[0].double().numpy()
    height, width = pixels.shape[1:]
    positions = draw.uniform(0, 1, (7, 9, 2)) * [width - 1, height - 1]
    wide = np.pad(pixels, ((0, 0), (PAD, PAD), (PAD, PAD)), FOLDS[border])
    taps = sharpening(0.6)
    for axis in (1, 2):
        turned = [np.roll(wide, n - 3, axis) for n in range(7)]  # the margin takes what wraps
        wide = sum((k * x for k, x in zip(taps, turned, strict=True)), np.zeros_like(wide))
    expected = np.zeros((3, 7, 9))
    for i, j in np.ndindex(7, 9):
        x, y = positions[i, j]
        for row in range(int(np.floor(y)) - 1, int(np.floor(y)) + 3):
            for column in range(int(np.floor(x)) - 1, int(np.floor(x)) + 3):
                weight = mitchell(x - column) * mitchell(y - row)
                expected[:, i, j] += weight * wide[:, row + PAD, column + PAD]
    where = torch.tensor(positions, dtype=torch.float32)
    found = sample_cubic(image, where, sharpness=0.6, border=border)
    assert_close(found[0].numpy(), expected.astype(np.float32), atol=2e-5, rtol=0)


def test_kernel_weights_are_positive_and_add_up_to_one():
    weights = torch.stack(kernel_weights(torch.linspace(0, 1, 101)[None]))
    assert_close(weights.sum(0), torch.ones(1, 101))
    assert float(weights.min()) > -1e-6


def test_tiny_pictures_keep_their_colour():
    for size in ((1, 1), (2, 1), (3, 2)):
        flat = torch.full((1, 3, *size), 0.25)
        assert_close(
            sharpened(flat, 0.55, mirror), torch.full((1, 3, size[0] + 6, size[1] + 6), 0.25)
        )
        assert_close(
            sample_cubic(flat, torch.rand(4, 5, 2), sharpness=0.55)[0, 0],
            flat.new_full((4, 5), 0.25),
        )


@pytest.mark.parametrize("period", [3, 4, 6, 12])
def test_waves_are_blurred_alike_at_every_fraction(period):
    x = torch.arange(16 * period).float()
    phase = 2 * np.pi * x / period
    waves = torch.stack([phase.cos(), phase.sin()])[None, :, None].expand(1, 2, 4, -1)
    gains = []
    for fraction in np.linspace(0, 1, 21):
        positions = torch.stack([x + float(fraction), torch.ones_like(x)], -1)[None]
        read = sample_cubic(waves, positions, sharpness=0.55, border="wrap")[0, :, 0]
        ahead = phase + 2 * np.pi * fraction / period
        turned = torch.stack([ahead.cos(), ahead.sin()])
        gains.append(float((read * turned).mean() * 2))
    assert max(gains) - min(gains) < (0.04 if period == 3 else 0.005)  # Keys': 0.29 and 0.1 of 4
    assert min(gains) > 0.94 and max(gains) < 1.003


def test_no_cross_grows_about_a_still_centre():
    """Noise, zoomed and renewed: as contrasty in the middle as beside it (Keys' cubic: 1.3)."""
    height, width = 54, 72
    draw = torch.Generator().manual_seed(0)
    positions = frame_map(
        Motion(zoom=1.8), seconds=1 / 24, height=height, width=width, device=torch.device("cpu")
    )
    assert positions is not None
    film = torch.zeros(1, 48, height, width)
    for _ in range(72):
        film = 0.95 * sample_cubic(film, positions, sharpness=0.55)
        film += torch.randn(1, 48, height, width, generator=draw)
    for axis in (-1, -2):
        contrast = film.diff(dim=axis).square().mean(dim=(0, 1, -3 - axis)).sqrt()
        middle = len(contrast) // 2
        beside = torch.cat([contrast[middle - 10 : middle - 2], contrast[middle + 3 : middle + 11]])
        assert float(contrast[middle - 1 : middle + 2].max() / beside.mean()) < 1.12
