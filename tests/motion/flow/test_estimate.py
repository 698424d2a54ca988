"""Flow estimators against known motions."""

import cv2
import numpy as np
import pytest
import torch
import torchvision

from dreamvid.cli import main
from dreamvid.errors import ModelError
from dreamvid.models.networks.assign_weights import FLOW_NAMES
from dreamvid.models.networks.raft import SMALLEST, Raft
from dreamvid.models.weights.install import install
from dreamvid.motion.flow.estimate import make_estimator

CPU = torch.device("cpu")
METHODS = ["dis", "dis-fast"]


def endpoint_error(flow, expected, margin):
    """Mean endpoint error in pixels, without a margin."""
    wrong = (flow - torch.as_tensor(expected, dtype=torch.float32)).norm(dim=-1)
    return float(wrong[margin:-margin, margin:-margin].mean())


@pytest.mark.parametrize("method", METHODS)
def test_flow_leads_from_this_frame_into_the_other(method, texture):
    """Move 3 right and 2 up: the flow back is 3 left and 2 down."""
    scene = texture(260, 340)
    old, new = scene[20:220, 20:320], scene[22:222, 17:317]  # new[y, x] == old[y + 2, x - 3]
    assert np.array_equal(new[50, 80], old[52, 77])
    estimate = make_estimator(method, CPU)
    backward, forward = estimate(new, old), estimate(old, new)
    assert backward.shape == (200, 300, 2) and backward.dtype == torch.float32
    assert endpoint_error(backward, [-3.0, 2.0], 12) < 0.1
    assert endpoint_error(forward, [3.0, -2.0], 12) < 0.1


@pytest.mark.parametrize("method,bound", [("dis", 0.1), ("dis-fast", 0.2)])
def test_flow_of_a_zoom(method, bound, texture):
    old = texture(270, 480)
    y, x = np.mgrid[:270, :480].astype(np.float32)
    middle = np.array([239.5, 134.5], np.float32)
    at = (np.stack([x, y], -1) - middle) / 1.03 + middle  # where a zoom by 1.03 reads
    new = cv2.remap(old, at[..., 0], at[..., 1], cv2.INTER_CUBIC)
    backward = make_estimator(method, CPU)(new, old)
    assert endpoint_error(backward, at - np.stack([x, y], -1), 16) < bound


