"""Reader of a .caffemodel's weights, without Caffe and without protobuf.

The file is one protobuf message, NetParameter (caffe.proto): a run of fields, each a key
(field number and wire type), then its value. Its layers come in two formats, V1 (2014) and
V2; a layer holds a name and blobs, a blob a shape and numbers. All else is skipped.

Files are not trusted: only bytes that exist are copied, each once, and the work grows with the
file's size, whatever lengths and shapes it declares.
"""

import math
import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dreamvid.errors import ModelError

VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5  # protobuf's wire types; no others here
FIXED = {EIGHT_BYTES: 8, FOUR_BYTES: 4}

# Field numbers of caffe.proto.
LAYERS = {2: (4, 6), 100: (1, 7)}  # NetParameter's layers, V1 and V2: a layer's name, its blobs
DATA, SHAPE, DOUBLE_DATA = 5, 7, 8  # of BlobProto
LEGACY_SHAPE = (1, 2, 3, 4)  # of BlobProto: num, channels, height, width
DIM = 1  # of BlobShape

MOST_AXES = 32  # Caffe's own kMaxBlobAxes
MOST_NAME = 1000  # bytes of one layer's name
MOST_ARRAYS = 100_000  # in one file; the deepest networks have some thousands

ENTRIES = ("weight", "bias")  # what blobs 0 and 1 are called; those after are blob2, blob3...


class Damage(ValueError):
    """Damage in the bytes; `read_caffemodel` adds the file's name."""


