"""A photo's record, as a table's row or as Instagram's downloaders dump it, and what it says.

instalooter writes a post as Instagram's web pages had it, instaloader the same as "node".
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

Record = Mapping[str, Any]

# The usual names, the best first.
PHOTO = ("file", "filename", "file_name", "image", "path", "photo")
CAPTION = ("caption", "text", "description", "title")
USER = ("user", "username", "user_id", "author_id", "owner", "owner_id")
IDENTITY = ("id", "shortcode", "code", "display_url")  # what downloaders name photos after


def plain(record: Mapping[Any, Any]) -> Record:
    """Its names trimmed and in lower case; a post taken out of instaloader's wrapping."""
    inner = record.get("node")
    fields = inner if isinstance(inner, Mapping) else record
    return {str(name).strip().lower(): value for name, value in fields.items()}


def photo_of(record: Record, by_stem: Mapping[str, str]) -> str:
    """The photo's path as it is written, or that of the photo named after the post, or "".

    Args:
        by_stem: the photos there are, by name without suffix.
    """
    if written := _first(record, PHOTO):
        return written
    stems = (PurePosixPath(_first(record, (key,)).partition("?")[0]).stem for key in IDENTITY)
    return next((by_stem[stem] for stem in stems if stem in by_stem), "")


def caption_of(record: Record) -> str:
    return _edge(record) or _first(record, CAPTION, within=("text",))


def user_of(record: Record) -> str:
    return _first(record, USER, within=("username", "id"))


def _first(record: Record, names: tuple[str, ...], within: tuple[str, ...] = ()) -> str:
    """The first text or number under one of these names.

    Args:
        within: names to look under where the value is a record itself.
    """
    for name in names:
        value = record.get(name)
        if isinstance(value, Mapping):
            value = _first(value, within)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""


def _edge(record: Record) -> str:
    """Of a post as the web pages have it: edge_media_to_caption.edges[0].node.text."""
    try:
        text = record["edge_media_to_caption"]["edges"][0]["node"]["text"]
    except (KeyError, IndexError, TypeError):
        return ""
    return text.strip() if isinstance(text, str) else ""
