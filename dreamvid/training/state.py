"""A training run's whole state: kept whole on the disk, taken back bit for bit."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.optim import Optimizer

from dreamvid.errors import ResumeError
from dreamvid.system.tensors import write_safetensors

WEIGHT, BEST, MOMENT = "weight ", "best ", "moment "  # before a tensor's name


@dataclass
class Position:
    """How far a run is; changed in place as it goes on."""

    batch: int  # photos a step
    step: int = 0  # steps done
    epoch: int = 0  # epochs done
    done: int = 0  # photos done of the epoch under way
    seen: int = 0  # of those, such as could be read
    total: float = 0.0  # of their losses
    history: list[tuple[float, float | None]] = field(default_factory=list)
    """For each epoch, the mean losses of the photos learned from, and of those that tell when
    to stop; None where these are too few."""
    best: float | None = None  # least mean loss of the photos that tell when to stop
    best_epoch: int = 0  # after so many epochs
    seconds: float = 0.0  # spent


@dataclass
class State:
    """The tensors of the run, and how far it is."""

    position: Position
    weights: Mapping[str, Tensor]  # what learns; changed in place
    optimiser: Optimizer  # over all of them
    best: dict[str, Tensor] = field(default_factory=dict)  # the weights at `best_epoch`


def save(state: State, path: Path) -> None:
    """The old file stays whole until the new one is; raises OutputError."""
    tensors = {f"{WEIGHT}{name}": value for name, value in state.weights.items()}
    tensors |= {f"{BEST}{name}": value for name, value in state.best.items()}
    for number, moments in state.optimiser.state_dict()["state"].items():
        tensors |= {f"{MOMENT}{number} {name}": value for name, value in moments.items()}
    write_safetensors(path, tensors, {"position": json.dumps(asdict(state.position))})


def restore(state: State, path: Path) -> None:
    """Take back what `save` kept; raises ResumeError if the file is damaged."""
    try:
        with safe_open(path, "pt") as file:
            kept = json.loads(file.metadata()["position"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        history = [(learning, stopping) for learning, stopping in kept["history"]]
        state.position = Position(**kept | {"history": history})
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


def _restore_moments(state: State, tensors: Mapping[str, Tensor]) -> None:
    leaves = [leaf for group in state.optimiser.param_groups for leaf in group["params"]]
    found: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(MOMENT):
            number, _, key = name.removeprefix(MOMENT).partition(" ")
            leaf = leaves[int(number)]
            if value.shape == leaf.shape:  # in the leaf's layout, so that steps stay the same
                value = torch.empty_like(leaf, requires_grad=False).copy_(value)
            found.setdefault(int(number), {})[key] = value
    kept = state.optimiser.state_dict()
    state.optimiser.load_state_dict({**kept, "state": found})
