"""Films that say any colours of themselves: primaries, transfer, matrix and range of H.273 or not.

What is grey is grey by all of them, and brighter is brighter. That is looked at too.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from dreamvid.media.clip import pictures_of
from dreamvid.media.footage.frame_times import read_frame_times
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.trees import ELEMENTS, Node

PRIMARIES = (*range(13), 22, 23, 255)
TRANSFERS = (*range(19), 255)
MATRICES = (*range(18), 255)
RANGES = (0, 1, 2)
PIXELS = ("yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le")
PIXELS += ("yuv444p16le", "gray", "gray10le", "gray16le", "gbrp10le", "gbrp16le", "bgr0")
PIXELS += ("yuva420p", "yuva444p10le", "bgra", "rgb48le")
# Tags that say of Y'CbCr that it is RGB, and systems whose white is not that of sRGB.
OTHER_WHITES = {4, 8, 10, 11}
NOT_GREY = {0, 11, 15, 16, 17}
FLAT = 10  # levels of 255 that a channel may be off the others, by rounding of dark ones in PQ


def ramp() -> np.ndarray:
    """(32, 64, 3) uint8, greys that rise in steps of four pixels."""
    grey = np.repeat(np.linspace(0, 255, 16), 4).astype(np.uint8)
    return np.broadcast_to(grey[None, :, None], (32, 64, 3)).copy()


def _film(path: Path, pixels: str) -> bytes:
    """Tagged with numbers that are there to be replaced: encoders refuse most."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 32, pixels
        context = stream.codec_context
        context.color_primaries, context.color_trc = 1, 1
        yuv = pixels.startswith("yuv")
        context.colorspace, context.color_range = (1, 1) if yuv else (0, 2)
        frame = av.VideoFrame.from_ndarray(ramp(), "rgb24")
        container.mux(stream.encode(VideoReformatter().reformat(frame, format=pixels)))
        container.mux(stream.encode(None))
    return path.read_bytes()


ELEMENT = {b"\x55\xb1": 2, b"\x55\xb9": 3, b"\x55\xba": 1, b"\x55\xbb": 0}
"""Matroska's elements, and which of the tags each holds."""


def _tagged(nodes: list[Node], tags: Sequence[int]) -> list[Node]:
    def one(node: Node) -> Node:
        if isinstance(node.content, list):
            return replace(node, content=_tagged(node.content, tags))
        at = ELEMENT.get(node.kind)
        return node if at is None else replace(node, content=bytes([tags[at]]))

    return [one(node) for node in nodes]


def tagged_film(path: Path, pixels: str, tags: Sequence[int]) -> Path:
    """Write greys that say primaries, transfer, matrix and range, whatever their numbers."""
    path.write_bytes(ELEMENTS.write(_tagged(ELEMENTS.read(_film(path, pixels)), tags)))
    return path


def colour_tags(folder: Path) -> Make:
    path = folder / "tagged.mkv"
    films = {pixels: ELEMENTS.read(_film(path, pixels)) for pixels in PIXELS}

    def make(rng: Random) -> Case:
        pixels, tags = rng.choice(PIXELS), _tags(rng)
        path.write_bytes(ELEMENTS.write(_tagged(films[pixels], tags)))
        primaries, transfer, matrix, full = tags
        yuv = pixels.startswith("yuv")
        white = primaries not in OTHER_WHITES and not (yuv and matrix in NOT_GREY)
        said = f"{pixels}, primaries {primaries}, transfer {transfer}, matrix {matrix}, {full}"
        return lambda: _check(path, said, grey=white)

    return make


def _tags(rng: Random) -> tuple[int, int, int, int]:
    tags = rng.choice(PRIMARIES), rng.choice(TRANSFERS), rng.choice(MATRICES), rng.choice(RANGES)
    usual = rng.choice(((1, 1, 1, 1), (9, 16, 9, 1), (9, 18, 9, 1), (12, 13, 1, 2)))
    kept = [rng.random() < 0.5 for _ in tags]
    return tuple(u if k else t for u, t, k in zip(usual, tags, kept, strict=True))  # type: ignore


def _check(path: Path, said: str, *, grey: bool) -> None:
    read_frame_times.__globals__["_read_once"].cache_clear()
    with closing(pictures_of(path).read()) as pictures:
        (picture,) = pictures
    seen = picture.astype(int)[16]
    if grey:
        assert np.ptp(seen, axis=1).max() <= FLAT, f"{said}: grey has become {seen[::4].tolist()}"
        steps = np.diff(seen[2::4, 1])
        assert steps.min() >= -1, f"{said}: brighter has become darker: {seen[::4, 1].tolist()}"
        assert seen[-2, 1] - seen[2, 1] > 60, f"{said}: no light is left: {seen[::4, 1].tolist()}"


FAMILIES = {"colour_tags": Family(300, colour_tags)}
