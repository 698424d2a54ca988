"""A stand-in for CUDA graphs: what is replayed is done again, on a CPU."""

import pytest

from dreamvid.dream.cuda import gradient_graphs as graphs


@pytest.fixture
def replayed(monkeypatch):
    """Pictures of a CPU are taken for a GPU's; what is replayed, told."""
    replayed = []

    def record(work, pool):
        found = work().clone()

        def replay():
            replayed.append(pool)
            found.copy_(work())

        return replay, found

    monkeypatch.setattr(graphs, "record", record)
    monkeypatch.setattr(graphs, "new_pool", lambda: "pool")
    monkeypatch.setattr(graphs, "DEVICE", "cpu")
    return replayed
