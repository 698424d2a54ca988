"""Weight files of every kind: what they hold comes back, what they must not hold is refused."""

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from dreamvid.errors import ModelError, OutputError
from dreamvid.models.weights import readers as arrays
from dreamvid.models.weights.readers import READERS, read_arrays
from dreamvid.system.tensors import write_safetensors


def write_npz(path: Path, tensors: dict[str, Tensor]) -> None:
    named: dict[str, Any] = {name: tensor.numpy() for name, tensor in tensors.items()}
    with path.open("wb") as file:  # by name, savez would add a second suffix
        np.savez(file, **named)


def write_caffe(path: Path, tensors: dict[str, Tensor]) -> None:
    """One V2 layer of two blobs, by the wire format: for arrays of fewer than 20 numbers."""
    message = lambda key, content: bytes([*key, len(content)]) + content
    blobs = b""
    for tensor in tensors.values():
        values = message([5 * 8 + 2], tensor.numpy().astype("<f4").tobytes())
        shape = message([7 * 8 + 2], message([8 + 2], bytes(tensor.shape)))
        blobs += message([7 * 8 + 2], values + shape)
    path.write_bytes(message([100 * 8 % 128 + 128 + 2, 100 * 8 // 128], b"\x0a\x01a" + blobs))


WRITERS = {
    ".safetensors": lambda path, tensors: write_safetensors(path, tensors, {}),
    ".npz": write_npz,
    ".pth": lambda path, tensors: torch.save(tensors, path),
    ".pt": lambda path, tensors: torch.save(tensors, path),
    ".caffemodel": write_caffe,
}


@pytest.fixture
def tensors() -> dict[str, Tensor]:
    return {
        "a.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 7,
        "a.bias": torch.tensor([1.0, -2.0]),
    }


@pytest.fixture
def refused(tmp_path):
    """Check that a file of these bytes is answered in one line that names it; give the line."""

    def check(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelError) as caught:
            read_arrays(path)
        line = str(caught.value)
        assert line.startswith(str(path)) and line.isprintable() and len(line) < 400
        return line

    return check


def saved(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy(header: dict[str, object], content: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + content


@pytest.mark.parametrize("suffix", READERS)
def test_every_kind_gives_the_same_arrays(tmp_path, tensors, suffix):
    path = tmp_path / f"net{suffix.upper()}"
    WRITERS[suffix](path, tensors)
    found = read_arrays(path)
    assert found.keys() == tensors.keys()
    assert_close(found, tensors, rtol=0, atol=0)


@pytest.mark.parametrize("suffix", READERS)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_changed_byte_never_escapes_as_anything_else(tmp_path_factory, suffix, at, byte):
    path = tmp_path_factory.getbasetemp() / f"changed{suffix}"
    WRITERS[suffix](path, {"a.weight": torch.ones(2, 3), "a.bias": torch.ones(2)})
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content)
    try:
        read_arrays(path)
    except ModelError as error:
        assert str(error).isprintable()


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_cut_file_is_refused(tmp_path, refused, tensors, suffix, share):
    path = tmp_path / f"net{suffix}"
    WRITERS[suffix](path, tensors)
    content = path.read_bytes()
    refused(path.name, content[: int(len(content) * share)])


FOREIGN = [
    b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(50),
    b"not weights\n" * 9,
    bytes(300),
    b"PK\x03\x04",
]


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("content", FOREIGN, ids=["jpeg", "text", "zeros", "zip"])
def test_a_foreign_file_is_refused(refused, suffix, content):
    assert "damaged" in refused(f"net{suffix}", content)


def test_floats_become_float32_and_integers_stay(tmp_path):
    path = tmp_path / "net.npz"
    values = {"half": np.float16(1.5), "double": np.float64(1.5), "big": np.array([1.5], ">f8")}
    np.savez(path, **values, batches=np.int64(7), swapped=np.array([7], ">i4"))
    found = read_arrays(path)
    assert {found[name].dtype for name in values} == {torch.float32}
    assert {float(found[name]) for name in values} == {1.5}
    assert found["batches"].dtype == torch.int64 and found["batches"] == 7
    assert found["swapped"].dtype == torch.int32 and found["swapped"] == 7


def test_bfloat16_becomes_float32(tmp_path):
    torch.save({"a": torch.tensor([1.5], dtype=torch.bfloat16)}, tmp_path / "net.pth")
    assert read_arrays(tmp_path / "net.pth")["a"].dtype == torch.float32


def test_a_network_comes_back_from_its_checkpoint(tmp_path):
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    for state in (network.state_dict(), {"epoch": 3, "state_dict": network.state_dict()}):
        torch.save(state, tmp_path / "net.pth")
        found = read_arrays(tmp_path / "net.pth")
        assert_close(found, dict(network.state_dict()), rtol=0, atol=0)
        assert found["1.num_batches_tracked"].dtype == torch.int64
        assert not any(tensor.requires_grad for tensor in found.values())


def test_torch_files_of_before_1_6_are_read(tmp_path, tensors):
    torch.save(tensors, tmp_path / "net.pth", _use_new_zipfile_serialization=False)
    assert_close(read_arrays(tmp_path / "net.pth"), tensors)


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("wrap", [saved, pickle.dumps], ids=["torch", "pickle"])
def test_code_in_a_torch_file_is_not_run(tmp_path, refused, wrap):
    line = refused("net.pth", wrap({"a": Touch(tmp_path / "ran")}))
    assert "code in it is not run" in line
    assert not (tmp_path / "ran").exists()


def test_code_in_an_npz_is_not_run(tmp_path, refused):
    objects = npy({"descr": "|O", "fortran_order": False, "shape": (1,)})
    content = zipped({"a.npy": objects + pickle.dumps(Touch(tmp_path / "ran"))})
    assert "not numbers" in refused("net.npz", content)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "state,problem",
    [
        (torch.zeros(3), "no state dict"),
        ({"state_dict": 5}, "no state dict"),
        ({1: torch.zeros(3)}, "no state dict"),
        ({"a": 5}, "'a' is a int, not a tensor"),
        ({"a": torch.zeros(1).expand(10**6, 10**6)}, "'a' is larger than the numbers stored"),
        ({"a": torch.zeros(10**6, 10**6, device="meta")}, "'a' is not a plain dense tensor"),
        ({"a": torch.eye(3).to_sparse()}, "'a' is not a plain dense tensor"),
        ({"a": torch.zeros(3, dtype=torch.complex64)}, "'a' holds complex numbers"),
    ],
)
def test_torch_files_of_anything_but_plain_tensors_are_refused(refused, state, problem):
    assert problem in refused("net.pth", saved(state))


@pytest.mark.filterwarnings("ignore:.*torch.jit")
def test_torchscript_is_refused(refused):
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    refused("net.pt", buffer.getvalue())


@pytest.mark.parametrize("shape", [(10**12,), (2, 2), (10**12, 10**12), (-1, -2), (2**63, 0), (0,)])
def test_an_npz_header_that_asks_for_more_than_is_there_is_refused(refused, shape):
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    refused("net.npz", zipped({"a.npy": npy(header, bytes(8))}))


@pytest.mark.parametrize("suffix", [".npz", ".pth"])
def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is(refused, monkeypatch, suffix):
    content = zipped({f"{n}.npy": bytes(400_000) for n in range(3)})
    monkeypatch.setattr(arrays, "MAX_BYTES", 10**6)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was unpacked"))
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was unpacked"))
    assert "more than 1000000" in refused(f"net{suffix}", content)


def safetensors_file(header: dict[str, object], content: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 50) + b'{"a":',
        safetensors_file({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 2**40]}}),
        safetensors_file({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 8]}}, bytes(8)),
        safetensors_file({"a": {"dtype": "X", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
    ],
    ids=["length", "cut", "offsets", "shape", "dtype"],
)
def test_a_damaged_safetensors_header_is_refused(refused, content):
    assert "no .safetensors file" in refused("net.safetensors", content)


def test_an_unknown_suffix_is_answered_with_those_accepted(refused):
    line = refused("net.onnx", b"")
    assert all(suffix in line for suffix in READERS)


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ModelError, match=r"none\.npz is missing"):
        read_arrays(tmp_path / "none.npz")