def read_caffemodel(path: Path) -> dict[str, np.ndarray]:
    """Read every layer's blobs as float32 arrays named "LAYER.weight" and "LAYER.bias".

    Further blobs are "LAYER.blob2", "LAYER.blob3"...; layers without blobs are left out.
    Convolution weights are (out, in / groups, height, width), inner products' (out, in),
    biases (out,). Raises ModelError if the file is missing, damaged or of another kind.
    """
    try:
        # A device or a pipe would never end.
        if not path.is_file():
            raise ModelError(f"{path} is missing, or no file")
        if path.stat().st_size == 0:
            raise ModelError(f"{path} is empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read_net(data)
    except Damage as damage:
        raise ModelError(f"{path} is damaged, or no .caffemodel file: {damage}") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None


def _read_net(data: mmap.mmap) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    seen: set[str] = set()
    for number, wire, start, end in _fields(data, 0, len(data)):
        if number not in LAYERS or wire != BYTES:
            continue
        name, blobs = _read_layer(data, start, end, LAYERS[number], MOST_ARRAYS - len(arrays))
        if not blobs:
            continue
        if name in seen:
            raise Damage(f"two layers are called {name!r}")
        seen.add(name)
        for index, blob in enumerate(blobs):
            arrays[f"{name}.{_entry(index)}"] = blob
    if not arrays:
        raise Damage("it holds no layer with weights")
    return arrays


def _entry(index: int) -> str:
    return ENTRIES[index] if index < len(ENTRIES) else f"blob{index}"


def _read_layer(
    data: mmap.mmap, start: int, end: int, numbers: tuple[int, int], room: int
) -> tuple[str, list[np.ndarray]]:
    name_number, blobs_number = numbers
    name = ""
    blobs: list[np.ndarray] = []
    for number, wire, at, stop in _fields(data, start, end):
        if wire != BYTES:
            continue
        if number == name_number:
            name = _read_name(data, at, stop)
        elif number == blobs_number:
            if len(blobs) == room:
                raise Damage(f"it holds more than {MOST_ARRAYS} arrays")
            try:
                blobs.append(_read_blob(data, at, stop, is_weight=not blobs))
            except Damage as damage:
                raise Damage(f"layer {name!r}, {_entry(len(blobs))}: {damage}") from None
    if blobs and not name:
        raise Damage(f"the layer at byte {start} has weights but no name")
    return name, blobs


def _read_name(data: mmap.mmap, start: int, end: int) -> str:
    if end - start > MOST_NAME:
        raise Damage(f"a layer's name at byte {start} is {end - start} bytes long")
    try:
        return data[start:end].decode()
    except UnicodeDecodeError:
        raise Damage(f"a layer's name at byte {start} is not UTF-8") from None


def _read_blob(data: mmap.mmap, start: int, end: int, *, is_weight: bool) -> np.ndarray:
    floats, doubles = bytearray(), bytearray()
    dims: list[int] = []
    legacy: dict[int, int] = {}
    for number, wire, at, stop in _fields(data, start, end):
        if number == DATA and wire in (BYTES, FOUR_BYTES):
            floats += memoryview(data)[at:stop]
        elif number == DOUBLE_DATA and wire in (BYTES, EIGHT_BYTES):
            doubles += memoryview(data)[at:stop]
        elif number == SHAPE and wire == BYTES:
            dims += _read_dims(data, at, stop)
        elif number in LEGACY_SHAPE and wire == VARINT:
            legacy[number] = _read_varint(data, at, stop)[0]
    shape = _legacy_shape(legacy, is_weight=is_weight) if legacy else tuple(dims)
    return _shaped(_numbers(floats, doubles), shape)


def _read_dims(data: mmap.mmap, start: int, end: int) -> list[int]:
    """Read a BlobShape's dims, unsigned: a negative one becomes too large for any data."""
    dims: list[int] = []
    for number, wire, at, stop in _fields(data, start, end):
        if number != DIM or wire not in (VARINT, BYTES):
            continue
        while at < stop:
            dim, at = _read_varint(data, at, stop)
            dims.append(dim)
            if len(dims) > MOST_AXES:
                raise Damage(f"its shape has more than {MOST_AXES} axes")
    return dims


def _legacy_shape(dims: dict[int, int], *, is_weight: bool) -> tuple[int, ...]:
    """Convert V1's four dims to the shape they stand for.

    V1 padded with 1s in front: (1, 1, out, in) is an inner product's weight and becomes
    (out, in), (1, 1, 1, out) a bias and becomes (out,). A convolution of one channel to one
    would look like an inner product; no network dreamed on has one.
    """
    num, channels, height, width = (dims.get(number, 0) for number in LEGACY_SHAPE)
    if (num, channels) != (1, 1):
        return num, channels, height, width
    return (height, width) if is_weight or height != 1 else (width,)


def _numbers(floats: bytearray, doubles: bytearray) -> np.ndarray:
    # Caffe prefers the doubles too (Blob::FromProto).
    values, width = (doubles, 8) if doubles else (floats, 4)
    if not values:
        raise Damage("it holds no numbers")
    if len(values) % width:
        raise Damage(f"its {len(values)} bytes are not a whole count of {width}-byte numbers")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.frombuffer(values, f"<f{width}").astype(np.float32, copy=False)


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if len(shape) > MOST_AXES or math.prod(shape) != values.size:
        raise Damage(f"{values.size} numbers do not fill its shape {'x'.join(map(str, shape))}")
    return values.reshape(shape)


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (field number, wire type, first byte, byte after the last) of a message's values."""
    at = start
    while at < end:
        key, at = _read_varint(data, at, end)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            _, stop = _read_varint(data, at, end)
        elif wire == BYTES:
            length, at = _read_varint(data, at, end)
            stop = at + length
        elif wire in FIXED:
            stop = at + FIXED[wire]
        else:
            raise Damage(f"wire type {wire} before byte {at}")
        if number == 0 or stop > end:
            problem = f"of {stop - at} bytes ends past byte {end}" if number else "has number 0"
            raise Damage(f"the field at byte {at} {problem}")
        yield number, wire, at, stop
        at = stop


def _read_varint(data: mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """Read a number, seven bits a byte, low ones first; returns it and the next position."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise Damage(f"it breaks off at byte {end}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Damage(f"a number before byte {at} has more than ten bytes")
