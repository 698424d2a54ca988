"""The record in an XMP packet, for the kinds of file that have no place for a text alone.

ISO 16684-1. Read by its own words, never by an XML parser, which a stranger's text could bomb.
"""

import re
from html import unescape

from dreamvid.media.metadata.pieces import LARGEST, Unfit

LARGEST_PACKET = 2 * LARGEST  # with what XML makes of <, > and &

_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dreamvid="urn:dreamvid:record">'
    "<dreamvid:record>"
)
_TAIL = "</dreamvid:record></rdf:Description></rdf:RDF></x:xmpmeta>"

# As it is written here, and as programs that write packets anew put short texts.
_RECORD = re.compile(r'<dreamvid:record>([^<]*)</dreamvid:record>|dreamvid:record="([^"<]*)"')


def packet(record: bytes) -> bytes:
    """Raises Unfit where the packet would be larger than is read again."""
    text = record.decode().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    data = f"{_HEAD}{text}{_TAIL}".encode()
    if len(data) > LARGEST_PACKET:
        raise Unfit("the record is too large for its XMP")
    return data


def record_in(data: bytes) -> bytes | None:
    found = _RECORD.search(data[:LARGEST_PACKET].decode("utf-8", "replace"))
    return unescape(found[1] or found[2] or "").encode() if found else None
