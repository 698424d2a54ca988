"""Harmed weight files of every kind, and what lies in files like them: cities, directions."""

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from safetensors.torch import save, save_file

from dreamvid.errors import DreamvidError
from dreamvid.models.directions.direction import Direction, read_direction, write_direction
from dreamvid.models.head import Head
from dreamvid.models.networks.city import City, is_city, read_city, summary, write_city
from dreamvid.models.networks.googlenet import shapes
from dreamvid.models.preprocessing import Pixels
from dreamvid.models.weights import store
from dreamvid.models.weights.install import install
from dreamvid.models.weights.readers import read_arrays
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.mutate import CONTROL, LARGE, TEXTS, mutated_bytes, mutated_table


def tiny() -> dict[str, np.ndarray]:
    """A GoogLeNet by its names, to get as far as its shapes."""
    rng = np.random.default_rng(1)
    names = list(shapes())
    arrays = {name: rng.random((2, 1) if "weight" in name else 2, np.float32) for name in names}
    return arrays | {"loss3/classifier.bias": np.zeros(3, np.float16)}


def few() -> dict[str, np.ndarray]:
    return {"conv1/7x7_s2.weight": np.ones((2, 3, 1, 1), np.float32), "b": np.arange(4)}


def _installing(folder: Path, path: Path) -> Case:
    """As `models import` does; read alone first, for what installing would not look at."""
    os.environ["DREAMVID_HOME"] = str(folder / "home")

    def case() -> None:
        with suppress(DreamvidError):
            read_arrays(path)
        install(path)

    return case


# .caffemodel, by an encoder of protobuf that can also lie.


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value % 0x80 + 0x80)
        value //= 0x80
    return bytes([*out, value])


def _message(field: int, content: bytes, length: int | None = None) -> bytes:
    return _varint(field * 8 + 2) + _varint(len(content) if length is None else length) + content


def _caffe_file(rng: Random, arrays: Mapping[str, np.ndarray], lies: float) -> bytes:
    """Layers of the old kind or the new one, now and then with numbers that lie."""

    def lie(number: int) -> int:
        if rng.random() >= lies:
            return number
        return rng.choice((*LARGE, number + 1, max(0, number - 1), number * 2))

    name_field, blobs_field, layer_field = rng.choice(((4, 6, 2), (1, 7, 100)))
    layers = []
    for name in dict.fromkeys(key.rpartition(".")[0] for key in arrays):
        blobs = b""
        for key in (f"{name}.weight", f"{name}.bias"):
            if key in arrays:
                data = arrays[key].astype("<f4").tobytes()
                dims = b"".join(_varint(lie(dim)) for dim in arrays[key].shape)
                shape = _message(7, _message(1, dims))
                if rng.random() < 0.3:
                    shape = b"".join(
                        _varint(field * 8) + _varint(lie(dim))
                        for field, dim in enumerate(arrays[key].shape, 1)
                    )
                data = _message(5, data, lie(len(data)))
                blobs += _message(blobs_field, shape + data, lie(len(shape + data)))
        text = (rng.choice((*TEXTS, *CONTROL)) if rng.random() < lies else name).encode(
            "utf-8", "surrogatepass"
        )
        layers.append(_message(layer_field, _message(name_field, text) + blobs))
    return b"".join(layers)


def caffe(folder: Path) -> Make:
    path, arrays = folder / "net.caffemodel", (tiny(), few())

    def make(rng: Random) -> Case:
        data = _caffe_file(rng, rng.choice(arrays), rng.choice((0, 0.01, 0.2)))
        path.write_bytes(mutated_bytes(rng, data) if rng.random() < 0.7 else data)
        return _installing(folder, path)

    return make


NPY = ("<f4", "|O", "<c8", "<M8[s]", ">i2", "|V9", "<f16", "S9999999", "[('a','<f4')]")
ODD_HEADERS = ("(" * 3000, "__import__('os')", "{" * 99, "9" * 5000, "'" * 999)


def npz(folder: Path) -> Make:
    """The numbers' headers, the archive around them, and what is packed in it."""
    path = folder / "net.npz"
    arrays = {"a": np.ones((2, 3), np.float32), "b": np.arange(4), "c": np.zeros((), np.float64)}

    def member(rng: Random, array: np.ndarray) -> bytes:
        kept = io.BytesIO()
        np.lib.format.write_array(kept, array, version=rng.choice(((1, 0), (2, 0))))
        data = kept.getvalue()
        if rng.random() < 0.5:
            return mutated_bytes(rng, data)
        dims = ", ".join(str(rng.choice((*LARGE, -1, 2, 3))) for _ in range(rng.choice((1, 2, 40))))
        kind = rng.choice(
            ("<f4", "|O", "<c8", "<M8[s]", ">i2", "|V9", "<f16", "S9999999", "[('a','<f4')]")
        )
        header = (
            f"{{'descr': {kind!r}, 'fortran_order': {rng.random() < 0.3}, 'shape': ({dims},), }}"
        )
        if rng.random() < 0.3:
            header = rng.choice(
                ("(" * 3000, "__import__('os')", "{" * 99, "9" * 5000, header + " " * 9000)
            )
        length = rng.choice((len(header), len(header), *LARGE[:8]))
        return b"\x93NUMPY\1\0" + struct.pack("<H", length % 65536) + header.encode() + bytes(64)

    def make(rng: Random) -> Case:
        kept = io.BytesIO()
        with zipfile.ZipFile(
            kept, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        ) as file:
            for name, array in arrays.items():
                name = (
                    rng.choice(("../", "/etc/", "\x1b[2J", "a" * 500)) + name
                    if rng.random() < 0.1
                    else name
                )
                file.writestr(f"{name}.npy", member(rng, array))
            if rng.random() < 0.05:
                file.writestr("bomb.npy", bytes(20_000_000))
        data = kept.getvalue()
        path.write_bytes(mutated_bytes(rng, data) if rng.random() < 0.4 else data)
        return _installing(folder, path)

    return make


