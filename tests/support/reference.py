"""The 2015 algorithm once more, independently: float64, Caffe pixels, NumPy around torch ops.

Written after the description of dream.ipynb and shares no code with dreamvid. Pictures are
(H, W, 3) RGB in 0..255, float64.
"""

import numpy as np
import torch
import torch.nn.functional as F

MEAN_BGR = np.array([104.0, 116.0, 122.0])


def random_googlenet(seed: int = 0) -> dict[str, np.ndarray]:
    """Weights of the right shapes that keep activations of a sane size."""
    draw = np.random.default_rng(seed)
    channels = {
        "3a": (192, 64, 96, 128, 16, 32, 32),
        "3b": (256, 128, 128, 192, 32, 96, 64),
        "4a": (480, 192, 96, 208, 16, 48, 64),
        "4b": (512, 160, 112, 224, 24, 64, 64),
        "4c": (512, 128, 128, 256, 24, 64, 64),
        "4d": (512, 112, 144, 288, 32, 64, 64),
        "4e": (528, 256, 160, 320, 32, 128, 128),
        "5a": (832, 256, 160, 320, 32, 128, 128),
        "5b": (832, 384, 192, 384, 48, 128, 128),
    }
    shapes = {
        "conv1/7x7_s2": (64, 3, 7, 7),
        "conv2/3x3_reduce": (64, 64, 1, 1),
        "conv2/3x3": (192, 64, 3, 3),
        "loss3/classifier": (1000, 1024, 1, 1),
    }
    for block, (n, one, r3, three, r5, five, pool) in channels.items():
        p = f"inception_{block}/"
        shapes |= {
            p + "1x1": (one, n, 1, 1),
            p + "3x3_reduce": (r3, n, 1, 1),
            p + "3x3": (three, r3, 3, 3),
            p + "5x5_reduce": (r5, n, 1, 1),
            p + "5x5": (five, r5, 5, 5),
            p + "pool_proj": (pool, n, 1, 1),
        }
    weights = {}
    for name, shape in shapes.items():
        fan_in = shape[1] * shape[2] * shape[3]
        weights[f"{name}.weight"] = draw.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)
        weights[f"{name}.bias"] = draw.normal(0, 0.1, shape[0]).astype(np.float32)
    return weights


def blobs(weights: dict[str, np.ndarray], x: torch.Tensor) -> dict[str, torch.Tensor]:
    """Every blob up to inception_5b/output, the way the deploy file reads."""
    w = {k: torch.tensor(v, dtype=torch.float64) for k, v in weights.items()}
    found = {}

    def conv(name, x, stride=1):
        k = w[f"{name}.weight"]
        found[name] = F.conv2d(x, k, w[f"{name}.bias"], stride, k.shape[-1] // 2)
        return F.relu(found[name])

    def norm(x):
        return F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)

    def halve(x):
        return F.max_pool2d(x, 3, 2, ceil_mode=True)

    x = norm(halve(conv("conv1/7x7_s2", x, 2)))
    x = halve(norm(conv("conv2/3x3", conv("conv2/3x3_reduce", x))))
    for block in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        p = f"inception_{block}/"
        parts = [
            conv(p + "1x1", x),
            conv(p + "3x3", conv(p + "3x3_reduce", x)),
            conv(p + "5x5", conv(p + "5x5_reduce", x)),
            conv(p + "pool_proj", F.max_pool2d(x, 3, 1, 1)),
        ]
        x = found[p + "output"] = torch.cat(parts, 1)
        if block in ("3b", "4e"):
            x = halve(x)
    return found


def to_net(rgb: np.ndarray) -> np.ndarray:
    return rgb[:, :, ::-1].transpose(2, 0, 1) - MEAN_BGR[:, None, None]


def to_rgb(net: np.ndarray) -> np.ndarray:
    return (net + MEAN_BGR[:, None, None]).transpose(1, 2, 0)[:, :, ::-1]


def make_step(net, weights, layer, *, step_size, jitter, draws, guide=None):
    """One step of dream.ipynb; `draws` gives (ox, oy), `guide` a (C, n) table of features."""
    ox, oy = draws(jitter)
    rolled = np.roll(np.roll(net, ox, -1), oy, -2)
    x = torch.tensor(rolled[None].copy(), requires_grad=True)
    seen = blobs(weights, x)[layer]
    diff = seen.detach().clone()
    if guide is not None:
        places = seen.detach().numpy()[0].reshape(seen.shape[1], -1)
        best = (places.T @ guide).argmax(1)
        diff = torch.tensor(guide[:, best].reshape(seen.shape[1:])[None])
    seen.backward(diff)
    assert x.grad is not None
    g = x.grad.numpy()[0]
    rolled = rolled + step_size / np.abs(g).mean() * g
    net = np.roll(np.roll(rolled, -ox, -1), -oy, -2)
    return np.clip(net, -MEAN_BGR[:, None, None], 255 - MEAN_BGR[:, None, None])


def zoom_to(planes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bilinear with corners on corners, as scipy.ndimage.zoom(order=1)."""
    h, w = planes.shape[-2:]
    y = np.linspace(0, h - 1, shape[0]) if shape[0] > 1 else np.zeros(1)
    x = np.linspace(0, w - 1, shape[1]) if shape[1] > 1 else np.zeros(1)
    return read_at(planes, *np.meshgrid(y, x, indexing="ij"))


def read_at(planes: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Bilinear reading at places inside the picture."""
    h, w = planes.shape[-2:]
    y0 = np.clip(np.floor(y).astype(int), 0, h - 2)
    x0 = np.clip(np.floor(x).astype(int), 0, w - 2)
    fy, fx = y - y0, x - x0
    top = planes[:, y0, x0] * (1 - fx) + planes[:, y0, x0 + 1] * fx
    low = planes[:, y0 + 1, x0] * (1 - fx) + planes[:, y0 + 1, x0 + 1] * fx
    return top * (1 - fy) + low * fy


def deepdream(rgb, weights, layer, *, octaves, draws, steps=10, scale=1.4, step_size=1.5,
              jitter=32, guide=None):  # fmt: skip
    bases = [to_net(rgb)]
    for _ in range(octaves - 1):
        h, w = bases[-1].shape[-2:]
        bases.append(zoom_to(bases[-1], (round(h * (1.0 / scale)), round(w * (1.0 / scale)))))
    detail = np.zeros_like(bases[-1])
    net = bases[-1]
    for base in bases[::-1]:
        detail = zoom_to(detail, base.shape[-2:])
        net = base + detail
        for _ in range(steps):
            net = make_step(net, weights, layer, step_size=step_size, jitter=jitter,
                            draws=draws, guide=guide)  # fmt: skip
        detail = net - base
    return to_rgb(net)


def classic_zoom(rgb: np.ndarray, s: float) -> np.ndarray:
    h, w = rgb.shape[:2]
    y, x = np.meshgrid(
        (1 - s) * np.arange(h) + h * s / 2, (1 - s) * np.arange(w) + w * s / 2, indexing="ij"
    )
    return read_at(rgb.transpose(2, 0, 1), y, x).transpose(1, 2, 0)


def psnr(a: np.ndarray, b: np.ndarray, peak: float = 255.0) -> float:
    error = np.mean((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2)
    return float("inf") if error == 0 else 10 * np.log10(peak**2 / error)
