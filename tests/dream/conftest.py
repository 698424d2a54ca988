"""A stand-in for CUDA graphs on a CPU: a replay runs the work again."""

import pytest

from dreamvid.dream.cuda import gradient_graphs as graphs


@pytest.fixture
def replayed(monkeypatch):
    """Record images on the CPU as a GPU's; lists the pool of each replay."""
    replayed = []

    def record(work, pool):
        result = work().clone()

        def replay():
            replayed.append(pool)
            result.copy_(work())

        return replay, result

    monkeypatch.setattr(graphs, "record", record)
    monkeypatch.setattr(graphs, "new_pool", lambda: "pool")
    monkeypatch.setattr(graphs, "DEVICE", "cpu")
    return replayed
