"""Pretrained word vectors from a file.

Three formats are recognised by content: word2vec's text and binary, which begin with two numbers,
and GloVe's text, which begins with a word. Each may be packed by gzip. A file is read word by
word, and only the vectors needed are kept.
"""

import gzip
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.training.data.cleaning import LONGEST, SHORTEST, tokens

FIRST = 10_000  # words kept even if no caption has them: the frequent ones
WIDEST = 4096  # dimensions, at most
LINE = 1 << 17  # bytes, at most, of a line and of a word
GZIP = b"\x1f\x8b"
KINDS = "word2vec text or binary, or GloVe text; any of them in gzip"


@dataclass(frozen=True)
class Entry:
    """A word of a file with its numbers, not parsed yet."""

    where: str
    word: bytes
    numbers: bytes | list[bytes]  # binary floats, or text

    @property
    def vector(self) -> np.ndarray:
        """Parsed numbers; raises ValueError."""
        if isinstance(self.numbers, bytes):
            return np.frombuffer(self.numbers, "<f4").astype(np.float32)
        return np.array(self.numbers).astype(np.float32)


def read_vectors(
    path: Path, words: Collection[str], without: Collection[str] = ()
) -> tuple[tuple[str, ...], Float[Tensor, "words dimensions"]]:
    """Read vectors from a file in its order: those of the captions' words, and the first 10,000.

    Words are folded like those of captions ("Gaudí" is "gaudi"); the first of several that become
    the same counts. Phrases and signs, which no caption can have, are left out.

    Raises PresetError naming --vectors for a file that is damaged, in another format, or without
    a word of the captions.
    """
    try:
        vectors = _read(path, set(words), without)
    except FileNotFoundError:
        raise PresetError("--vectors", f"{path} does not exist", KINDS) from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise PresetError("--vectors", f"{path} cannot be read: {reason}") from None
    if not vectors.keys() & set(words):
        cure = "vectors in the captions' language are needed"
        raise PresetError("--vectors", f"{path} has no word of the captions", cure)
    return tuple(vectors), torch.from_numpy(np.stack(list(vectors.values())))


def _read(path: Path, words: set[str], without: Collection[str]) -> dict[str, np.ndarray]:
    vectors: dict[str, np.ndarray] = {}
    missing = set(words)
    for number, entry in enumerate(_entries(path)):
        if number >= FIRST and not missing:
            break
        word = _folded(entry.word)
        if word in vectors or word in without or not (word in missing or number < FIRST):
            continue
        vector = _parse(entry, path)
        if word and vector.any():
            vectors[word] = vector
            missing.discard(word)
    return vectors


def _folded(word: bytes) -> str:
    """Fold a word as captions are; "" if no caption can have it."""
    words = tokens(word.decode("utf-8", "replace"))
    return words[0] if len(words) == 1 and SHORTEST <= len(words[0]) <= LONGEST else ""


def _parse(entry: Entry, path: Path) -> np.ndarray:
    try:
        vector = entry.vector
    except ValueError:
        raise _damaged(path, f"{entry.where} holds something that is not a number") from None
    if not np.isfinite(vector).all():
        raise _damaged(path, f"{entry.where} holds numbers that are not finite")
    return vector


def _entries(path: Path) -> Iterator[Entry]:
    """Yield a file's words; raises PresetError for another format, and at the first damage."""
    with _opened(path) as file:
        first, second = file.readline(LINE), file.readline(LINE)
    header = first.split()
    if len(header) != 2 or not all(part.isdigit() for part in header):
        width = len(header) - 1
        if not _is_text(first, width):
            raise PresetError("--vectors", f"{path} is not a file of word vectors", KINDS)
        yield from _text_entries(path, width, None)
        return
    count, width = (int(part[:9]) for part in header)
    if not 2 <= width <= WIDEST:
        raise _damaged(path, f"line 1 promises {width} numbers a word, not 2 to {WIDEST}")
    read = _text_entries if _is_text(second, width) else _binary_entries
    yield from read(path, width, count)


def _opened(path: Path) -> BufferedIOBase:
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    return gzip.open(path) if packed else path.open("rb")


def _is_text(line: bytes, width: int) -> bool:
    """Tell if a line is a word and `width` numbers in text."""
    return 2 <= width <= WIDEST and all(map(_is_number, line.rsplit(None, width)[-width:]))


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text_entries(path: Path, width: int, count: int | None) -> Iterator[Entry]:
    """Yield a word from each line, after a header if it gives a `count`."""
    with _opened(path) as file:
        lines = iter(lambda: file.readline(LINE), b"")
        begin = number = 1
        if count is not None:
            next(lines)
            begin = number = 2
        for number, line in enumerate(lines, begin):
            # GloVe of 840 billion words has some with spaces.
            word, *numbers = line.rsplit(None, width) or [b""]
            more = [part for part in word.split()[1:] if _is_number(part)]
            if len(numbers) != width or more:
                problem = f"line {number} has {len(numbers) + len(more)} numbers"
                raise _damaged(path, f"{problem}, expected {width}")
            yield Entry(f"line {number}", word, numbers)
    if count is not None and number - 1 < count:
        raise _damaged(path, f"it ends after {number - 1} of {count} words")


def _binary_entries(path: Path, width: int, count: int) -> Iterator[Entry]:
    with _opened(path) as file:
        file.readline(LINE)
        for number in range(1, count + 1):
            word, numbers = _until_space(file), file.read(4 * width)
            if not word or len(numbers) != 4 * width:
                raise _damaged(path, f"it ends after {number - 1} of {count} words")
            yield Entry(f"word {number}", word, numbers)


def _until_space(file: BufferedIOBase) -> bytes:
    """Read a word; empty at the end of the file, or if it is too long."""
    word = bytearray()
    while (byte := file.read(1)) != b" ":
        word += byte
        if not byte or len(word) > LINE:
            return b""
    return bytes(word.lstrip(b"\n"))  # some writers put one after each vector


def _damaged(path: Path, problem: str) -> PresetError:
    return PresetError("--vectors", f"{path}: {problem}", "damaged, or another kind of file")
