"""Transparent frames of films, such as APNG, ProRes 4444 and VP9 have, on an opaque colour."""

import numpy as np
from av import CodecContext, codecs_available
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import UInt8
from PIL import Image as PilImage

from dreamvid.image import Bytes
from dreamvid.media.images.background import lay_on

Alpha = UInt8[np.ndarray, "h w"]
"""Opacity, 0 to 255."""


# libav's own decoders of these leave alpha out.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """Make a decoder of the alpha that a WebM declares; None: the stream's own has it all."""
    name = _WITH_ALPHA.get(stream.codec_context.codec.canonical_name)
    if stream.metadata.get("alpha_mode") != "1" or name not in codecs_available:
        return None
    decoder = CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata = stream.codec_context.extradata
    return decoder


def alpha_of(frame: VideoFrame) -> Alpha | None:
    """Read a frame's alpha, at its own size; None where all of it is opaque."""
    form = frame.format
    if not form.has_palette and not any(part.is_alpha for part in form.components):
        return None
    alpha = frame.to_ndarray(format="rgba")[..., 3]
    return None if (alpha == 255).all() else alpha


def composited(colours: Bytes, alpha: Alpha, background: str) -> VideoFrame:
    """Lay colours, not premultiplied, on "#rrggbb"."""
    clear = PilImage.fromarray(np.dstack((colours, alpha)))
    return VideoFrame.from_ndarray(lay_on(clear, background), format="rgb24")
