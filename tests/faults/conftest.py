import time

import pytest

from tests.faults.life import check_alike, rendered


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """An uninterrupted run's folder, and the seconds that it took."""
    out = tmp_path_factory.mktemp("uninterrupted") / "out"
    rendered(out)  # the first one waits for the process that is forked
    again = out.with_name("again")
    began = time.monotonic()
    assert rendered(again).code == 0
    seconds = time.monotonic() - began
    check_alike(again, out)
    return out, seconds
