"""The codecs that films are written in: what each takes, and what its films are called.

Plain data: nothing here needs libav or torch, so that a preset is checked at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """How an encoder takes a picture's samples; BT.709, limited range, or RGB, full range."""

    name: str  # libav's name of it
    depth: int  # bits a sample
    chroma: tuple[int, int] | None  # rows and columns that share a chroma sample; None: RGB
    left: bool = False  # chroma lies on the left pixels, or else amid those that share it

    @property
    def packed(self) -> bool:
        """Whether it is one plane of blue, green, red and a byte of nothing."""
        return self.chroma is None and self.depth == 8

    @property
    def pixel_bytes(self) -> float:
        """Bytes of a pixel, on average."""
        if self.packed:
            return 4
        rows, columns = self.chroma or (1, 1)
        return (1 + 2 / (rows * columns)) * (1 if self.depth == 8 else 2)

    def planes(self, height: int, width: int) -> list[tuple[int, int]]:
        """(rows, columns) of each, in libav's order."""
        if self.packed:
            return [(height, 4 * width)]
        rows, columns = self.chroma or (1, 1)
        return [(height, width), *[(height // rows, width // columns)] * 2]

    def fits(self, height: int, width: int) -> bool:
        """Whether a picture of this size has whole planes."""
        rows, columns = self.chroma or (1, 1)
        return height % rows == 0 and width % columns == 0


YUV420 = Form("yuv420p", 8, (2, 2))
YUV420_10 = Form("yuv420p10le", 10, (2, 2))
# AV1 and VP9 cannot say that chroma lies amid its pixels, and ProRes is defined without.
LEFT420 = Form("yuv420p", 8, (2, 2), left=True)
LEFT420_10 = Form("yuv420p10le", 10, (2, 2), left=True)
LEFT422_10 = Form("yuv422p10le", 10, (1, 2), left=True)
YUV444_10 = Form("yuv444p10le", 10, (1, 1))
RGB = Form("bgr0", 8, None)
RGB_16 = Form("gbrp16le", 16, None)


@dataclass(frozen=True, kw_only=True)
class Codec:
    title: str
    encoder: str  # libav's name of the one that needs no hardware
    forms: Mapping[int, Form]  # by bits a sample; the first is the usual one
    suffix: str  # of a finished film
    segment: str = ".mp4"  # of a film's segments: their frame times are exact
    crf: tuple[float, float] | None = None  # x264's times the first, plus the second, is its own
    worst: int = 51  # the end of its own crf
    intra: bool = False  # every picture is a key picture
    hardware: tuple[str, ...] = ()  # encoders of libav that need some, the likeliest first
    tag: str | None = None  # what players know it by, where that is not libav's usual one
    multiple: int = 2  # pixels: both sides are multiples of it
    piped: bool = False  # encoded by the ffmpeg program: PyAV's libav only decodes it

    @property
    def depth(self) -> int:
        """The usual bits a sample."""
        return next(iter(self.forms))


def _hap(title: str) -> Codec:
    """A HAP codec: textures of 4x4 blocks that a player's GPU draws as they are (Vidvox, 2013)."""
    return Codec(
        title=title,
        encoder="hap",
        forms={8: RGB},
        suffix=".mov",
        segment=".mov",
        intra=True,
        multiple=4,
        piped=True,
    )


def _hardware(codec: str, *makers: str) -> tuple[str, ...]:
    return tuple(f"{codec}_{maker}" for maker in makers)


# The crfs give the PSNR of x264's on a dreamed film, measured at 480x270 for 8 to 32. At 16
# HEVC then takes 0.92, VP9 0.77 and AV1 0.62 of x264's bytes.
CODECS: dict[str, Codec] = {
    "h264": Codec(
        title="H.264",
        encoder="libx264",
        forms={8: YUV420, 10: YUV420_10},
        suffix=".mp4",
        crf=(1, 0),
        hardware=_hardware("h264", "nvenc", "videotoolbox", "qsv", "amf"),
    ),
    "hevc": Codec(
        title="HEVC",
        encoder="libx265",
        forms={10: YUV420_10, 8: YUV420},
        suffix=".mp4",
        crf=(1.03, 1.5),
        hardware=_hardware("hevc", "nvenc", "videotoolbox", "qsv", "amf"),
        tag="hvc1",  # Apple's players take no other
    ),
    "av1": Codec(
        title="AV1",
        encoder="libsvtav1",
        forms={10: LEFT420_10, 8: LEFT420},
        suffix=".webm",
        crf=(2.05, -8),
        worst=63,
        hardware=_hardware("av1", "nvenc", "qsv", "amf"),
    ),
    "vp9": Codec(
        title="VP9",
        encoder="libvpx-vp9",
        forms={8: LEFT420},
        suffix=".webm",
        crf=(2, -6.5),
        worst=63,
    ),
    "prores": Codec(
        title="ProRes 422 HQ",
        encoder="prores_ks",
        forms={10: LEFT422_10},
        suffix=".mov",
        segment=".mov",
        intra=True,
    ),
    "prores-4444": Codec(
        title="ProRes 4444",
        encoder="prores_ks",
        forms={10: YUV444_10},
        suffix=".mov",
        segment=".mov",
        intra=True,
    ),
    "ffv1": Codec(
        title="FFV1",
        encoder="ffv1",
        forms={16: RGB_16, 8: RGB},
        suffix=".mkv",
        intra=True,
    ),
    "hap": _hap("HAP"),
    "hap-q": _hap("HAP Q"),
    "hap-alpha": _hap("HAP Alpha"),
}
