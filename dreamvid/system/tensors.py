"""Tensors in a file that appears whole."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from dreamvid.system.files import whole_file


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Raises OutputError where it cannot be written."""
    # Each a copy of its own: safetensors refuses tensors that share memory.
    owned = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    with whole_file(path) as partial:
        partial.write_bytes(save(owned, metadata))  # its own writer ignores the umask
