"""Kernels of the layers' operations: the choice among them, and which of them work here."""

import logging
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from dreamvid.models.layers.reference_mode import in_reference_mode

WORKS = "works"
SelfCheck = Callable[[torch.device], bool]

log = logging.getLogger(__name__)
_status: dict[str, str] = {}
_checks: list[SelfCheck] = []


def choose(kernels: Iterable[Any], *inputs: Tensor) -> Any:
    """Return the first of an operation's kernels that supports the inputs; None for plain torch.

    Args:
        kernels: modules or objects with `supports(*inputs)`, fastest first; None is skipped.
    """
    if in_reference_mode():
        return None
    return next((kernel for kernel in kernels if kernel and kernel.supports(*inputs)), None)


def optional(module: str) -> Any:
    """Import a module of kernels; None where the library that compiles them is not installed."""
    try:
        imported = import_module(module)
    except ImportError as error:  # no Triton on Windows and macOS, no numba for a new Python
        library = (error.name or module).partition(".")[0]
        if library == "dreamvid":
            raise
        note(library, str(error), logging.INFO)
        return None
    return imported


def empty(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Make an uninitialised (N, C, H, W), channels last, of the type and device of `like`."""
    layout = torch.channels_last
    return torch.empty(shape, dtype=like.dtype, device=like.device, memory_format=layout)


def self_check(name: str) -> Callable[[SelfCheck], SelfCheck]:
    """Decorate a kernel's check of its own results: run once a device, an error is a failure."""

    def decorate(check: SelfCheck) -> SelfCheck:
        @cache
        def checked(device: torch.device) -> bool:
            try:
                problem = "" if check(device) else "its results are wrong"
            except Exception as error:  # of any kind: no C compiler, a GPU too old for Triton
                problem = f"{type(error).__name__}: {error}"
            note(name, problem)
            return not problem

        _checks.append(checked)
        return checked

    return decorate


def note(name: str, problem: str = "", level: int = logging.WARNING) -> None:
    """Remember whether a kernel works; its first problem is logged, and stays."""
    if _status.get(name, WORKS) == WORKS:
        reason = "not used: " + problem.strip().partition("\n")[0][:200]
        _status[name] = reason if problem else WORKS
        if problem:
            log.log(level, "%s: %s", name, reason)


def status() -> dict[str, str]:
    """Outcome of every kernel tried so far: "works", or "not used: " and the reason."""
    return dict(sorted(_status.items()))


def check_all(device: torch.device) -> dict[str, str]:
    """Run every imported kernel's self-check on a device; returns `status()`."""
    for check in _checks:
        check(device)
    return status()
