"""Conversion of HDR and wide-gamut frames to 8-bit RGB of BT.709.

HLG and PQ become light in candelas per square metre, nits (ITU-R BT.2100, HLG for a display of
1000), in which white is at 203 (BT.2408). The EETF of BT.2390 compresses what is above 89 of 1000
nits, applied to the largest of red, green and blue: hues stay, and no channel clips. It shows white
at 230 of 255; Hable's curve, which darkens everything, at 172. Other frames keep their tones.
Colours outside of BT.709 are clipped. A display's curve is gamma 2.4 (BT.1886).

Tables are indexed by square roots, which spread what is dark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame
from jaxtyping import Float32, Float64, UInt8, UInt16

from dreamvid.image import Bytes
from dreamvid.media.footage.primaries import BT709, BT2020, CHROMATICITIES, to_bt709, to_xyz

LINEAR, PQ, HLG = 8, 16, 18  # TransferCharacteristics of ITU-T H.273
WHITE = 203.0  # nits of a film's white
HLG_PEAK, PQ_PEAK, PQ_MOST = 1000.0, 1000.0, 10000.0  # nits; PQ_PEAK: of a film that says nothing
GAMMA = 2.4
STEPS = 65536
ROWS = 32  # converted at a time: what fits into a processor's cache
FORMAT = "gbrp16le"  # of frames to convert
FULL = 2  # AVCOL_RANGE_JPEG

Plane = Float32[np.ndarray, "h w"]
Table = Float32[np.ndarray, "n"]
Values = Float64[np.ndarray, "..."]
Samples = UInt16[np.ndarray, "h w"]


@dataclass(frozen=True)
class Colours:
    """Tags of a frame that is not of BT.709."""

    transfer: int
    primaries: int
    peak: float  # nits of its brightest pixel, for PQ
    one: int  # swscale's sample of FORMAT for what stands for 1


def wide_colours(frame: VideoFrame) -> Colours | None:
    """Read a frame's tags; None for one of BT.709, and for tags that say nothing."""
    transfer, primaries = int(frame.color_trc), int(frame.color_primaries)
    hdr = transfer in (PQ, HLG)
    if primaries not in CHROMATICITIES:
        primaries = BT2020 if hdr else BT709
    if primaries == BT709 and not hdr and transfer != LINEAR:
        return None
    peak = _peak(frame) if transfer == PQ else PQ_PEAK
    return Colours(transfer, primaries, peak, _one(frame))


def _one(frame: VideoFrame) -> int:
    """Return what swscale widens the largest sample to: its bits are shifted, not repeated.

    YUV of limited range is of 8 bits in this, whatever its depth.
    """
    full = frame.format.is_rgb or frame.color_range == FULL or frame.format.name[:4] == "yuvj"
    bits = frame.format.components[0].bits if full else 8
    return (2**bits - 1) << (16 - bits)


def _peak(frame: VideoFrame) -> float:
    """Read the lower of MaxCLL and the mastering display's peak (SMPTE ST 2086, CTA-861.3)."""
    data = SideDataContainer(frame)  # type: ignore[call-arg]  # not frame.side_data: see footage.display_matrix
    peaks = []
    if light := data.get(Type.CONTENT_LIGHT_LEVEL.name):  # type: ignore[call-arg]
        peaks.append(float(np.frombuffer(bytes(light), np.uint32)[0]))
    if display := data.get(Type.MASTERING_DISPLAY_METADATA.name):  # type: ignore[call-arg]
        # AVMasteringDisplayMetadata: 10 fractions, of which the last is the peak, and two flags.
        *_, above, below, _, known = np.frombuffer(bytes(display), np.int32).tolist()
        peaks.append(above / below if known and below else 0.0)
    given = [peak for peak in peaks if peak > 0]
    return min(max(min(given, default=PQ_PEAK), WHITE), PQ_MOST)


def to_bt709_bytes(frame: VideoFrame, colours: Colours) -> Bytes:
    """Convert a frame of FORMAT to (h, w, 3)."""
    curves = _curves(colours)
    green, blue, red = _planes(frame)
    result = np.empty((frame.height, frame.width, 3), np.uint8)
    for top in range(0, frame.height, ROWS):
        band = slice(top, top + ROWS)
        _convert(red[band], green[band], blue[band], curves, result[band])
    return result


def _planes(frame: VideoFrame) -> Iterator[Samples]:
    for plane in frame.planes:
        rows = np.frombuffer(bytes(plane), "<u2").reshape(plane.height, -1)
        yield rows[:, : plane.width]


