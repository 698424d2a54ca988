"""A switch that runs networks as they are written, without the faster kernels."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ACTIVE = ContextVar("reference mode", default=False)


@contextmanager
def reference_mode() -> Iterator[None]:
    """Run plain torch operations inside the block.

    To trace NaN, which faster kernels drop or spread; to count operations; to compare.
    """
    token = _ACTIVE.set(True)
    try:
        yield
    finally:
        _ACTIVE.reset(token)


def in_reference_mode() -> bool:
    return _ACTIVE.get()
