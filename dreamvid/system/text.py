"""Comparison of texts: folded, so that Gaudí equals GAUDI, and ranked by likeness to a query."""

import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

SYLLABLE = 4  # letters; fewer are in the middle of words by chance, as cty is of artiodactyl
ACCENTS = range(0x300, 0x370)  # Unicode's block of them; marks of other scripts are letters
SELECTORS = range(0xFE00, 0xFE10)  # select an emoji or text presentation
UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
"""Letters that Unicode does not decompose into a base letter and an accent."""


def fold(text: str) -> str:
    """Lower the case and drop accents: "Gaudí" -> "gaudi"; full-width letters become ASCII.

    Catalan's l·l becomes ll. Marks that are no accents, such as Japanese voicing, stay.
    """
    if text.isascii():  # ten times faster
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(UNDECOMPOSED)
    base = "".join(c for c in decomposed if ord(c) not in ACCENTS and ord(c) not in SELECTORS)
    return unicodedata.normalize("NFC", base.replace("l·l", "ll"))


def ranked(query: str, names: Sequence[str], count: int = 20) -> list[str]:
    """List the names nearest to a query: that hold it, or else those few letters away.

    Equals come first, then those with it as a word, at a word's beginning, anywhere: "burger"
    finds cheeseburger. Of equal rank the shorter comes first, then the earlier in the list.

    Args:
        count: of names a few letters away, at most.
    """
    wanted = fold(query)
    ranks = {name: rank for name in names if (rank := _rank(wanted, fold(name))) is not None}
    if ranks:
        return sorted(ranks, key=lambda name: (ranks[name], len(name)))
    folded = {fold(name): name for name in reversed(names)}
    return [folded[near] for near in get_close_matches(wanted, folded, n=count, cutoff=0.7)]


def _rank(wanted: str, name: str) -> int | None:
    """Rank a name that holds a text, 0 the best; None if it does not."""
    if wanted == name:
        return 0
    if not wanted or wanted not in name:
        return None
    if f" {wanted} " in f" {name} ":
        return 1
    if f" {wanted}" in f" {name}":
        return 2
    return 3 if len(wanted) >= SYLLABLE or name.endswith(wanted) else None
