"""Seamless loops of any film: ping-pong and cross-fade."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from dreamvid.errors import PresetError
from dreamvid.export.loop.morph import Morph
from dreamvid.export.reverse.backwards import read_backwards
from dreamvid.image import Bytes
from dreamvid.media.audio.blocks import Samples, fit, regroup, skip
from dreamvid.media.audio.decode import RATE
from dreamvid.media.audio.mux import CHANNELS, reverse_through
from dreamvid.media.clip import Pictures

BLOCK = RATE // 10  # samples mixed at once


def ping_pong(path: Path, film: Pictures) -> Pictures:
    """Play the n frames of a film forward and back, both ends shown once: 2 n - 2 frames.

    The sound reverses in the middle of the loop and again at its end. Raises VideoError.

    Args:
        film: frames of the file at `path` at any rate: all, or the first n.
    """
    if film.count < 3:
        return film

    def read() -> Generator[Bytes, None, None]:
        with closing(film.read()) as frames:
            yield from frames
        with closing(read_backwards(path, fps=film.fps, count=film.count)) as reversed_:
            yield from islice(reversed_, 1, film.count - 1)

    count = 2 * film.count - 2
    half = round((film.count - 1) / film.fps * RATE)
    rest = round(count / film.fps * RATE) - half

    def sound() -> Generator[Samples, None, None]:
        assert film.sound
        with closing(film.sound()) as blocks:
            yield from fit(blocks, half, channels=CHANNELS)
        with closing(film.sound()) as blocks, TemporaryFile() as scratch:
            yield from reverse_through(fit(blocks, rest, channels=CHANNELS), scratch)

    return replace(film, read=read, count=count, sound=sound if film.sound else None)


def cross_fade(film: Pictures, frames: int) -> Pictures:
    """Dissolve the last `frames` frames of a film into its first: n - frames frames.

    The result begins after those first frames, which its end becomes. In the dissolve both move
    along the optical flow between them, so that like parts meet instead of showing twice. The
    sound fades over the same time at equal power. Raises PresetError where the film is shorter
    than two such dissolves.
    """
    check_fade(film, frames)
    alone = film.count - 2 * frames  # frames that are not dissolved
    morph = Morph()

    def read() -> Generator[Bytes, None, None]:
        with closing(film.read()) as head, closing(film.read()) as all_frames:
            tail = islice(all_frames, frames, None)
            yield from islice(tail, alone)
            for number, (old, new) in enumerate(zip(islice(tail, frames), head, strict=False)):
                yield morph(old, new, (number + 1) / (frames + 1))

    def sound() -> Generator[Samples, None, None]:
        assert film.sound
        overlap = round(frames / film.fps * RATE)
        whole = round(film.seconds * RATE)
        with closing(film.sound()) as first, closing(film.sound()) as second:
            tail = regroup(skip(fit(second, whole, channels=CHANNELS), overlap), BLOCK)
            yield from _fade_into(tail, regroup(first, BLOCK), whole - 2 * overlap, overlap)

    count = film.count - frames
    return replace(film, read=read, count=count, sound=sound if film.sound else None)


def check_fade(film: Pictures, frames: int) -> None:
    """Raise PresetError where a fade of so many frames is longer than half of the film."""
    if film.count < 2:
        raise PresetError("--kind", "cross-fade: one picture cannot be dissolved", "--kind repeat")
    if not 1 <= frames <= film.count // 2:
        most = float(film.count // 2 / film.fps)
        problem = f"{float(frames / film.fps):g} s is not within the film's half"
        raise PresetError("--seconds", problem, f"up to {most:.2f}")


def _fade_into(
    tail: Generator[Samples, None, None],
    head: Generator[Samples, None, None],
    alone: int,
    overlap: int,
) -> Generator[Samples, None, None]:
    """Yield `alone` samples of the tail, then `overlap` of it cross-faded with the head's first."""
    at = 0
    pending = np.zeros((CHANNELS, 0), np.float32)  # of the head
    for block in tail:
        mixed = min(block.shape[1], max(0, at + block.shape[1] - alone))
        if mixed:
            first = block.shape[1] - mixed
            while pending.shape[1] < mixed:
                more = next(head, None)
                if more is None:
                    more = np.zeros((CHANNELS, mixed - pending.shape[1]), np.float32)
                pending = np.concatenate([pending, more], axis=1)
            angle = (at + first - alone + np.arange(mixed) + 0.5) / overlap * np.pi / 2
            block = block.copy()
            block[:, first:] *= np.cos(angle).astype(np.float32)
            block[:, first:] += pending[:, :mixed] * np.sin(angle).astype(np.float32)
            pending = pending[:, mixed:]
        at += block.shape[1]
        yield block
