"""Which encoder a film gets: hardware's only where a film of its size truly comes out of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import torch

from dreamvid.errors import DreamvidError, PresetError, VideoError
from dreamvid.media.video.colour import Planes, to_planes
from dreamvid.media.video.encoder_probe import libav_log, probe_encoder
from dreamvid.media.video.reader import read_frames
from dreamvid.media.video.writer import Encoding, encode, join

SOFTWARE, AUTO = "software", "auto"
FRAMES = 4  # of each of two segments
FAR = 8.0  # of 255: the mean error from which a picture is taken for another
DARK, LIGHT = 0.3, 0.7  # of the whole range: the two segments' greys, far more apart than that


@dataclass(frozen=True)
class Choice:
    encoder: str  # "software" or libav's name
    words: str  # for the user


def choose_encoder(encoding: Encoding, asked: str, kept: str | None = None) -> Choice:
    """The encoder of a film. Nothing but "auto" chooses by what the machine has.

    Args:
        encoding: of the film.
        asked: `video.encoder`: "software", "auto", or libav's name.
        kept: what a render that is gone on with was begun with, under "auto".

    Raises VideoError where the one that it must be does not work here, PresetError for a size
    that the codec does not have.
    """
    _check_sides(encoding)
    codec, begun = encoding.kind, asked == AUTO and kept is not None
    wanted = kept if begun and kept else asked
    refusals: list[str] = []
    if wanted == AUTO:
        for name in codec.hardware:
            reason = refusal(replace(encoding, encoder=name))
            if reason is None:
                return Choice(name, f"{codec.title} by {name}")
            refusals.append(f"{name}: {reason}")
    elif wanted not in (SOFTWARE, codec.encoder):
        if reason := refusal(replace(encoding, encoder=wanted)):
            cure = "go on where it works, or --fresh" if begun else 'use "auto" or "software"'
            raise VideoError(f"video.encoder: {wanted} does not work here: {reason} ({cure})")
        return Choice(wanted, f"{codec.title} by {wanted}")
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
    """None if the encoder's segments join to a film that shows what was encoded, or the reason.

    libav lists hardware encoders on machines without the hardware, and hardware takes some
    sizes and forms only.
    """
    if encoding.by not in av.codecs_available:
        return "this libav does not have it"
    with TemporaryDirectory() as folder, libav_log() as log:
        try:
            return _tried(encoding, Path(folder))
        except (DreamvidError, ValueError) as error:
            said = log[0][2] if log else str(error).rpartition(": ")[2]
            return " ".join(said.split())


def _tried(encoding: Encoding, folder: Path) -> str | None:
    parts = [folder / f"{n}{encoding.kind.segment}" for n in range(2)]
    film = folder / f"film{encoding.kind.segment}"
    for part, shade in zip(parts, (DARK, LIGHT), strict=True):
        encode(_greys(encoding, shade), part, encoding)
    join(parts, film, encoding.fps)
    shown = [float(picture.mean()) for picture in read_frames(film)]
    if len(shown) != 2 * FRAMES:
        return f"{len(shown)} of {2 * FRAMES} frames came out of it"
    meant = np.repeat([255 * DARK, 255 * LIGHT], FRAMES)
    if np.abs(np.array(shown) - meant).max() > FAR:
        return "other pictures came out of it than went in"
    return None


def _greys(encoding: Encoding, shade: float) -> Iterator[Planes]:
    """Flat pictures of a grey, in the encoder's form."""
    for _ in range(FRAMES):
        yield to_planes(torch.full((1, 3, *encoding.size), shade), encoding.form)
