"""A switch: for a while, networks run as they are written, without any of the fast paths."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_WANTED = ContextVar("plain", default=False)


@contextmanager
def reference_mode() -> Iterator[None]:
    """For values that are no numbers, which fast paths drop or spread; to count; to compare."""
    kept = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(kept)


def in_reference_mode() -> bool:
    return _WANTED.get()
