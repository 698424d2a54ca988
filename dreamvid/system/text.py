"""Words as they are compared: without case or accents, so that Gaudí and GAUDI are one."""

import unicodedata

ACCENTS = range(0x300, 0x370)  # Unicode's block of them; marks of other scripts are letters
SELECTORS = range(0xFE00, 0xFE10)  # whether the character before is shown as an emoji
WHOLE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
"""Letters that Unicode does not take apart into a plain one and its accent."""


def fold(text: str) -> str:
    """Lower case, accents dropped: "Gaudí" -> "gaudi"; fancy and full-width letters made plain.

    Catalan's l·l becomes ll. What accents are not, such as Japanese voicing, stays.
    """
    apart = unicodedata.normalize("NFKD", text).casefold().translate(WHOLE)
    bare = "".join(c for c in apart if ord(c) not in ACCENTS and ord(c) not in SELECTORS)
    return unicodedata.normalize("NFC", bare.replace("l·l", "ll"))
