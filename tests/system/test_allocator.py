"""What is kept of freed memory: asked of the system, in a process of its own."""

import subprocess
import sys

import pytest

FAULTS = '''
import resource, sys, torch
from dreamvid.system import allocator as heap

def taken_again(numbers):
    """Pages that the system hands out when the same memory is taken once more."""
    for _ in range(12):
        torch.ones(numbers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(numbers)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

heap.free_memory = lambda device: int(sys.argv[1])
heap.settle(torch.zeros(1, 3, 400, 500))
print(taken_again(3_000_000), taken_again(20_000_000))
'''


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's ways")
@pytest.mark.parametrize(("free", "keeps_large"), [(8 * 10**9, True), (10**8, False)])
def test_freed_memory_is_kept_where_there_is_enough(free, keeps_large):
    ran = subprocess.run(
        [sys.executable, "-c", FAULTS, str(free)], capture_output=True, text=True, check=True
    )
    usual, large = map(int, ran.stdout.split())
    assert usual < 100  # of 3000
    assert (large < 1000) == keeps_large  # of 20000, more than glibc can be asked to keep
