"""The .caffemodel reader, against an encoder of its own and against files Caffe wrote."""

import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dreamvid.errors import ModelError
from dreamvid.models.weights import caffe
from dreamvid.models.weights.caffe import read_caffemodel

# A protobuf encoder, written from the wire format's description.


def varint(value: int) -> bytes:
    value %= 1 << 64  # a negative number is its two's complement
    out = bytearray()
    while value >= 0x80:
        out.append(value % 0x80 + 0x80)
        value //= 0x80
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field * 8) + varint(value)


def message(field: int, content: bytes) -> bytes:
    return varint(field * 8 + 2) + varint(len(content)) + content


def numbers(values, *, packed: bool = True, double: bool = False) -> bytes:
    field, letter, wire = (8, "d", 1) if double else (5, "f", 5)
    flat = [struct.pack(f"<{letter}", value) for value in np.ravel(values)]
    if packed:
        return message(field, b"".join(flat))
    return b"".join(varint(field * 8 + wire) + value for value in flat)


def shape(*dims: int) -> bytes:
    return message(7, message(1, b"".join(map(varint, dims))))


def legacy(*dims: int) -> bytes:
    return b"".join(number(field, dim) for field, dim in enumerate(dims, 1))


def v1(name: str, *blobs: bytes) -> bytes:
    bottom = message(2, b"data")
    return message(2, bottom + message(4, name.encode()) + b"".join(message(6, b) for b in blobs))


def v2(name: str, *blobs: bytes) -> bytes:
    kind = message(2, b"Convolution")
    return message(100, message(1, name.encode()) + kind + b"".join(message(7, b) for b in blobs))


ONE = v2("a", shape(2) + numbers([1, 2]))
PIECES = [
    message(1, b"net"),
    v1("conv", legacy(2, 1, 1, 2) + numbers([1, 2, 3, 4]), legacy(1, 1, 1, 2) + numbers([5, 6])),
    v1("pool"),
    v2("fc", shape(1, 3) + numbers([7, 8, 9], packed=False)),
    number(5, 1),  # force_backward
]
SMALL = b"".join(PIECES)


@pytest.fixture
def read(tmp_path):
    def read_bytes(content: bytes) -> dict[str, np.ndarray]:
        return read_caffemodel(save(tmp_path, content))

    return read_bytes


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("caffe")


def save(folder: Path, content: bytes) -> Path:
    path = folder / "net.caffemodel"
    path.write_bytes(content)
    return path


def same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return found.keys() == expected.keys() and all(
        found[name].dtype == np.float32 and np.array_equal(found[name], expected[name])
        for name in expected
    )


FLOATS = st.floats(width=32, allow_nan=False)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=5, max_side=4)
BLOBS = st.lists(hnp.arrays(np.float32, SHAPES, elements=FLOATS), max_size=4)
NETS = st.dictionaries(st.text(min_size=1, max_size=9), BLOBS, min_size=1, max_size=4)


@pytest.mark.slow
@given(net=NETS, packed=st.booleans(), double=st.booleans())
def test_v2_nets_come_back(folder, net, packed, double):
    encode = lambda blob: shape(*blob.shape) + numbers(blob, packed=packed, double=double)
    content = b"".join(v2(name, *map(encode, blobs)) for name, blobs in net.items())
    entry = ["weight", "bias", "blob2", "blob3"]
    expected = {f"{name}.{entry[n]}": b for name, bs in net.items() for n, b in enumerate(bs)}
    if expected:
        assert same(read_caffemodel(save(folder, content)), expected)
    else:
        with pytest.raises(ModelError, match="no layer with weights"):
            read_caffemodel(save(folder, content))


