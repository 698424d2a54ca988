"""Folder of what belongs to a user and not to a film, such as models."""

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """Folder of user data: $DREAMVID_HOME, or the platform's."""
    path = os.environ.get("DREAMVID_HOME")
    return Path(path) if path else Path(platformdirs.user_data_dir("dreamvid"))
