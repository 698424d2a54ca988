"""What may go wrong during a render, each for real: the same command then finishes it, alike.

A row: what goes wrong, when, the exit code, what is said.
"""

import os
import re
import signal

import pytest
from faults_life import goes_on