@pytest.mark.parametrize("method", METHODS)
def test_flow_of_large_frames_is_estimated_smaller(method, texture):
    scene = cv2.resize(texture(140, 520), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    old, new = scene[20:420, 20:1940], scene[28:428, 8:1928]
    backward = make_estimator(method, CPU)(new, old)
    assert backward.shape == (400, 1920, 2)
    assert endpoint_error(backward, [-12.0, 8.0], 40) < 0.25


@pytest.mark.parametrize("size", [(16, 16), (8, 90), (33, 21), (2, 2), (63, 65)])
def test_flow_of_small_frames(size, texture):
    scene = texture(size[0] + 1, size[1] + 1)
    for method in METHODS:
        flow = make_estimator(method, CPU)(scene[:-1, 1:], scene[:-1, :-1])
        assert flow.shape == (*size, 2) and flow.isfinite().all()
        if min(size) >= 16:
            middle = flow[size[0] // 2, size[1] // 2]
            assert (middle - torch.tensor([1.0, 0.0])).norm() < 0.3


@pytest.mark.parametrize("method", METHODS)
def test_flow_of_still_frames_is_zero_and_repeatable(method, texture):
    frame = texture(120, 160)
    estimate = make_estimator(method, CPU)
    assert estimate(frame, frame).abs().max() < 0.05
    one, two = (estimate(frame, np.roll(frame, 2, 1)) for _ in range(2))
    assert torch.equal(one, two)


def test_flow_does_not_depend_on_threads(texture):
    old, new = texture(120, 160), texture(120, 160, seed=1)
    before = cv2.getNumThreads()
    try:
        flows = []
        for threads in (1, 3):
            cv2.setNumThreads(threads)
            flows.append(make_estimator("dis", CPU)(new, old))
    finally:
        cv2.setNumThreads(before)
    assert torch.equal(*flows)


@pytest.fixture(params=FLOW_NAMES)
def raft_file(request, tmp_path):
    """Write random weights in torchvision's file format; return the file and our name."""
    torch.manual_seed(3)
    module = torchvision.models.get_model(FLOW_NAMES[request.param][0], weights=None)
    path = tmp_path / f"{request.param}-00000000.pth"
    torch.save(module.state_dict(), path)
    return path, request.param


@pytest.mark.slow
def test_raft_is_imported_and_used(raft_file, texture, capsys):
    path, name = raft_file
    assert main(["models", "import", str(path)]) == 0
    assert f"{name} ({name}) is at" in capsys.readouterr().out
    estimate = make_estimator("raft" if name == "raft-large" else "raft-small", CPU)
    module = torchvision.models.get_model(FLOW_NAMES[name][0], weights=None).eval()
    module.load_state_dict(torch.load(path, weights_only=True))
    old, new = texture(128, 136), texture(128, 136, seed=1)
    with torch.no_grad():
        pair = [
            torch.tensor(f).permute(2, 0, 1)[None].float().div(255).sub(0.5).div(0.5)
            for f in (new, old)
        ]
        expected = module(*pair)[-1][0].permute(1, 2, 0)
    torch.testing.assert_close(estimate(new, old), expected, atol=1e-3, rtol=1e-3)
    assert main(["models", "get", name]) == 0  # it is here, so nothing is downloaded


@pytest.mark.parametrize("size", [(130, 141), (40, 60), (128, 300)])
def test_raft_takes_every_size(size, texture, monkeypatch):
    """Stand-in for the network that returns (6, -4) in its own pixels."""
    torch.manual_seed(0)
    weights = torchvision.models.optical_flow.raft_small(weights=None).state_dict()
    network = Raft("raft-small", weights)
    seen = []

    def module(this, other):
        seen.append(tuple(this.shape))
        assert this.shape == other.shape and this.min() >= -1 and this.max() <= 1
        return [torch.tensor([6.0, -4.0]).view(1, 2, 1, 1).expand(1, 2, *this.shape[-2:])]

    monkeypatch.setattr(network, "module", module)
    frame = texture(*size)
    flow = network.flow(frame, frame)
    (shape,) = seen
    assert flow.shape == (*size, 2) and shape[2] % 8 == shape[3] % 8 == 0
    assert min(shape[2:]) >= SMALLEST
    scale = max(1, SMALLEST / min(size))
    torch.testing.assert_close(flow[5, 7], torch.tensor([6.0, -4.0]) / scale, rtol=0.02, atol=1e-4)


def test_raft_that_is_missing_names_the_command():
    with pytest.raises(ModelError, match=r"`dreamvid models get raft-large` downloads it \(20 MB"):
        make_estimator("raft", CPU)


def test_raft_refuses_weights_of_another_network(raft_file, tmp_path):
    path, name = raft_file
    weights = torch.load(path, weights_only=True)
    key = next(key for key in weights if key.endswith("weight"))
    torch.save(weights | {key: torch.zeros(2, 2)}, tmp_path / "bent.pth")
    with pytest.raises(ModelError, match=f"not torchvision's {name}: {key} is missing or miss"):
        install(tmp_path / "bent.pth")
    with pytest.raises(ModelError, match=r"that is a vgg16, and .* holds a raft"):
        install(path, "vgg16")


@pytest.mark.parametrize("installed", [False, True])
def test_flow_network_is_listed_but_not_dreamed(installed, raft_file, tmp_path, capsys):
    path, name = raft_file
    if installed:
        install(path)
        install(path, "mine")
    for model in (name, "mine") if installed else (name,):
        for words in (["layers", model], ["render", "quickstart", "--model", model]):
            if words[0] == "render":
                words += ["--out", str(tmp_path / "film")]
            assert main(words) == 3
            error = capsys.readouterr().err
            assert error.count("\n") == 1 and "has no layers to dream" in error
    assert main(["models", "list"]) == 0
    assert name in capsys.readouterr().out