@dataclass(frozen=True)
class _Curves:
    decode: Table  # by sample: light, 1 is white; of HLG: of the scene, 1 is its brightest
    matrix: Float32[np.ndarray, "3 3"]
    luma: Float32[np.ndarray, "3"]  # in the primaries of BT.709
    system: Table | None  # by the scene's luminance: HLG's gain for the display
    most: float  # largest channel of the tone map's table
    tones: Table | None  # by the largest channel: its gain; None: tones stay
    encode: np.ndarray  # by light, 8 bits


@lru_cache(maxsize=8)
def _curves(colours: Colours) -> _Curves:
    matrix, codes = to_bt709(colours.primaries), np.linspace(0, 1, STEPS)
    signal = np.minimum(np.arange(STEPS) / colours.one, 1)
    if colours.transfer == HLG:
        decode, peak = hlg_scene(signal), HLG_PEAK
    elif colours.transfer == PQ:
        decode, peak = pq_light(signal) / WHITE, colours.peak
    else:
        decode, peak = signal if colours.transfer == LINEAR else signal**GAMMA, WHITE
    brightest = PQ_MOST if colours.transfer == PQ else peak
    most = brightest / WHITE * float(matrix.clip(0).sum(1).max())
    light = codes**2 * most
    mapped = eetf(np.minimum(light * WHITE, peak), peak) / WHITE
    gain = np.divide(mapped, light, out=np.ones(STEPS), where=light > 0)
    system = HLG_PEAK / WHITE * codes**0.4 if colours.transfer == HLG else None  # Y**0.2
    return _Curves(
        decode=decode.astype(np.float32),
        matrix=matrix.astype(np.float32),
        luma=to_xyz(BT709)[1].astype(np.float32),
        system=None if system is None else system.astype(np.float32),
        most=most,
        tones=gain.astype(np.float32) if peak > WHITE else None,
        encode=(255 * codes ** (2 / GAMMA)).round().astype(np.uint8),
    )


def hlg_scene(signal: Values) -> Values:
    """Decode HLG to the scene's light, 0 to 1 (BT.2100, table 5)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def pq_light(signal: Values) -> Values:
    """Decode PQ to nits (BT.2100, table 4; SMPTE ST 2084)."""
    power = signal ** (1 / _M2)
    return PQ_MOST * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def pq_signal(light: Values) -> Values:
    """Encode nits as PQ."""
    power = (light / PQ_MOST) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def eetf(light: Values, peak: float) -> Values:
    """Compress nits of 0 to `peak` into 0 to WHITE, for black at 0 (ITU-R BT.2390, 5.4.1)."""
    if peak <= WHITE:
        return light
    whole, most = pq_signal(np.array([peak, WHITE])).tolist()
    most /= whole
    knee = 1.5 * most - 0.5
    signal = pq_signal(light) / whole
    t = np.maximum(signal - knee, 0) / (1 - knee)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee
    bent += (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    return np.where(signal < knee, light, pq_light(np.minimum(bent, most) * whole))


def _convert(
    red: Samples, green: Samples, blue: Samples, curves: _Curves, result: UInt8[np.ndarray, "h w 3"]
) -> None:
    """Convert some rows of samples, and write them into `result`."""
    source = [curves.decode.take(samples) for samples in (red, green, blue)]
    light = [_dot(row, source) for row in curves.matrix]
    scale = None
    if curves.system is not None:
        scale = curves.system.take(_index(_dot(curves.luma, light)))
    if curves.tones is not None:
        largest = np.maximum(np.maximum(light[0], light[1]), light[2])
        largest *= (1 if scale is None else scale) / np.float32(curves.most)
        gain = curves.tones.take(_index(largest))
        scale = gain if scale is None else scale * gain
    for channel, plane in enumerate(light):
        if scale is not None:
            plane *= scale
        result[..., channel] = curves.encode.take(_index(plane))


def _dot(weights: Float32[np.ndarray, "3"], planes: list[Plane]) -> Plane:
    total = weights[0] * planes[0]
    total += weights[1] * planes[1]
    total += weights[2] * planes[2]
    return total


def _index(values: Plane) -> Samples:
    """Find values, clipped to [0, 1], in a table of STEPS by square root; overwrites them."""
    np.clip(values, 0, 1, out=values)
    np.sqrt(values, out=values)
    values *= np.float32(STEPS - 1)
    values += np.float32(0.5)
    return values.astype(np.uint16)
