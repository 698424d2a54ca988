"""Decoders of film streams, where libav's own choice leaves something out."""

from collections.abc import Callable, Sequence

from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from dreamvid.media.footage.transparency import alpha_decoder

Decode = Callable[[Packet | None], Sequence[VideoFrame]]
"""Decoder of one packet after the other; None or an empty one is the end."""


def decoder_of(stream: VideoStream) -> Decode:
    """Return the decoder of a stream: frames as large as the film says, and with their alpha."""
    own = stream.codec_context
    if not own.is_open:
        # Else libav keeps columns that are cropped away if there is a gain in speed.
        own.flags |= Flags.unaligned
    other = alpha_decoder(stream)
    if other is None:
        return stream.decode
    other.color_primaries, other.color_trc = own.color_primaries, own.color_trc
    other.colorspace, other.color_range = own.colorspace, own.color_range
    return lambda packet: other.decode(packet if packet and packet.size else None)
