"""Names of jobs: what a person reads in a list, and the name of a folder."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

LONGEST = 80  # letters; some file systems take 143 bytes


def job_name(preset: str, seed: int | None, source: Path | None, changes: Sequence[str]) -> str:
    """quickstart, 3, a.jpg, ("dream.steps=4",) -> "quickstart-seed3-a-steps=4"."""
    parts = [preset.removesuffix(".toml").rpartition("/")[2]]
    parts += [f"seed{seed}"] if seed is not None else []
    parts += [source.stem] if source else []
    parts += [change.partition("=")[0].rpartition(".")[2] + _value(change) for change in changes]
    return "-".join(filter(None, map(_plain, parts))) or "film"


def distinct(names: Sequence[str], about: Sequence[str]) -> list[str]:
    """Names made different from each other, on disks that do not tell A from a as well.

    Args:
        about: what tells the jobs apart; it gives the same names again, whatever is added.
    """
    short = [name if len(name) <= LONGEST else name[:LONGEST].rstrip("-.") for name in names]
    counts = Counter(name.casefold() for name in short)
    found: list[str] = []
    taken: set[str] = set()
    for name, whole, what in zip(short, names, about, strict=True):
        if counts[name.casefold()] > 1 or name != whole:
            name = f"{name}-{hashlib.blake2b(what.encode(), digest_size=3).hexdigest()}"
        number, unique = 2, name
        while unique.casefold() in taken:  # the very same job twice
            number, unique = number + 1, f"{name}-{number}"
        taken.add(unique.casefold())
        found.append(unique)
    return found


def _value(change: str) -> str:
    value = change.partition("=")[2].strip().strip("\"'")
    return f"={value}" if value else ""


def _plain(part: str) -> str:
    """Only what every file system takes; a name never begins with a dot or a dash."""
    return re.sub(r"[^A-Za-z0-9._=+]+", "-", part).strip("-.")
