"""The record in an XMP packet, for the formats that have no plain text field.

ISO 16684-1. Read by a regular expression, never by an XML parser, which could be bombed.
"""

import re
from html import unescape

from dreamvid.media.metadata.common import MAX_RECORD, Unfit

MAX_PACKET = 2 * MAX_RECORD  # with <, > and & escaped

_HEAD = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dreamvid="urn:dreamvid:record">'
    "<dreamvid:record>"
)
_TAIL = "</dreamvid:record></rdf:Description></rdf:RDF></x:xmpmeta>"

# An element, as it is written here, or an attribute, as programs that rewrite packets make it.
_RECORD = re.compile(r'<dreamvid:record>([^<]*)</dreamvid:record>|dreamvid:record="([^"<]*)"')


def packet(record: bytes) -> bytes:
    """Wrap a record into an XMP packet; raises Unfit where it is too large to be read again."""
    text = record.decode().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    data = f"{_HEAD}{text}{_TAIL}".encode()
    if len(data) > MAX_PACKET:
        raise Unfit("the record is too large for its XMP")
    return data


def record_in(data: bytes) -> bytes | None:
    """Extract the record from an XMP packet."""
    match = _RECORD.search(data[:MAX_PACKET].decode("utf-8", "replace"))
    return unescape(match[1] or match[2] or "").encode() if match else None
