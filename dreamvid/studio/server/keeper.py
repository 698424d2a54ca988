"""Keeper: writes the desk's state a little after each change, and at the end."""

import asyncio
import json
import logging
from pathlib import Path

from anyio.to_thread import run_sync

from dreamvid.errors import OutputError
from dreamvid.studio.desk import keep
from dreamvid.studio.desk.desk import Desk
from dreamvid.system.files import write_text

LATER = 2.0  # seconds after a change

logger = logging.getLogger(__name__)


class Keeper:
    """File of the desk's state. It lags behind the desk by LATER seconds."""

    def __init__(self, path: Path, desk: Desk) -> None:
        self._path, self._desk, self._changed = path, desk, True
        self._task: asyncio.Task[None] | None = None

    def soon(self) -> None:
        """Write the state soon."""
        self._changed = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._later())

    def close(self) -> None:
        """Write the state now; called from another thread, once nothing changes any more."""
        if self._changed:
            self._write(self._text())

    async def _later(self) -> None:
        while self._changed:  # also where something changes while it is written
            await asyncio.sleep(LATER)
            self._changed = False
            await run_sync(self._write, self._text())

    def _text(self) -> str:
        return json.dumps(keep.state_of(self._desk), separators=(",", ":"))

    def _write(self, text: str) -> None:
        try:
            write_text(self._path, text)
        except OutputError as error:
            logger.warning("%s", error)
