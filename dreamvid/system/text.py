"""Text folded for comparison: without case or accents, so that Gaudí equals GAUDI."""

import unicodedata

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
    decomposed = unicodedata.normalize("NFKD", text).casefold().translate(UNDECOMPOSED)
    base = "".join(c for c in decomposed if ord(c) not in ACCENTS and ord(c) not in SELECTORS)
    return unicodedata.normalize("NFC", base.replace("l·l", "ll"))
