"""A direction (a weight for each channel of some layers) and its file.

The file is a .safetensors with a 1-D float array for each layer. Its metadata has the rest; a
file of weights alone is a direction too.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.system.files import check_file, check_writable
from dreamvid.system.tensors import write_safetensors

FORMAT = "dreamvid direction 1"
ABOUT = "dreamvid"  # the metadata's key
SUFFIX = ".safetensors"
LARGEST = 64_000_000  # bytes; the largest network's would be a megabyte
KIND = "a .safetensors file with one array of weights for each layer, a number a channel"

Weights = Float[Tensor, " channels"]
"""Weight of each channel of a layer; negative ones are suppressed."""


@dataclass(frozen=True)
class Direction:
    weights: Mapping[str, Weights]  # by layer
    shares: Mapping[str, float] = field(default_factory=dict)  # of the layers; 1 by default
    model: str = ""  # that it was made for; "" if unknown, as below
    digest: str = ""  # of that model's file, "sha256:..."
    made: str = ""  # labels, photos or words it was made from
    credits: str = ""  # of the photos

    def share(self, layer: str) -> float:
        return self.shares.get(layer, 1.0)


@contextmanager
def checked_out(path: Path) -> Iterator[None]:
    """Check before the work that a direction can be written: raises PresetError or OutputError.

    If the block fails, folders made for the file are removed.
    """
    if path.suffix != SUFFIX:
        raise PresetError("--out", f"{path} does not end in {SUFFIX}", f"such as town{SUFFIX}")
    missing = [folder for folder in path.absolute().parents if not os.path.exists(folder)]
    try:
        check_writable(path)
        yield
    finally:
        for folder in missing:
            with suppress(OSError):  # not empty
                folder.rmdir()


def write_direction(path: Path, direction: Direction) -> None:
    """Write a direction; raises OutputError."""
    about = {
        "format": FORMAT,
        "model": direction.model,
        "model_sha256": direction.digest,
        "made": direction.made,
        "shares": dict(direction.shares),
        "credits": direction.credits,
    }
    arrays = {layer: weights.half() for layer, weights in direction.weights.items()}
    # As one text: safetensors writes several in random order, and so would the file differ.
    write_safetensors(path, arrays, {ABOUT: json.dumps(about, ensure_ascii=False)})


def read_direction(path: Path, *, option: str = "dream.direction") -> Direction:
    """Read a direction; raises PresetError naming `option` for any other file."""
    try:
        check_file(path)
        if path.stat().st_size > LARGEST:
            raise PresetError(option, f"{path} is too large for a direction", KIND)
        with safe_open(path, framework="pt") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise PresetError(option, f"{path} does not exist", KIND) from None
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PresetError(option, f"{path} cannot be read: {reason}", KIND) from None
    for name, array in arrays.items():
        if array.ndim != 1 or not array.is_floating_point() or not bool(array.isfinite().all()):
            raise PresetError(option, f"{name} in {path} is no list of numbers", KIND)
    if not any(bool(array.any()) for array in arrays.values()):
        raise PresetError(option, f"{path} holds no weight other than 0", KIND)
    weights = {name: array.float() for name, array in arrays.items()}
    if ABOUT not in metadata:
        return Direction(weights)
    try:
        about = json.loads(metadata[ABOUT])
        if about["format"] != FORMAT:
            raise ValueError
        shares = _shares(about["shares"], weights)
        return Direction(
            {layer: weights[layer] for layer in shares},  # in the order they were made in
            shares=shares,
            model=str(about["model"]),
            digest=str(about["model_sha256"]),
            made=str(about["made"]),
            credits=str(about["credits"]),
        )
    except (ArithmeticError, KeyError, ValueError, TypeError, RecursionError):
        problem = f"{path} says of itself what this version does not understand"
        raise PresetError(option, problem, "make it again with `dreamvid direction`") from None


def _shares(table: Any, weights: Mapping[str, Weights]) -> dict[str, float]:
    shares = {layer: float(share) for layer, share in dict(table).items()}
    if shares.keys() != weights.keys() or not all(0 < share <= 1e6 for share in shares.values()):
        raise ValueError
    return shares
