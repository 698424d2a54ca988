"""Wait for what another thread or process does."""

import time


def wait(reached, seconds=120.0):
    """Wait until something is reached, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := reached():
            return value
        time.sleep(0.01)
    raise AssertionError("not reached")
