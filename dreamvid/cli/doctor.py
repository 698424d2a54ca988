"""`dreamvid doctor`: report what this machine has and what is missing."""

from pathlib import Path

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import say, say_json

SOFTWARE = ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "gif", "hap")
ENCODERS = (*SOFTWARE, "h264_nvenc", "hevc_nvenc")


def doctor(as_json: Json = False) -> None:
    """Show versions, devices, kernels and encoders tried, disk space, and missing models."""
    facts = examine()
    if as_json:
        say_json(facts)
        return
    for group, values in facts.items():
        say(group)
        for name, value in values.items():
            say(f"  {name:<26} {value}")


def examine() -> dict[str, dict[str, str]]:
    """Look up the facts: a dict of text for each group."""
    import shutil

    import torch

    from dreamvid.media.video.encoder_probe import probe_encoder
    from dreamvid.models.weights import store
    from dreamvid.render.record import run_record
    from dreamvid.system import device

    devices = {name: run_record.device_name(torch.device(name)) for name in device.available()}
    folders = {"films, here": Path.cwd(), "models": _nearest(store.folder())}
    return {
        "versions": run_record.versions(),
        "devices": devices,
        "kernels": _kernels(),
        "encoders": {name: probe_encoder(name) or "works" for name in ENCODERS},
        "disk": {
            name: f"{shutil.disk_usage(path).free / 1e9:.1f} GB free at {path}"
            for name, path in folders.items()
        },
        "models": {name: _model(name) for name in store.known()},
    }


def _kernels() -> dict[str, str]:
    """Try every kernel that speeds up a dream: "works", or "not used: " and the reason."""
    import torch

    from dreamvid.dream.cuda import gradient_graphs, step_graphs  # noqa: F401 registers its kernel
    from dreamvid.models.layers import kernels
    from dreamvid.models.networks import registry  # noqa: F401 registers theirs

    if not torch.cuda.is_available():
        no_gpu = dict.fromkeys(("triton", "CUDA graphs"), "not used: there is no NVIDIA GPU")
        return no_gpu | kernels.status()
    kernels.self_check("CUDA graphs")(gradient_graphs.replays)
    return kernels.check_all(torch.device("cuda"))


def _model(name: str) -> str:
    """Return a model's path, how to get it, or what is wrong with it."""
    from dreamvid.errors import ModelError
    from dreamvid.models.weights import store

    try:
        installed = store.find(name)
    except ModelError as error:
        return str(error)
    return str(installed.path) if installed else store.missing(name)


def _nearest(path: Path) -> Path:
    """Return the folder itself, or the nearest above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
