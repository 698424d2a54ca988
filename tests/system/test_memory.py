"""What is read from a Linux machine's files, in a folder that looks like them."""

import errno

import pytest
import torch

from dreamvid.system import memory

CPU = torch.device("cpu")
MANY = "9223372036854771712"  # how the older control groups say: no limit


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Writes files by their path under / of a machine with 8 GB available, and no limits."""
    monkeypatch.setattr(memory, "PROC", tmp_path / "proc")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_free_addresses", lambda: iter(()))

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    write(proc__meminfo="MemTotal:  9000000 kB\nMemAvailable:  8000000 kB\n")
    write(proc__self__statm="500000 2000 300 1 0 4 0\n")
    return write


def test_the_machine_itself(machine):
    assert memory.free_memory(CPU) == 8_000_000 * 1024
    assert memory.resident() == 2000 * memory.mmap.PAGESIZE


def test_a_containers_limit_less_what_it_uses_but_for_the_cache(machine):
    machine(proc__self__cgroup="0::/box\n", cgroup__box__memory_DOT_max="1000000\n")
    machine(cgroup__box__memory_DOT_current="700000\n")
    assert memory.free_memory(CPU) == 300_000
    machine(cgroup__box__memory_DOT_stat="anon 5\ninactive_file 50000\n")
    assert memory.free_memory(CPU) == 350_000
    machine(cgroup__box__memory_DOT_max="max\n")
    assert memory.free_memory(CPU) == 8_000_000 * 1024


def test_the_narrowest_of_nested_groups_counts_also_in_the_older_form(machine):
    machine(proc__self__cgroup="5:cpu:/\n4:memory,hugetlb:/a/b\n0::/\n")
    machine(
        cgroup__memory__a__b__memory_DOT_limit_in_bytes=MANY,
        cgroup__memory__a__b__memory_DOT_usage_in_bytes="1000",
        cgroup__memory__a__memory_DOT_limit_in_bytes="9000",
        cgroup__memory__a__memory_DOT_usage_in_bytes="4000",
        cgroup__memory__a__memory_DOT_stat="total_inactive_file 100\n",
    )
    assert memory.free_memory(CPU) == 5100


def test_where_nothing_tells_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "PROC", tmp_path)
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_free_addresses", lambda: iter(()))
    assert memory.free_memory(CPU) is None and memory.resident() is None
    assert memory.free_memory(torch.device("meta")) is None


def test_a_limit_of_address_space_counts(monkeypatch):
    resource = pytest.importorskip("resource")
    before = memory.free_memory(CPU)
    assert before is not None
    taken = int((memory.PROC / "self/statm").read_text().split()[0]) * memory.mmap.PAGESIZE
    monkeypatch.setattr(resource, "getrlimit", lambda which: (taken + 10**7, taken + 10**7))
    left = memory.free_memory(CPU)
    assert left is not None and left <= 10**7


@pytest.mark.parametrize(
    ("error", "ran_out"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), True),
        (RuntimeError("could not create a primitive"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("memory"), False),
        (RuntimeError("can't start new thread"), True),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), True),
        (ImportError("No module named 'ray'"), False),
        (OSError("libcudnn.so.9: cannot map zero-fill pages"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (OSError(errno.ENOSPC, "memory stick is full"), False),
        (KeyError("memory"), False),
    ],
)
def test_running_out_is_told_from_other_errors(error, ran_out):
    assert memory.ran_out(error) is ran_out


def test_running_out_is_known_by_its_cause():
    """A library's own words for a library of its own that could not be loaded."""
    error = OSError("Could not find the shared file")
    error.__cause__ = OSError("libllvmlite.so: failed to map segment from shared object")
    assert memory.ran_out(error)
    assert not memory.ran_out(OSError("Could not find the shared file"))
