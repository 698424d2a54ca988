"""The codecs that films are written in, their pixel formats and file suffixes.

Plain data: nothing here needs libav or torch, so that a preset is checked at once.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass


@dataclass(frozen=True)
class PixelFormat:
    """A layout of samples that encoders take: YUV of BT.709, limited range, or RGB, full range."""

    name: str  # in libav
    depth: int  # bits a sample
    chroma: tuple[int, int] | None  # rows and columns that share a chroma sample; None: RGB
    left: bool = False  # chroma is sited on the left pixels, not in the middle of its pixels

    @property
    def packed(self) -> bool:
        """True for a single plane of blue, green, red and a padding byte."""
        return self.chroma is None and self.depth == 8

    @property
    def pixel_bytes(self) -> float:
        """Mean bytes a pixel."""
        if self.packed:
            return 4
        rows, columns = self.chroma or (1, 1)
        return (1 + 2 / (rows * columns)) * (1 if self.depth == 8 else 2)

    def planes(self, height: int, width: int) -> list[tuple[int, int]]:
        """Return (rows, columns) of each plane, in libav's order."""
        if self.packed:
            return [(height, 4 * width)]
        rows, columns = self.chroma or (1, 1)
        return [(height, width), *[(height // rows, width // columns)] * 2]

    def fits(self, height: int, width: int) -> bool:
        """Return whether the planes of an image of this size are whole."""
        rows, columns = self.chroma or (1, 1)
        return height % rows == 0 and width % columns == 0


YUV420 = PixelFormat("yuv420p", 8, (2, 2))
YUV420_10 = PixelFormat("yuv420p10le", 10, (2, 2))
# AV1 and VP9 cannot signal chroma in the middle of its pixels, and ProRes defines it as left.
LEFT420 = PixelFormat("yuv420p", 8, (2, 2), left=True)
LEFT420_10 = PixelFormat("yuv420p10le", 10, (2, 2), left=True)
LEFT422_10 = PixelFormat("yuv422p10le", 10, (1, 2), left=True)
YUV444_10 = PixelFormat("yuv444p10le", 10, (1, 1))
RGB = PixelFormat("bgr0", 8, None)
RGB_16 = PixelFormat("gbrp16le", 16, None)


@dataclass(frozen=True)
class Codec:
    title: str
    encoder: str  # libav's name of its software encoder
    pixel_formats: Mapping[int, PixelFormat]  # by bits a sample; the first is the default
    suffix: str  # of a finished film
    _: KW_ONLY
    crf: tuple[float, float] | None = None  # (a, b): its crf is a * x264's + b
    worst: int = 51  # largest crf
    intra: bool = False  # every frame is a keyframe
    hardware: tuple[str, ...] = ()  # libav's hardware encoders, the likeliest first
    tag: str | None = None  # fourcc that players expect, where libav's default is another
    multiple: int = 2  # pixels: both sides are multiples of it
    piped: bool = False  # encoded by the ffmpeg program: PyAV's libav only decodes it

    @property
    def segment(self) -> str:
        """Suffix of segments: MP4 and MOV keep frame times exactly."""
        return ".mov" if self.suffix == ".mov" else ".mp4"

    @property
    def depth(self) -> int:
        """Default bits a sample."""
        return next(iter(self.pixel_formats))


def _hap(title: str) -> Codec:
    """A HAP codec: textures of 4x4 blocks that a player's GPU draws as they are (Vidvox, 2013)."""
    return Codec(title, "hap", {8: RGB}, ".mov", intra=True, multiple=4, piped=True)


def _hardware(codec: str, *makers: str) -> tuple[str, ...]:
    return tuple(f"{codec}_{maker}" for maker in makers)


# The crfs match x264's PSNR on a dreamed film, measured at 480x270 for 8 to 32. At 16 HEVC takes
# 0.92, VP9 0.77 and AV1 0.62 of x264's bytes.
CODECS: dict[str, Codec] = {
    "h264": Codec(
        "H.264",
        "libx264",
        {8: YUV420, 10: YUV420_10},
        ".mp4",
        crf=(1, 0),
        hardware=_hardware("h264", "nvenc", "videotoolbox", "qsv", "amf"),
    ),
    "hevc": Codec(
        "HEVC",
        "libx265",
        {10: YUV420_10, 8: YUV420},
        ".mp4",
        crf=(1.03, 1.5),
        hardware=_hardware("hevc", "nvenc", "videotoolbox", "qsv", "amf"),
        tag="hvc1",  # the only one that Apple's players take
    ),
    "av1": Codec(
        "AV1",
        "libsvtav1",
        {10: LEFT420_10, 8: LEFT420},
        ".webm",
        crf=(2.05, -8),
        worst=63,
        hardware=_hardware("av1", "nvenc", "qsv", "amf"),
    ),
    "vp9": Codec("VP9", "libvpx-vp9", {8: LEFT420}, ".webm", crf=(2, -6.5), worst=63),
    "prores": Codec("ProRes 422 HQ", "prores_ks", {10: LEFT422_10}, ".mov", intra=True),
    "prores-4444": Codec("ProRes 4444", "prores_ks", {10: YUV444_10}, ".mov", intra=True),
    "ffv1": Codec("FFV1", "ffv1", {16: RGB_16, 8: RGB}, ".mkv", intra=True),
    "hap": _hap("HAP"),
    "hap-q": _hap("HAP Q"),
    "hap-alpha": _hap("HAP Alpha"),
}