@given(
    dims=st.tuples(*[st.integers(1, 4)] * 4),
    packed=st.booleans(),
    double=st.booleans(),
    seed=st.integers(0, 99),
)
def test_v1_shapes_lose_their_padding(folder, dims, packed, double, seed):
    out, channels, height, width = dims
    values = np.random.default_rng(seed).normal(size=dims).astype(np.float32)
    matrix, bias = values[0, 0], values[0, 0, 0]
    put = lambda *shape: legacy(*shape) + numbers(values[: shape[0], : shape[1], : shape[2]],
                                                  packed=packed, double=double)  # fmt: skip
    content = v1("ip", put(1, 1, height, width), put(1, 1, 1, width))
    expected = {"ip.weight": matrix, "ip.bias": bias}
    if (out, channels) != (1, 1):
        content += v1("conv", put(*dims))
        expected["conv.weight"] = values
    assert same(read_caffemodel(save(folder, content)), expected)


def test_both_formats_may_share_a_file(read):
    weights = read(SMALL)
    assert {name: array.tolist() for name, array in weights.items()} == {
        "conv.weight": [[[[1, 2]]], [[[3, 4]]]],
        "conv.bias": [5, 6],
        "fc.weight": [[7, 8, 9]],
    }


def test_legacy_shapes_are_read_in_v2_layers_too(read):
    # Caffe's upgrade_net_proto_binary renames the layers and leaves the blobs alone.
    assert read(v2("fc", legacy(1, 1, 1, 3) + numbers([1, 2, 3])))["fc.weight"].shape == (1, 3)


def test_split_and_mixed_numbers_are_joined_in_order(read):
    values = numbers([1, 2]) + numbers([3], packed=False) + numbers([4])
    assert read(v2("a", values + shape(2) + shape(2)))["a.weight"].tolist() == [[1, 2], [3, 4]]


def test_a_scalar_blob_needs_no_shape(read):
    assert read(v2("scale", numbers([3])))["scale.weight"].shape == ()


def test_diff_and_unknown_fields_are_stepped_over(read):
    diff = message(6, struct.pack("<2f", 8, 9))
    odd = number(999, 5) + message(1000, b"\xff\xff") + varint(77 * 8 + 1) + bytes(8)
    assert read(odd + v2("a", diff + odd + shape(2) + numbers([1, 2])))["a.weight"].sum() == 3


def test_arrays_are_the_callers_own(read, tmp_path):
    weights = read(ONE)["a.weight"]
    (tmp_path / "net.caffemodel").write_bytes(bytes(len(ONE)))
    weights += 1
    assert weights.tolist() == [2, 3]


def test_numbers_beyond_float32_become_infinite(read):
    assert np.isposinf(read(v2("a", shape(1) + numbers([1e300], double=True)))["a.weight"]).all()


HOSTILE = {
    "nothing": (b"", "empty"),
    "a JPEG": (bytes.fromhex("ffd8ffe000104a46494600010100000100010000"), "wire type 7"),
    "a prototxt": (b'name: "LeNet"\nlayers {\n  name: "conv1"\n}\n', "wire type"),
    "an npz": (b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(40), "wire type 3"),
    "random bytes": (np.random.default_rng(1).bytes(2000), "damaged"),
    "zeros": (bytes(100), "number 0"),
    "no weights": (v1("pool") + v2("relu"), "no layer with weights"),
    "a gigabyte": (varint(100 * 8 + 2) + varint(1 << 30) + b"\0" * 50, "1073741824 bytes"),
    "an exabyte of floats": (v2("a", varint(5 * 8 + 2) + varint(1 << 62)), "layer 'a', weight"),
    "an endless number": (b"\x08" + b"\xff" * 50, "ten bytes"),
    "a group": (b"\x0b" + ONE, "wire type 3"),
    "a wire type of no kind": (b"\x0f" + ONE, "wire type 7"),
    "too few numbers": (v2("a", shape(2, 2) + numbers([1, 2, 3])), "3 numbers .* 2x2"),
    "too many numbers": (v1("a", legacy(1, 1, 1, 2) + numbers([1, 2, 3])), "3 numbers .* 1x2"),
    "no shape": (v2("a", numbers([1, 2])), "2 numbers"),
    "half a legacy shape": (v1("a", legacy(1, 1) + numbers([1])), "1 numbers"),
    "no numbers": (v2("a", shape(2)), "no numbers"),
    "an empty blob": (v2("a", shape(0, 1 << 62)), "no numbers"),
    "negative dims": (v2("a", shape(-2, -3) + numbers([1] * 6)), "6 numbers"),
    "a negative legacy dim": (v1("a", legacy(-1, 1, -1, 2) + numbers([1, 2])), "2 numbers"),
    "huge dims": (v2("a", shape(1 << 62, 1 << 62) + numbers([1])), "1 numbers"),
    "a shape of 10^5 axes": (v2("a", shape(*[1] * 10**5) + numbers([1])), "more than 32 axes"),
    "half a float": (v2("a", shape(1) + message(5, b"\0\0\0")), "4-byte numbers"),
    "half a double": (v2("a", shape(1) + message(8, b"\0\0\0\0")), "8-byte numbers"),
    "two layers of one name": (ONE + v1("a", legacy(1, 1, 1, 1) + numbers([1])), "two layers"),
    "no name": (v2("", shape(1) + numbers([1])), "no name"),
    "a name of 2000 bytes": (v2("a" * 2000, shape(1) + numbers([1])), "2000 bytes long"),
    "a name of no letters": (message(100, message(1, b"\xff\xfe")), "UTF-8"),
}


