"""A stand-in for CUDA graphs: what is replayed is done again, on a CPU."""

import pytest

from dreamvid.dream.cuda import gradient_graphs as graphs


@pytest.fixture
def replayed(monkeypatch):
    """Pictures of a CPU are taken for a GPU's; what is replayed, told."""
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
