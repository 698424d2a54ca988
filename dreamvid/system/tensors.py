"""Safetensors files that appear whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from dreamvid.system.files import whole_file


def write_safetensors(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors and metadata; raises OutputError."""
    # Each a copy of its own: safetensors refuses tensors that share memory.
    owned = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}
    with whole_file(path) as partial:
        partial.write_bytes(save(owned, metadata))  # its own writer ignores the umask
