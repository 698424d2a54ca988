"""Arrays with a table of JSON values in one safetensors file, guarded by a digest."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor

from dreamvid.errors import ResumeError
from dreamvid.system.digests import SEAL, arrays_digest

ABOUT = "about"  # the table's name in the file's metadata


def packed(arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> bytes:
    """Bytes of the file."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = json.dumps(about)
    return save(contiguous, {ABOUT: text, SEAL: arrays_digest(contiguous, text)})


def unpacked(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the arrays and the table; raises ResumeError if a single bit is another."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        text = metadata[ABOUT]
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        if metadata[SEAL] != arrays_digest(arrays, text):
            raise ValueError("its digest is another")
        return tensors, json.loads(text)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ResumeError(f"{path} is damaged ({error}); --fresh starts over") from None