def test_written_files_hold_tensors_and_text(tmp_path, tensors):
    path = tmp_path / "new" / "city.safetensors"
    write_safetensors(path, tensors, {"city": "Bergen"})
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata() == {"city": "Bergen"}
        assert_close({name: file.get_tensor(name) for name in file.keys()}, tensors)  # noqa: SIM118
    assert list(path.parent.iterdir()) == [path]


def test_tensors_that_share_memory_or_stride_are_written(tmp_path):
    base = torch.arange(6.0).reshape(2, 3)
    views = {"a": base, "b": base, "c": base.T, "d": base[1:], "e": torch.nn.Parameter(base)}
    write_safetensors(tmp_path / "a.safetensors", views, {})
    found = read_arrays(tmp_path / "a.safetensors")
    assert {name: tensor.tolist() for name, tensor in found.items()} == {
        name: tensor.tolist() for name, tensor in views.items()
    }


def test_a_failed_write_leaves_the_old_file(tmp_path, tensors, monkeypatch):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, tensors, {})

    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"a\.safetensors: .*No space left"):
        write_safetensors(path, {}, {})
    assert list(tmp_path.iterdir()) == [path]
    assert_close(read_arrays(path), tensors)


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path, tensors):
    (tmp_path / "file").touch()
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("file/a.safetensors", "folder.safetensors"):
        with pytest.raises(OutputError, match="cannot be written"):
            write_safetensors(tmp_path / name, tensors, {})
    assert len(list(tmp_path.iterdir())) == 2


def test_the_real_googlenet_is_read(shared):
    found = read_arrays(shared / "weights" / "bvlc_googlenet.npz")
    assert len(found) == 2 * (3 + 9 * 6 + 1)  # weight and bias: stem, inceptions, classifier
    assert found["conv1/7x7_s2.weight"].shape == (64, 3, 7, 7)
    assert found["loss3/classifier.weight"].shape[:2] == (1000, 1024)
    assert all(tensor.isfinite().all() for tensor in found.values())


@pytest.mark.parametrize("header", ["(" * 300, "{'descr': '<f4", " " * 5000 + "{}"])
def test_an_npys_header_that_is_no_table_is_refused(header, tmp_path):
    """numpy raises tokenize's own error for the first, and takes long for a long one."""
    path = tmp_path / "net.npz"
    with zipfile.ZipFile(path, "w") as file:
        size = struct.pack("<H", len(header))
        file.writestr("a.npy", b"\x93NUMPY\1\0" + size + header.encode() + bytes(64))
    with pytest.raises(ModelError, match="is damaged, or no"):
        read_arrays(path)