@pytest.mark.parametrize("content,problem", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_caffemodel_is_answered_in_one_line(tmp_path, content, problem):
    path = save(tmp_path, content)
    with pytest.raises(ModelError, match=problem) as caught:
        read_caffemodel(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_a_layer_name_cannot_break_the_line(read):
    with pytest.raises(ModelError) as caught:
        read(v2("a\n\x1b[31m", shape(2) + numbers([1])))
    assert str(caught.value).isprintable()


def test_missing_files_and_folders_are_model_errors(tmp_path):
    for path in (tmp_path, tmp_path / "none.caffemodel"):
        with pytest.raises(ModelError, match="missing, or no file"):
            read_caffemodel(path)


def test_arrays_are_counted(read, monkeypatch):
    monkeypatch.setattr(caffe, "MOST_ARRAYS", 3)
    blob = shape(1) + numbers([1])
    assert len(read(v2("a", blob, blob) + v2("b", blob))) == 3
    with pytest.raises(ModelError, match="more than 3 arrays"):
        read(v2("a", blob, blob) + v2("b", blob, blob))


def test_every_truncation_is_noticed_but_between_layers(read):
    readable = {sum(map(len, PIECES[:n])): n for n in (2, 3, 4)}  # a layer with weights before
    for length in range(len(SMALL)):
        if length in readable:
            found = read(SMALL[:length])
            assert ("fc.weight" in found) == (readable[length] == 4)
            assert found["conv.bias"].tolist() == [5, 6]
            continue
        with pytest.raises(ModelError):
            read(SMALL[:length])


@pytest.mark.slow
@settings(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=6
    )
)
def test_changed_bytes_never_escape_as_anything_else(folder, changes):
    content = bytearray(SMALL)
    for at, byte in changes:
        content[at] = byte
    assert_bounded(save(folder, bytes(content)), peak=500_000)


@given(content=st.binary(max_size=200))
def test_random_bytes_never_escape_as_anything_else(folder, content):
    assert_bounded(save(folder, content), peak=500_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        number(3, 1) * 10_000,
        v2("a", numbers([1] * 9_000, packed=False) + shape(9_000)),
        v2("a", numbers(np.ones(50_000)) + shape(50_000)),
        v2("a", numbers([1]) + message(7, message(1, b"")) * 5_000),
        v2("a", *[b""] * 5_000),
    ],
    ids=["tiny fields", "loose floats", "packed floats", "empty shapes", "empty blobs"],
)
def test_time_and_memory_stay_with_the_size_of_the_file(tmp_path, content):
    path = save(tmp_path, content)
    began = time.perf_counter()
    assert_bounded(path, peak=500_000 + 3 * len(content))
    assert time.perf_counter() - began < 20  # a slow, busy core


def assert_bounded(path: Path, *, peak: int) -> None:
    tracemalloc.start()
    try:
        read_caffemodel(path)
    except ModelError as error:
        assert "\n" not in str(error)
    finally:
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert used < peak


