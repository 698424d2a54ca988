"""Translation of libav's errors, and limits on what it opens.

A path cannot make it open a URL, and a file's contents cannot make it open another file.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from av import formats_available
from av.error import FFmpegError

from dreamvid.errors import VideoError
from dreamvid.system.files import refused, whole_file

# Errors of the disk while libav writes: full, over its quota, gone, read-only.
REFUSALS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES}

# libav's names of formats that open other files, listen to a network or run a script.
_PLAYLISTS = {"concat", "hls", "applehttp", "dash", "webm_dash_manifest", "imf"}
_PLAYLISTS |= {"sdp", "rtsp", "rtp", "sap", "avisynth", "vapoursynth"}


def is_playlist(name: str) -> bool:
    """Return whether libav opens other files for a format, given by its comma-separated names."""
    return not _PLAYLISTS.isdisjoint(name.split(","))


CONTAINERS = sorted(name for name in formats_available if not is_playlist(name))
"""libav's names of the formats without playlists."""


def file_url(path: Path) -> str:
    """Return the URL by which libav opens `path` as a file, whatever its name."""
    return f"file:{path.absolute()}"


@contextmanager
def libav_errors(path: Path) -> Iterator[None]:
    """Turn libav's error in the block into a VideoError of one line about `path`."""
    try:
        yield
    except FFmpegError as error:
        raise VideoError(f"{path}: {error.strerror}") from None


@contextmanager
def whole_film(path: Path, *, make: bool = True) -> Iterator[Path]:
    """Write a film by libav, as `whole_file` does; raises VideoError for libav's errors too."""
    with whole_file(path, make=make) as partial:
        try:
            yield partial
        except FFmpegError as error:
            if error.errno in REFUSALS:
                raise refused(path, OSError(error.errno, error.strerror)) from None
            raise VideoError(f"{path}: {error.strerror}") from None
