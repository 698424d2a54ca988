"""Encoder settings, and the options of libav's encoders made from them."""

from dataclasses import dataclass
from fractions import Fraction

from dreamvid.media.video.codecs import CODECS, Codec, PixelFormat

# x264's mbtree reads past the end of rows that are not a multiple of this many pixels, and what
# lies there changes its packets from run to run (measured with core 165, at 64 to 320 wide).
TREE_ROW = 128

# aq-mode 3 avoids banding in dark gradients; weak deblocking keeps dream texture.
# chromaloc: chroma in the middle of its four pixels; the offset keeps flat colours within 2/255.
X264_PARAMS = "aq-mode=3:deblock=-1,-1:open-gop=0:chromaloc=1:chroma-qp-offset=-6"
# cutree is x265's mbtree: with it packets differ from run to run at small sizes (4.1).
X265_PARAMS = (
    "log-level=none:aq-mode=3:deblock=-1,-1:open-gop=0:chromaloc=1:cbqpoffs=-6:crqpoffs=-6:cutree=0"
)


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """Settings that decide an encoder's output. Segments of one film share one Encoding."""

    size: tuple[int, int]  # (height, width), both even
    fps: Fraction
    crf: int = 16  # on x264's scale, lower is better and larger; converted for other codecs
    preset: str = "medium"  # of x264 and x265
    threads: int = 4  # not the machine's count: x264's packets depend on it
    codec: str = "h264"  # a name of CODECS
    depth: int | None = None  # bits a sample; None: the codec's default
    encoder: str | None = None  # libav's name; None: the codec's software encoder

    @property
    def kind(self) -> Codec:
        return CODECS[self.codec]

    @property
    def pixel_format(self) -> PixelFormat:
        return self.kind.pixel_formats[self.depth or self.kind.depth]

    @property
    def encoder_name(self) -> str:
        return self.encoder or self.kind.encoder

    @property
    def quality(self) -> int:
        """The crf on the encoder's own scale, for about the quality of x264's."""
        scale, offset = self.kind.crf or (1, 0)
        best = 1 if self.codec == "av1" else 0  # SVT-AV1 takes 0 for "not given"
        return min(max(best, round(self.crf * scale + offset)), self.kind.worst)


def encoder_options(encoding: Encoding) -> dict[str, str]:
    """Return the encoder's options beside size, rate, pixel format and colours."""
    quality, threads = str(encoding.quality), encoding.threads
    match encoding.encoder_name:
        case "libx264":
            tree = "" if encoding.size[1] % TREE_ROW == 0 else ":mbtree=0"
            params = {"preset": encoding.preset, "x264-params": f"{X264_PARAMS}{tree}"}
            return {"crf": quality, **params}
        case "libx265":
            params = f"{X265_PARAMS}:pools={threads}:frame-threads={min(2, threads)}"
            return {"crf": quality, "preset": encoding.preset, "x265-params": params}
        case "libsvtav1":
            place = {"chroma_sample_location": "left"}
            return {"crf": quality, "preset": "7", "svtav1-params": f"lp={threads}", **place}
        case "libvpx-vp9":
            # row-mt's threads wait for each other in a random order.
            options = {"b": "0", "deadline": "good", "cpu-used": "2", "row-mt": "0"}
            return {"crf": quality, **options}
        case "prores_ks":
            # Editing programs check the vendor, and trust only Apple's.
            return {"profile": "hq" if encoding.codec == "prores" else "4444", "vendor": "apl0"}
        case "ffv1":
            # Version 3 (RFC 9043), in slices with a checksum each.
            return {"level": "3", "slices": "4", "slicecrc": "1"}
        case "hap":
            return {"format": encoding.codec.replace("-", "_")}
    return _hardware_options(encoding)


def _hardware_options(encoding: Encoding) -> dict[str, str]:
    quality = str(encoding.quality)
    match encoding.encoder_name.rpartition("_")[2]:
        case "nvenc":
            return {"preset": "p5", "rc": "constqp", "qp": quality, "strict_gop": "1"}
        case "videotoolbox":
            # Its scale is 1 to 100, higher is better, in libav's units of 118.
            better = max(1, 100 - 2 * encoding.crf)
            return {"flags": "+qscale", "global_quality": str(118 * better)}
        case "qsv":
            return {"preset": "medium", "global_quality": str(max(1, encoding.quality))}
        case "amf":
            return {"rc": "cqp", "qp_i": quality, "qp_p": quality, "qp_b": quality}
    raise KeyError(encoding.encoder_name)
