"""Triton's kernels on a CPU, by its interpreter."""

import json
import os
import subprocess
import sys

import pytest


def interpreted(program):
    """What a program prints as JSON; in a process of its own: Triton asks when it is imported."""
    pytest.importorskip("triton")
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"TRITON_INTERPRET": "1"},
    )
    assert not ran.returncode, ran.stderr
    return json.loads(ran.stdout)
