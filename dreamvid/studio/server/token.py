"""Token that opens the studio's page: a user's own, the same until its file is deleted.

A page that is open thus goes on after the studio was restarted.
"""

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

FORM = re.compile(r"[\w-]{43}")


def new_token() -> str:
    """Make a token of 256 random bits, as 43 letters that an address may hold."""
    return secrets.token_urlsafe(32)


def own_token(home: Path) -> str:
    """Read the user's token, or make one; it is not kept where the folder cannot be written."""
    path = home / "studio.token"
    with suppress(OSError, ValueError):
        mode = path.stat().st_mode
        text = path.read_text("ascii")
        if FORM.fullmatch(text) and not (os.name == "posix" and mode & 0o077):
            return text
        path.unlink()  # damaged, or to be read by others
    token = new_token()
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(file, "w", encoding="ascii") as opened:
            opened.write(token)
    return token
