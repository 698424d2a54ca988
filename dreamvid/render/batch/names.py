"""Job names, which are also the names of their folders."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

LONGEST = 80  # letters; some file systems take 143 bytes


def job_name(preset: str, seed: int | None, source: Path | None, changes: Sequence[str]) -> str:
    """Name a job: quickstart, 3, a.jpg, ("dream.steps=4",) -> "quickstart-seed3-a-steps=4"."""
    parts = [preset.removesuffix(".toml").rpartition("/")[2]]
    parts += [f"seed{seed}"] if seed is not None else []
    parts += [source.stem] if source else []
    parts += [change.partition("=")[0].rpartition(".")[2] + _value(change) for change in changes]
    return "-".join(filter(None, map(_plain, parts))) or "film"


def distinct(names: Sequence[str], about: Sequence[str]) -> list[str]:
    """Make names distinct, on case-insensitive file systems too.

    `about` identifies each job; a hash of it gives the same names in a longer list.
    """
    short = [name if len(name) <= LONGEST else name[:LONGEST].rstrip("-.") for name in names]
    counts = Counter(name.casefold() for name in short)
    unique_names: list[str] = []
    taken: set[str] = set()
    repeats: Counter[str] = Counter()
    for name, whole, identity in zip(short, names, about, strict=True):
        if counts[name.casefold()] > 1 or name != whole:
            name = f"{name}-{hashlib.blake2b(identity.encode(), digest_size=3).hexdigest()}"
        unique = name
        while unique.casefold() in taken:  # the same job twice
            repeats[name.casefold()] += 1
            unique = f"{name}-{repeats[name.casefold()] + 1}"
        taken.add(unique.casefold())
        unique_names.append(unique)
    return unique_names


def _value(change: str) -> str:
    value = change.partition("=")[2].strip().strip("\"'")
    return f"={value}" if value else ""


def _plain(part: str) -> str:
    """Keep only characters that every file system takes, without leading dots and dashes."""
    return re.sub(r"[^A-Za-z0-9._=+]+", "-", part).strip("-.")