def _harmed_header(rng: Random, data: bytes) -> bytes:
    """A .safetensors with another header, whose length is right but now and then."""
    (length,) = struct.unpack("<Q", data[:8])
    table = mutated_table(rng, json.loads(data[8 : 8 + length]))
    said = table.get("__metadata__") if isinstance(table, dict) else None
    said = said if isinstance(said, dict) else {}
    for key, text in list(said.items()):
        with suppress(ValueError, TypeError, RecursionError):
            said[key] = json.dumps(mutated_table(rng, json.loads(text)))
    header = json.dumps(table).encode()
    length = rng.choice((*LARGE,)) if rng.random() < 0.1 else len(header)
    return struct.pack("<Q", length) + header + data[8 + struct.unpack("<Q", data[:8])[0] :]


def _harmed_tensors(rng: Random, data: bytes) -> bytes:
    return mutated_bytes(rng, data) if rng.random() < 0.3 else _harmed_header(rng, data)


def safetensors(folder: Path) -> Make:
    path = folder / "net.safetensors"
    sound = [
        save({name: torch.from_numpy(array) for name, array in arrays.items()}, {"format": "pt"})
        for arrays in (tiny(), few())
    ]

    def make(rng: Random) -> Case:
        path.write_bytes(_harmed_tensors(rng, rng.choice(sound)))
        return _installing(folder, path)

    return make


class _Harm:
    """What a file would do if it could: a program run, which the guard would see."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("true",)


def torch_files(folder: Path) -> Make:
    """A state dict's pickle, harmed within its sound archive or with it; and pickles that act."""
    path = folder / "net.pth"
    tensors = {name: torch.from_numpy(array) for name, array in few().items()}
    sound = []
    for state in (tensors, {"state_dict": tensors, "epoch": 3}, [1, 2], {"a": [3, "x"]}):
        for new in (True, False):
            kept = io.BytesIO()
            torch.save(state, kept, _use_new_zipfile_serialization=new)
            sound.append(kept.getvalue())
    acting = pickle.dumps({"a": _Harm()})

    def repacked(rng: Random, data: bytes) -> bytes:
        kept = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w") as new:
            for entry in old.infolist():
                content = old.read(entry)
                if entry.filename.endswith("data.pkl"):
                    content = acting if rng.random() < 0.1 else mutated_bytes(rng, content)
                new.writestr(entry, content)
        return kept.getvalue()

    def make(rng: Random) -> Case:
        data = rng.choice((*sound, acting))
        if data[:2] == b"PK" and rng.random() < 0.6:
            data = repacked(rng, data)
        elif data is not acting:
            data = mutated_bytes(rng, data)
        path.write_bytes(data)
        return _installing(folder, path)

    return make


def cities(folder: Path) -> Make:
    path = folder / "town.safetensors"
    head = Head("inception_5b/output", torch.ones(4, 6), torch.zeros(4))
    pixels = Pixels(255.0, (1.0, 2.0, 3.0), (1.0, 1.0, 1.0), True)
    write_city(
        City("googlenet", "googlenet", "0" * 64, pixels, {"a.weight": torch.ones(2, 2)}, head,
             ("harbour", "tower"), torch.ones(2, 4), {"credits": "photos: nobody"}),
        path,
    )  # fmt: skip
    sound = path.read_bytes()

    def make(rng: Random) -> Case:
        path.write_bytes(_harmed_tensors(rng, sound))
        installing = _installing(folder, path)

        def case() -> None:
            is_city(path)
            line = "".join(summary(path))
            assert len(line) < 1500
            with suppress(DreamvidError):
                installing()
            read_city(path)

        return case

    return make


def directions(folder: Path) -> Make:
    """A direction's file, and a model's record beside its weights."""
    path, models = folder / "town.safetensors", folder / "home" / "models"
    models.mkdir(parents=True, exist_ok=True)
    write_direction(
        path,
        Direction(
            {"a/b": torch.ones(4), "c": torch.rand(3)}, {"a/b": 1.0, "c": 0.5}, "lite0", "sha256:0"
        ),
    )
    sound = path.read_bytes()
    save_file({"a": torch.ones(2)}, models / "mine.safetensors")
    kept = {"architecture": "lite", "base": "googlenet", "sha256": "0" * 64, "from": "x"}

    def make(rng: Random) -> Case:
        os.environ["DREAMVID_HOME"] = str(folder / "home")
        path.write_bytes(_harmed_tensors(rng, sound))
        said = kept | {"architecture": rng.choice(("lite", "city", "googlenet"))}
        aims = rng.random() < 0.6
        text = json.dumps(mutated_table(rng, said)).encode()
        (models / "mine.json").write_bytes(mutated_bytes(rng, text) if rng.random() < 0.3 else text)

        def case() -> None:
            if aims:
                read_direction(path)
            else:
                store.load_arrays("mine")

        return case

    return make


FAMILIES = {
    "caffe": Family(450, caffe),
    "npz": Family(300, npz),
    "safetensors": Family(200, safetensors),
    "torch_files": Family(150, torch_files),
    "cities": Family(150, cities),
    "directions": Family(150, directions),
}
