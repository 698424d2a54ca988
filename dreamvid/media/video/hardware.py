"""Choice of a film's encoder: hardware only where it encodes a film of this size correctly."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import torch

from dreamvid.errors import DreamvidError, PresetError, VideoError
from dreamvid.media.footage.reader import read_frames
from dreamvid.media.video.colour import Planes, to_planes
from dreamvid.media.video.encoder_probe import libav_log, probe_encoder
from dreamvid.media.video.writer import Encoding, encode, join

SOFTWARE, AUTO = "software", "auto"
FRAMES = 4  # in each of two test segments
TOLERANCE = 8.0  # mean error of 255 of a frame's brightness
DARK, LIGHT = 0.3, 0.7  # the two segments' greys in [0, 1], far more apart than the tolerance


@dataclass(frozen=True)
class Choice:
    encoder: str  # "software" or libav's name
    message: str  # for the user


def choose_encoder(encoding: Encoding, setting: str, resumed: str | None = None) -> Choice:
    """Choose a film's encoder; only "auto" depends on the machine.

    Args:
        setting: `video.encoder`: "software", "auto", or libav's name.
        resumed: the encoder that a resumed render began with, under "auto".

    Raises:
        VideoError: the encoder does not work here.
        PresetError: the codec cannot have this size.
    """
    _check_sides(encoding)
    codec, resuming = encoding.kind, setting == AUTO and resumed is not None
    name = resumed if resuming and resumed else setting
    refusals: list[str] = []
    if name == AUTO:
        for candidate in codec.hardware:
            reason = refusal(replace(encoding, encoder=candidate))
            if reason is None:
                return Choice(candidate, f"{codec.title} by {candidate}")
            refusals.append(f"{candidate}: {reason}")
    elif name not in (SOFTWARE, codec.encoder):
        if reason := refusal(replace(encoding, encoder=name)):
            cure = "go on where it works, or --fresh" if resuming else 'use "auto" or "software"'
            raise VideoError(f"video.encoder: {name} does not work here: {reason} ({cure})")
        return Choice(name, f"{codec.title} by {name}")
    if reason := probe_encoder(codec.encoder):
        raise VideoError(f"this machine cannot encode {codec.title}: {reason}")
    why = f"; no hardware encoder works here ({refusals[0]})" if refusals else ""
    maker = "ffmpeg" if codec.piped else codec.encoder
    return Choice(SOFTWARE, f"{codec.title} by {maker}{why}")


def _check_sides(encoding: Encoding) -> None:
    height, width = encoding.size
    multiple = encoding.kind.multiple
    if height % multiple or width % multiple:
        problem = f"{encoding.codec} takes sides that are multiples of {multiple}"
        fits = f"{width - width % multiple}x{height - height % multiple}"
        raise PresetError("start.size", f"{problem}, not {width}x{height}", f"such as {fits}")


def refusal(encoding: Encoding) -> str | None:
    """Encode and join two segments; None if the film shows their frames, else the reason.

    libav lists hardware encoders on machines without the hardware, and hardware takes only some
    sizes and pixel formats.
    """
    if encoding.encoder_name not in av.codecs_available:
        return "this libav does not have it"
    with TemporaryDirectory() as folder, libav_log() as log:
        try:
            return _fault(encoding, Path(folder))
        except (DreamvidError, ValueError) as error:
            reason = log[0][2] if log else str(error).rpartition(": ")[2]
            return " ".join(reason.split())


def _fault(encoding: Encoding, folder: Path) -> str | None:
    parts = [folder / f"{n}{encoding.kind.segment}" for n in range(2)]
    film = folder / f"film{encoding.kind.segment}"
    for part, shade in zip(parts, (DARK, LIGHT), strict=True):
        encode(_greys(encoding, shade), part, encoding)
    join(parts, film, encoding.fps)
    shown = [float(frame.mean()) for frame in read_frames(film)]
    if len(shown) != 2 * FRAMES:
        return f"{len(shown)} of {2 * FRAMES} frames came out of it"
    expected = np.repeat([255 * DARK, 255 * LIGHT], FRAMES)
    if np.abs(np.array(shown) - expected).max() > TOLERANCE:
        return "other pictures came out of it than went in"
    return None


def _greys(encoding: Encoding, shade: float) -> Iterator[Planes]:
    for _ in range(FRAMES):
        yield to_planes(torch.full((1, 3, *encoding.size), shade), encoding.pixel_format)
