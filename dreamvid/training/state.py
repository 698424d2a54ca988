"""The whole state of a training run, saved and restored bit for bit."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.optim import Optimizer

from dreamvid.errors import ResumeError
from dreamvid.system.digests import SEAL, arrays_digest
from dreamvid.system.tensors import write_safetensors

WEIGHT, BEST, MOMENT = "weight ", "best ", "moment "  # prefixes of tensors' names


@dataclass
class Position:
    """Position within a run, changed in place; its fields' names are keys of the checkpoint."""

    batch: int  # photos a step
    step: int = 0  # steps done
    epoch: int = 0  # epochs done
    done: int = 0  # photos done in the current epoch
    seen: int = 0  # of those, the ones that could be read
    total: float = 0.0  # sum of their losses
    # Mean training and validation loss of each epoch; None: too few validation photos.
    history: list[tuple[float, float | None]] = field(default_factory=list)
    best: float | None = None  # least validation loss
    best_epoch: int = 0  # number of epochs after which it was reached
    seconds: float = 0.0  # spent


@dataclass
class State:
    """Tensors of a run, and its position."""

    position: Position
    weights: Mapping[str, Tensor]  # trained in place
    optimiser: Optimizer  # over all of them
    best: dict[str, Tensor] = field(default_factory=dict)  # the weights at `best_epoch`


def save(state: State, path: Path) -> None:
    """Write the state, replacing the old file only when complete; raises OutputError."""
    tensors = {f"{WEIGHT}{name}": value for name, value in state.weights.items()}
    tensors |= {f"{BEST}{name}": value for name, value in state.best.items()}
    for number, moments in state.optimiser.state_dict()["state"].items():
        tensors |= {f"{MOMENT}{number} {name}": value for name, value in moments.items()}
    text = json.dumps(asdict(state.position))
    write_safetensors(path, tensors, {"position": text, SEAL: _digest(tensors, text)})


def restore(state: State, path: Path) -> None:
    """Load what `save` wrote into the state; raises ResumeError if the file is damaged."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata[SEAL] != _digest(tensors, metadata["position"]):
            raise ValueError("its digest is another")
        position = json.loads(metadata["position"])
        history = [(loss, validation) for loss, validation in position["history"]]
        state.position = Position(**position | {"history": history})
        with torch.no_grad():
            for name, leaf in state.weights.items():
                leaf.copy_(tensors[f"{WEIGHT}{name}"])
        state.best = {
            name: tensors[f"{BEST}{name}"].to(leaf.device)
            for name, leaf in state.weights.items()
            if state.position.best_epoch
        }
        _restore_moments(state, tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        line = " ".join(str(error).split())
        raise ResumeError(f"{path} is damaged ({line}); --fresh starts over") from None


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    arrays = {name: value.detach().cpu().contiguous().numpy() for name, value in tensors.items()}
    return arrays_digest(arrays, text)


def _restore_moments(state: State, tensors: Mapping[str, Tensor]) -> None:
    leaves = [leaf for group in state.optimiser.param_groups for leaf in group["params"]]
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(MOMENT):
            number, _, key = name.removeprefix(MOMENT).partition(" ")
            leaf = leaves[int(number)]
            if value.shape == leaf.shape:  # in the leaf's memory layout, so that steps stay equal
                value = torch.empty_like(leaf, requires_grad=False).copy_(value)
            moments.setdefault(int(number), {})[key] = value
    current = state.optimiser.state_dict()
    state.optimiser.load_state_dict({**current, "state": moments})
