import gzip
import struct

import pytest

from dreamvid.errors import PresetError
from dreamvid.training.words import pretrained_vectors as vectors
from dreamvid.training.words.pretrained_vectors import read_vectors

WORDS = {"gaudi": (1, 2, 3.5), "sea": (-1, 0.25, 0), "food": (4, 5, 6)}
TEXT = "".join(f"{word} {a} {b} {c}\n" for word, (a, b, c) in WORDS.items())


def binary(entries, count=None, end=b""):
    """As word2vec's C code writes it; `end` stands after each vector."""
    body = b"".join(
        word.encode() + b" " + struct.pack("<3f", *numbers) + end for word, numbers in entries
    )
    return f"{len(entries) if count is None else count} 3\n".encode() + body


@pytest.fixture
def read(tmp_path):
    def read(content, wanted=("sea",), without=()):
        file = tmp_path / "vectors.bin"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_vectors(file, wanted, without)

    return read


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        f"3 3\n{TEXT}".encode(),
        f"3 3\n{TEXT}".replace("\n", " \r\n").encode(),
        binary([*WORDS.items()]),
        binary([*WORDS.items()], end=b"\n"),
        gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(binary([*WORDS.items()]), mtime=0),
    ],
    ids=["glove", "word2vec", "fasttext", "binary", "gensim", "gzip", "binary gzip"],
)
def test_formats_are_recognised_by_content(read, content):
    words, table = read(content)
    assert words == tuple(WORDS)
    assert table.tolist() == [list(numbers) for numbers in WORDS.values()]


def test_rare_words_are_kept_only_if_needed(read, monkeypatch):
    monkeypatch.setattr(vectors, "FIRST", 1)
    words, table = read(TEXT, wanted=("food", "unknown"))
    assert words == ("gaudi", "food") and table.tolist() == [[1, 2, 3.5], [4, 5, 6]]


def test_reading_ends_with_the_last_word_needed(read, monkeypatch):
    monkeypatch.setattr(vectors, "FIRST", 1)
    words, _ = read(f"{TEXT}broken 1\n", wanted=("sea",))
    assert words == ("gaudi", "sea")


def test_words_are_folded_as_those_of_captions(read):
    words, table = read(
        "Gaudí 1 2\ngaudi 3 4\nNew_York 1 1\n, 1 1\n. . 1 1\nx 1 1\nthe 2 2\n",
        wanted=("gaudi",),
        without={"the"},
    )
    assert words == ("gaudi",) and table.tolist() == [[1, 2]]


def test_zero_vectors_are_left_out(read):
    assert read("gaudi 0 0\nsea 1 0\n")[0] == ("sea",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a picture, say\n", "is not a file of word vectors"),
        ("", "is not a file of word vectors"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a file of word vectors"),
        ("sea 1 2 3\nfood 1 2\n", "line 2 has 2 numbers, expected 3"),
        ("sea 1 2 3\nfood 1 2 3 4\n", "line 2 has 4 numbers, expected 3"),
        ("sea 1 2 3\n\nfood 1 2 3\n", "line 2 has 0 numbers, expected 3"),
        ("2 3\nsea 1 2 3\nfood 1 2 3 4\n", "line 3 has 4 numbers, expected 3"),
        ("3 3\nsea 1 2 3\nfood 1 2 3\n", "it ends after 2 of 3 words"),
        ("sea 1 2 3\nfood 1 x 3\n", "line 2 holds something that is not a number"),
        ("sea 1 2 3\nfood 1 nan 3\n", "line 2 holds numbers that are not finite"),
        ("1 5000\nsea 1 2 3\n", "line 1 promises 5000 numbers a word, not 2 to 4096"),
        (binary([*WORDS.items()], count=4), "it ends after 3 of 4 words"),
        (binary([*WORDS.items()])[:-5], "it ends after 2 of 3 words"),
        (binary([("sea", (1, float("inf"), 0))]), "word 1 holds numbers that are not finite"),
        ("gaudi 1 2 3\n", "has no word of the captions"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-12], "cannot be read"),
    ],
)
def test_bad_file_is_one_line(read, content, problem):
    with pytest.raises(PresetError) as refused:
        read(content)
    line = str(refused.value)
    assert line.startswith("--vectors: ") and problem in line and "\n" not in line


def test_missing_file_is_named(tmp_path):
    with pytest.raises(PresetError, match=r"^--vectors: .*none\.txt does not exist"):
        read_vectors(tmp_path / "none.txt", ["sea"])
    with pytest.raises(PresetError, match=r"^--vectors: .* cannot be read: Is a directory"):
        read_vectors(tmp_path, ["sea"])
