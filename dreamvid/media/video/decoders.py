"""Decoders of film streams, where libav's own choice leaves something out."""

from collections.abc import Callable, Sequence

from av import CodecContext
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

Decode = Callable[[Packet | None], Sequence[VideoFrame]]
"""Decoder of one packet after the other; None or an empty one is the end."""

# libav's own decoders of these leave out the alpha, which WebM has beside each packet.
WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream: VideoStream) -> Decode:
    """Return the decoder of a stream: frames as large as the film says, and with their alpha."""
    own = stream.codec_context
    if not own.is_open:
        # Else libav keeps columns that are cropped away if there is a gain in speed.
        own.flags |= Flags.unaligned
    name = WITH_ALPHA.get(own.name) if stream.metadata.get("alpha_mode") == "1" else None
    if name is None or not _exists(name):
        return stream.decode
    other = CodecContext.create(name, "r")
    assert isinstance(other, VideoCodecContext)
    other.color_primaries, other.color_trc = own.color_primaries, own.color_trc
    other.colorspace, other.color_range = own.colorspace, own.color_range
    return lambda packet: other.decode(packet if packet and packet.size else None)


def _exists(name: str) -> bool:
    try:
        return bool(Codec(name, "r"))
    except UnknownCodecError:
        return False
