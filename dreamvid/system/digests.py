"""Digests of working files, by which a flipped bit is noticed before it is used.

BLAKE2b with 16 bytes: against damage, not against forgery.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

BYTES = 16
SEAL = "digest"  # entry of a sealed table


def file_digest(path: Path) -> str:
    """Digest of a file's bytes, in hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, _new).hexdigest()


def arrays_digest(arrays: Mapping[str, np.ndarray], text: str) -> str:
    """Digest of contiguous arrays, with their names, types and shapes, and of a text."""
    digest = _new(text)
    for name, array in sorted(arrays.items()):
        digest.update(f"\0{name}\0{array.dtype}\0{array.shape}\0".encode())
        digest.update(array.reshape(-1).data)
    return digest.hexdigest()


def sealed(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of JSON values with its digest as one more entry."""
    return {**table, SEAL: _table_digest(table)}


def unsealed(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sealed table without its digest; raises ValueError where they do not match.

    A table without a digest, of an older version, is returned as it is.
    """
    bare = {name: value for name, value in table.items() if name != SEAL}
    if SEAL in table and table[SEAL] != _table_digest(bare):
        raise ValueError("its digest is another")
    return bare


def _table_digest(table: Mapping[str, Any]) -> str:
    return _new(json.dumps(table, sort_keys=True)).hexdigest()


def _new(text: str = "") -> "hashlib.blake2b":
    return hashlib.blake2b(text.encode(), digest_size=BYTES)
