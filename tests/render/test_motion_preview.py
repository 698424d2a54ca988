"""Previews without, and with little, of a dream."""

import av
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image as PilImage

from dreamvid.film.resolve import with_video
from dreamvid.preset.load import load_preset
from dreamvid.render.motion_preview import camera_film, camera_frames, chessboard
from tests.support.command import run

SMALL = ("--size", "96x64", "--set", "video.frames=8", "--set", "video.fps=8")


def moved(board, zoom, degrees):
    """The board zoomed and turned anticlockwise about its middle, read at once by torch."""
    height, width = board.shape[-2:]
    angle = np.radians(degrees)
    y, x = np.mgrid[:height, :width].astype(float)
    x, y = x - (width - 1) / 2, y - (height - 1) / 2
    # y points down: what is seen to turn anticlockwise came from clockwise.
    back_x = (np.cos(angle) * x - np.sin(angle) * y) / zoom
    back_y = (np.sin(angle) * x + np.cos(angle) * y) / zoom
    places = np.stack([back_x / ((width - 1) / 2), back_y / ((height - 1) / 2)], -1)
    grid = torch.from_numpy(places)[None].float()
    return F.grid_sample(board, grid, mode="bicubic", padding_mode="reflection", align_corners=True)


@pytest.mark.parametrize(("zoom", "turn"), [(1.5, 0.0), (1.0, 40.0), (1.3, -30.0)])
def test_motion_preview_moves_as_the_camera(zoom, turn):
    settings = [f"motion.zoom={zoom}", f"motion.turn={turn}", "motion.centre=[0.5, 0.5]"]
    settings += ["start.size=96x64"]
    preset = load_preset("quickstart", [*settings, "video.frames=9", "video.fps=8"])
    frames = list(camera_frames(camera_film(with_video(preset)), 9))
    board = chessboard(64, 96)
    assert torch.equal(frames[0], board)
    for index in (4, 8):
        wanted = moved(board, zoom ** (index / 8), turn * index / 8)
        near, stayed = (_apart(frames[index], other) for other in (wanted, board))
        assert near < 0.04 and stayed > 3 * near


def _apart(one, other):
    """Mean difference of the middle, where nothing came in at the border, without hard edges."""
    soft = F.avg_pool2d((one - other)[..., 12:52, 18:78], 4)
    return float(soft.abs().mean())


def test_motion_preview_formats_follow_the_suffix(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dreamvid.models.weights.store.load", None)  # no network is needed
    for name in ("a.mp4", "a.gif", "a.png"):
        code, said, _ = run(capsys, "preview", "quickstart", "--motion", "--out", name, *SMALL)
        assert (code, said.strip()) == (0, name)
    with av.open("a.mp4") as film:
        assert sum(1 for _ in film.decode(video=0)) == 8
    with PilImage.open("a.gif") as gif, PilImage.open("a.png") as sheet:
        assert getattr(gif, "n_frames", 0) == 8 and sheet.size == (288, 128)


@pytest.mark.slow
def test_sparse_preview_has_the_whole_film(capsys, tmp_path):
    few = ("--set", "dream.octaves=1", "--set", "dream.steps=1", "--sparse")
    film, sheet = tmp_path / "a.mp4", tmp_path / "a.png"
    words = ("preview", "quickstart", "--size", "64x48", "--set", "video.frames=40", *few)
    assert run(capsys, *words, "--out", film)[0] == 0
    with av.open(str(film)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 40
    assert run(capsys, *words, "--out", sheet, "--tiles", 3)[0] == 0
    with PilImage.open(sheet) as picture:
        assert picture.size == (192, 48)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--motion", "--sparse"), "--motion: has no dream"),
        (("--motion", "--set", "motion.zoom=1"), "--motion: nothing moves"),
        (("--motion", "--out", "a.xyz"), "a.xyz: no picture format"),
    ],
)
def test_motion_preview_without_motion_is_refused(capsys, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, _, error = run(capsys, "preview", "quickstart", *SMALL, *words)
    assert code and error.startswith(f"dreamvid: {said}") and error.count("\n") == 1
