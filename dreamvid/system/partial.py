"""Names of partial files, `.NAME.TOKEN.partial`: each writer has its own, known when it is killed.

The token holds the machine, number and start time of the writing process. Names without a token,
`.NAME.partial`, are of older versions.
"""

import errno
import os
import re
import time
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from itertools import count
from pathlib import Path

from dreamvid.system.process import Process, this_host, this_process

SUFFIX = ".partial"
STALE = 86_400.0  # seconds: a file of another machine untouched for so long is a killed writer's

_PARTIAL = re.compile(
    r"\.(?P<name>.+?)"
    r"(\.(?P<machine>[0-9a-f]{6})-(?P<pid>[0-9a-f]{1,8})-(?P<born>[0-9a-f]{1,16})-[0-9a-f]+)?"
    r"\.partial",
    re.DOTALL,
)
_numbers = count()


def new_partial(path: Path) -> Path:
    """Name a partial file beside `path`, in a folder that is there, that no other writer has.

    Raises OSError where the folder's disk takes no name as long as `path`'s.
    """
    longest, name = _longest(path.parent), os.fsencode(path.name)
    if len(name) > longest:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), str(path))
    me = this_process()
    token = f".{_machine(me.host)}-{me.pid:x}-{me.born:x}-{next(_numbers):x}{SUFFIX}"
    room = longest - 1 - len(token)
    return path.with_name(f".{name[:room].decode('utf-8', 'ignore')}{token}")


def original_name(partial: str) -> str | None:
    """Return the name of the file that a partial one was to become; None for other names.

    A very long name has lost its end.
    """
    match = _PARTIAL.fullmatch(partial)
    return match and match["name"]


@lru_cache(maxsize=256)  # once for a folder: one of many thousand frames takes long to list
def remove_abandoned(folder: Path) -> None:
    """Remove the partial files that killed writers left in a folder; raises nothing."""
    with suppress(OSError):
        for entry in folder.iterdir():
            if entry.name.endswith(SUFFIX):
                with suppress(OSError):
                    if _is_abandoned(entry):
                        entry.unlink()


def _is_abandoned(path: Path) -> bool:
    match = _PARTIAL.fullmatch(path.name)
    if not match or not match["machine"]:
        return False
    host = this_host()
    if match["machine"] == _machine(host):
        return Process(host, int(match["pid"], 16), int(match["born"], 16)).gone
    return time.time() - path.stat().st_mtime > STALE


def _machine(host: str) -> str:
    return blake2b(host.encode(), digest_size=3).hexdigest()


def _longest(folder: Path) -> int:
    """Return the most bytes of a file's name in a folder."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError, AttributeError):  # AttributeError: Windows
        return 255
