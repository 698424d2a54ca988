"""Frames piped into the ffmpeg program, for codecs that PyAV's libav decodes but cannot encode.

The program is the one that imageio brings, or the one that IMAGEIO_FFMPEG_EXE names.
"""

import os
import re
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, BinaryIO

import numpy as np

from dreamvid.errors import VideoError
from dreamvid.media.video.colour import Planes, check_planes
from dreamvid.media.video.encoder_options import Encoding, encoder_options
from dreamvid.media.video.libav import REFUSALS, file_url

CURE = "install imageio[ffmpeg], or set IMAGEIO_FFMPEG_EXE to an ffmpeg that works"
LOG_BYTES = 4096  # of what the program printed
SPEAKER = re.compile(r"^(\[[^\]]*\] )+")  # the part of ffmpeg that prints a line


def pipe_film(frames: Iterable[Planes], partial: Path, path: Path, encoding: Encoding) -> int:
    """Encode frames into the file `partial` and return their number.

    The program has ended when this returns or raises: it is killed where `frames` fails.

    Args:
        path: the film's name, for errors.

    Raises:
        VideoError: the program is missing, was killed or failed.
        OSError: the disk refuses the file, such as a full one.
        ValueError: a frame of another size.
    """
    command, count = _command(partial, path.suffix, encoding), 0
    with TemporaryFile() as log, _running(command, path, log) as program:
        assert program.stdin is not None
        for planes in frames:
            check_planes(planes, encoding.pixel_format, encoding.size)
            if not _written(program.stdin, planes):
                raise _failure(program.wait(), path, log)
            count += 1
        if count and (not _closed(program.stdin) or program.wait() or not _size(partial)):
            raise _failure(program.wait(), path, log)
    return count


def probe_program(codec: str) -> str | None:
    """Encode a black frame in a piped codec of CODECS; None if it works, else the reason."""
    encoding = Encoding(size=(64, 64), fps=Fraction(25), codec=codec)
    black = np.zeros((4 * 64, 64), np.uint8)
    with TemporaryDirectory() as folder:
        path = Path(folder, f"probe{encoding.kind.suffix}")
        try:
            pipe_film([black], path, path, encoding)
        except (VideoError, OSError) as error:
            return str(error).removeprefix(f"{path}: ")
    return None


def _command(partial: Path, suffix: str, encoding: Encoding) -> list[str]:
    height, width = encoding.size
    settings = {
        "f": "rawvideo",
        "pix_fmt": encoding.pixel_format.name,
        "video_size": f"{width}x{height}",
        "framerate": str(encoding.fps),
        "i": "pipe:0",
        "c:v": encoding.encoder_name,
        **encoder_options(encoding),
        "threads": str(encoding.threads),
        # Else the film names the libav version that wrote it.
        "flags:v": "+bitexact",
        "fflags": "+bitexact",
    }
    options = [word for name, value in settings.items() for word in (f"-{name}", value)]
    return ["-v", "error", *options, "-f", suffix[1:], "-y", file_url(partial)]


@contextmanager
def _running(options: list[str], path: Path, log: BinaryIO) -> Iterator["Popen[bytes]"]:
    """Start the program; it has ended after the block.

    Its messages go to a file: an unread pipe fills up and blocks both sides. In a session of its
    own it does not get our Ctrl-C. With the signals that Python ignores still ignored, a file that
    is too large is an error and does not kill it.
    """
    command = [exe := _executable(path), *options]
    try:
        program = Popen(
            command,
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=log,
            start_new_session=True,
            restore_signals=False,
        )
    except OSError as error:
        raise VideoError(f"{path}: {exe}: {error.strerror}; {CURE}") from None
    try:
        yield program
    finally:
        program.kill()
        assert program.stdin is not None
        _closed(program.stdin)
        program.wait()


def _executable(path: Path) -> str:
    import imageio_ffmpeg

    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError:
        raise VideoError(f"{path}: there is no ffmpeg program; {CURE}") from None


def _written(stdin: IO[bytes], planes: Planes) -> bool:
    """Write a frame's bytes; False once the program has ended."""
    try:
        stdin.write(np.ascontiguousarray(planes).data)
    except OSError:  # Windows has other errors for a broken pipe
        return False
    return True


def _closed(stdin: IO[bytes]) -> bool:
    """Write what is left and close the pipe; False where the program has ended before."""
    try:
        stdin.close()
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _failure(status: int, path: Path, log: BinaryIO) -> VideoError | OSError:
    """Return the error of a program that ended with this status, negative for a signal's number."""
    if status < 0:
        return VideoError(f"{path}: ffmpeg was killed ({signal.Signals(-status).name})")
    number = -status % 256  # it exits with libav's negative error
    if number in REFUSALS:
        return OSError(number, os.strerror(number))
    log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
    lines = [SPEAKER.sub("", line) for line in log.read().decode(errors="replace").splitlines()]
    reason = next((line for line in lines if line.strip()), f"exit status {status}")
    return VideoError(f"{path}: ffmpeg: {' '.join(reason.split())}; {CURE}")
