"""Readers of weight files, into named tensors and without running code from them.

To add a kind, write a function Path -> {name: Tensor} and name its suffix in READERS.
"""

import math
import pickle
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from dreamvid.errors import ModelError
from dreamvid.models.weights.caffe import read_caffemodel

MAX_BYTES = 2 * 2**30  # unpacked: a zip can hold a thousand times its size
LONGEST_HEADER = 1000  # bytes of an .npy's; numpy takes seconds for 10,000 that are damaged

# Errors that the libraries below raise on a damaged or malicious file.
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    safetensors.SafetensorError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_arrays(path: Path) -> dict[str, Tensor]:
    """Read a weight file's tensors by name, on the CPU.

    Floating numbers of any width become float32; integers, such as a batch norm's count
    of batches, stay as they are. Raises ModelError if the file is missing, of an
    unknown kind, damaged, or holds anything but such tensors.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise ModelError(f"{path} is no weight file that dreamvid reads: {', '.join(READERS)}")
    if not path.is_file():
        raise ModelError(f"{path} is missing, or no file")
    try:
        return {name: _plain(name, tensor) for name, tensor in READERS[suffix](path).items()}
    except pickle.UnpicklingError:
        problem = "holds more than plain tensors, and code in it is not run"
        raise ModelError(f"{path} is damaged, or {problem}") from None
    except DAMAGE as error:
        raise ModelError(f"{path} is damaged, or no {suffix} file: {_one_line(error)}") from None


def _one_line(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join(text.split()).split(". ")[0]  # torch goes on to guess at causes
    return line[:160] if line.isprintable() and line else type(error).__name__


def _plain(name: str, tensor: object) -> Tensor:
    """Convert to float32 or integers; raises ValueError for anything but a dense tensor."""
    if not isinstance(tensor, Tensor):
        raise ValueError(f"{name!r:.60} is a {type(tensor).__name__}, not a tensor")
    if tensor.layout != torch.strided or tensor.device.type != "cpu" or tensor.is_quantized:
        raise ValueError(f"{name!r:.60} is not a plain dense tensor")
    # A view can repeat one number a billion times.
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(f"{name!r:.60} is larger than the numbers stored for it")
    if tensor.is_complex():
        raise ValueError(f"{name!r:.60} holds complex numbers")
    return tensor.detach().float() if tensor.is_floating_point() else tensor.detach()


def _check_unpacked(archive: zipfile.ZipFile) -> None:
    size = sum(entry.file_size for entry in archive.infolist())
    if size > MAX_BYTES:
        raise ValueError(f"it would unpack to {size} bytes, more than {MAX_BYTES}")


def _read_caffe(path: Path) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in read_caffemodel(path).items()}


def _read_npz(path: Path) -> dict[str, Tensor]:
    with zipfile.ZipFile(path) as archive:
        _check_unpacked(archive)
        return {
            entry.filename.removesuffix(".npy"): torch.from_numpy(_read_npy(archive, entry))
            for entry in archive.infolist()
        }


def _read_npy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as file:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file, LONGEST_HEADER)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(file, LONGEST_HEADER)
    if dtype.kind not in "fiub":
        raise ValueError(f"{entry.filename!r:.60} holds {dtype}, not numbers")
    # numpy takes the memory that the header asks for before it reads.
    if not 0 < math.prod(shape) * dtype.itemsize <= entry.file_size:
        raise ValueError(f"{entry.filename!r:.60} declares no numbers, or more than it holds")
    with archive.open(entry) as file:
        array = np.lib.format.read_array(file, allow_pickle=False)
    native = np.dtype(np.float32) if dtype.kind == "f" else dtype.newbyteorder("=")
    with np.errstate(over="ignore"):
        return array.astype(native, copy=False)


def _read_torch(path: Path) -> dict[str, object]:
    """Read a state dict, or the one under "state_dict" in a training checkpoint."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _check_unpacked(archive)
    with warnings.catch_warnings(action="ignore"):  # torch's deprecations
        state = torch.load(path, weights_only=True, map_location="cpu")
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise ValueError("it holds no state dict")
    return state


READERS: dict[str, Callable[[Path], Mapping[str, object]]] = {
    ".safetensors": safetensors.torch.load_file,
    ".npz": _read_npz,
    ".pth": _read_torch,
    ".pt": _read_torch,
    ".caffemodel": _read_caffe,
}
