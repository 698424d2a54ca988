"""Fields of a photo's record, a table's row or a dump by one of Instagram's downloaders.

instalooter writes a post as Instagram's web pages had it, instaloader the same under "node".
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

Record = Mapping[str, Any]

# Usual names of fields, the best first.
PHOTO = ("file", "filename", "file_name", "image", "path", "photo")
CAPTION = ("caption", "text", "description", "title")
USER = ("user", "username", "user_id", "author_id", "owner", "owner_id")
IDENTITY = ("id", "shortcode", "code", "display_url")  # what downloaders name photos after


def normalise(record: Mapping[Any, Any]) -> Record:
    """Trim and lower a record's names, and unwrap instaloader's posts."""
    inner = record.get("node")
    fields = inner if isinstance(inner, Mapping) else record
    return {str(name).strip().lower(): value for name, value in fields.items()}


def photo_of(record: Record, by_stem: Mapping[str, str]) -> str:
    """Return the photo's path as written, or that in `by_stem` named after the post, or ""."""
    if written := _first(record, PHOTO):
        return written
    stems = (PurePosixPath(_first(record, (key,)).partition("?")[0]).stem for key in IDENTITY)
    return next((by_stem[stem] for stem in stems if stem in by_stem), "")


def caption_of(record: Record) -> str:
    return _edge(record) or _first(record, CAPTION, within=("text",))


def user_of(record: Record) -> str:
    return _first(record, USER, within=("username", "id"))


def _first(record: Record, names: tuple[str, ...], within: tuple[str, ...] = ()) -> str:
    """Return the first text or number under one of these names; in a record, under `within`."""
    for name in names:
        value = record.get(name)
        if isinstance(value, Mapping):
            value = _first(value, within)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""


def _edge(record: Record) -> str:
    """Return edge_media_to_caption.edges[0].node.text, the caption on the web pages."""
    try:
        text = record["edge_media_to_caption"]["edges"][0]["node"]["text"]
    except (KeyError, IndexError, TypeError):
        return ""
    return text.strip() if isinstance(text, str) else ""
