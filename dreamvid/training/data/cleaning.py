"""Words of a caption: tags split, links and stop words dropped.

Any language and script will do; those written without spaces are not segmented.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from dreamvid.errors import PresetError, quote
from dreamvid.system.text import fold

SHORTEST, LONGEST = 2, 25  # letters of a word
LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
TAG = re.compile(r"[#@]\S+")
DOTTED_L = re.compile("(?<=l)·(?=l)", re.IGNORECASE)  # Catalan's: one word

# Words said of any photo on the web, folded.
WEB = (
    "http https www com net org html amp via rt photo photos pic pics picture photography "
    "photographer photooftheday picoftheday instagram insta ig igers instagood instadaily "
    "instaphoto instapic instamood nofilter follow followme followforfollow like likes "
    "likeforlike likeforfollow tagsforlikes repost regram tbt foto fotos fotografia"
)
# Stop words that name things seen in photos; in Spanish "sea" is "be".
VISIBLE = "computer face faces fire home mug ring room rooms sea world"


def stop_words(languages: Sequence[str]) -> frozenset[str]:
    """Collect words that say nothing about a photo, folded: of some languages, and the web's.

    Args:
        languages: as ISO 639 names them, such as "en"; see `pip show stop-words`.

    Raises PresetError naming --stop-words.
    """
    from stop_words import LANGUAGE_MAPPING, StopWordError, get_stop_words

    words: set[str] = set(WEB.split())
    for language in languages:
        try:
            words.update(*(tokens(entry) for entry in get_stop_words(language)))
        except StopWordError:
            known = ", ".join(sorted(LANGUAGE_MAPPING))
            raise PresetError(
                "--stop-words", f"there is no list for {quote(language)}", f"known: {known}"
            ) from None
    return frozenset(words - set(VISIBLE.split()))


def clean(words: Sequence[str], without: frozenset[str]) -> tuple[str, ...]:
    """Drop a caption's folded stop words, and words too short or too long."""
    return tuple(w for w in words if SHORTEST <= len(w) <= LONGEST and w not in without)


def tokens(text: str) -> list[str]:
    """Split a text into folded words; #SagradaFamilia is two, split before the capital."""
    joined = DOTTED_L.sub("", unicodedata.normalize("NFC", text))
    plain = TAG.sub(_split_tag, LINK.sub(" ", joined))
    words = "".join(c if _within_word(c) else " " for c in plain).split()
    return [word for word in map(fold, words) if word]


def _split_tag(tag: re.Match[str]) -> str:
    letters = pairwise(tag.group())  # the first is the # or @
    return " " + "".join(
        f" {letter}" if letter.isupper() and before.islower() else letter
        for before, letter in letters
    )


def _within_word(character: str) -> bool:
    """Tell letters, digits and marks, such as the vowels of Hindi, from separators."""
    category = unicodedata.category(character)
    return category[0] == "L" or category in ("Nd", "Nl", "Mn", "Mc")