# Shapes from the prototxt beside each file: num_output, channels before, kernel_size.
REAL = {
    "lenet_v1_2014": {
        "conv1.weight": (20, 1, 5, 5),
        "conv1.bias": (20,),
        "conv2.weight": (50, 20, 5, 5),
        "conv2.bias": (50,),
        "ip1.weight": (500, 50 * 4 * 4),
        "ip1.bias": (500,),
        "ip2.weight": (10, 500),
        "ip2.bias": (10,),
    },
    "cifar10_quick_v1_2014": {
        "conv1.weight": (32, 3, 5, 5),
        "conv1.bias": (32,),
        "conv2.weight": (32, 32, 5, 5),
        "conv2.bias": (32,),
        "conv3.weight": (64, 32, 5, 5),
        "conv3.bias": (64,),
        "ip1.weight": (64, 64 * 4 * 4),
        "ip1.bias": (64,),
        "ip2.weight": (10, 64),
        "ip2.bias": (10,),
    },
    "mtcnn_det1": {
        "conv1.weight": (10, 3, 3, 3),
        "conv1.bias": (10,),
        "PReLU1.weight": (10,),
        "conv2.weight": (16, 10, 3, 3),
        "conv2.bias": (16,),
        "PReLU2.weight": (16,),
        "conv3.weight": (32, 16, 3, 3),
        "conv3.bias": (32,),
        "PReLU3.weight": (32,),
        "conv4-1.weight": (2, 32, 1, 1),
        "conv4-1.bias": (2,),
        "conv4-2.weight": (4, 32, 1, 1),
        "conv4-2.bias": (4,),
    },
    "mtcnn_det2": {
        "conv1.weight": (28, 3, 3, 3),
        "conv1.bias": (28,),
        "prelu1.weight": (28,),
        "conv2.weight": (48, 28, 3, 3),
        "conv2.bias": (48,),
        "prelu2.weight": (48,),
        "conv3.weight": (64, 48, 2, 2),
        "conv3.bias": (64,),
        "prelu3.weight": (64,),
        "conv4.weight": (128, 64 * 3 * 3),
        "conv4.bias": (128,),
        "prelu4.weight": (128,),
        "conv5-1.weight": (2, 128),
        "conv5-1.bias": (2,),
        "conv5-2.weight": (4, 128),
        "conv5-2.bias": (4,),
        # Trained, and left out of the prototxt: the five landmarks of a face.
        "conv5-3.weight": (10, 128),
        "conv5-3.bias": (10,),
    },
}


@pytest.mark.parametrize("name", REAL)
def test_real_files_have_the_shapes_of_their_prototxt(shared, name):
    weights = read_caffemodel(shared / "caffe" / f"{name}.caffemodel")
    assert {key: array.shape for key, array in weights.items()} == REAL[name]
    assert all(np.isfinite(array).all() for array in weights.values())


def test_lenet_holds_the_numbers_that_caffe_learned(shared):
    path = shared / "caffe" / "lenet_v1_2014.caffemodel"
    weights = read_caffemodel(path)
    # Where two of the runs of floats begin, found with a hex viewer.
    conv1 = np.fromfile(path, "<f4", 500, offset=122).reshape(20, 1, 5, 5)
    ip2 = np.fromfile(path, "<f4", 5000, offset=1704772).reshape(10, 500)
    assert np.array_equal(weights["conv1.weight"], conv1)
    assert np.array_equal(weights["ip2.weight"], ip2)
    # Xavier starts even within sqrt(3 / inputs), that is with this deviation; training moves it
    # little. Not so ip1: Caffe of 2014 took all 400,000 of a matrix's numbers for its inputs.
    for name, inputs in [("conv1", 25), ("conv2", 500), ("ip2", 500)]:
        assert weights[f"{name}.weight"].std() == pytest.approx(inputs**-0.5, rel=0.5)
    for array in weights.values():
        assert 0.001 < array.std() < 0.3 and abs(array).max() < 1 and abs(array.mean()) < 0.1
