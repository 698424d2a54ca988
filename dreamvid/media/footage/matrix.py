"""Matrices of films' colours (ITU-T H.273, table 4), and those that swscale does not convert."""

from pathlib import Path

from av.video.frame import VideoFrame

from dreamvid.errors import VideoError

UNSPECIFIED, LAST = 2, 17  # MatrixCoefficients; those above are reserved
MISSING = {
    8: "YCgCo",
    10: "BT.2020 of constant luminance",
    11: "Y'D'zD'x",
    12: "a matrix derived from its primaries",
    13: "a matrix of constant luminance derived from its primaries",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}


def drop_reserved(frame: VideoFrame) -> None:
    """Remove a tag without a meaning, which swscale refuses."""
    if frame.colorspace > LAST:
        frame.colorspace = UNSPECIFIED


def check_matrix(path: Path, frame: VideoFrame) -> None:
    """Raise VideoError where a film's colours cannot be converted."""
    name = None if frame.format.is_rgb else MISSING.get(int(frame.colorspace))
    if name and len(frame.format.components) > 2:  # grey has no matrix
        raise VideoError(f"{path}: its colours are in {name}; convert it to BT.709 first")
