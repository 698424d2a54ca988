"""Process that lists what a model can dream, and draws it: one small picture after another."""

import os
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from dreamvid.errors import DreamvidError
from dreamvid.explore.atlas import settings_for
from dreamvid.explore.cells import as_setting, start_of
from dreamvid.film.job import LoadModel, still
from dreamvid.image import Image
from dreamvid.media.images.writing import save
from dreamvid.models.weights import store
from dreamvid.preset.load import lay_values, with_settings
from dreamvid.render.batch.worker import WarmModel
from dreamvid.studio.choices.lists import LISTS
from dreamvid.studio.choices.requests import Ask, Cell, Draw, Drawn, Listed, Stop
from dreamvid.system.device import pick

KEPT = 3000  # pictures of a folder, of 5 KB each
SIDE = 96  # pixels of a picture
QUICK = ("dream.octaves=3", "dream.steps=12", "dream.step_size=7")
"""Settings that halve the atlas's time; with them it is still told what is dreamed."""
IDLE = 180.0  # seconds without a request, after which the process ends and its memory is free
POLITE = 10  # niceness of drawing: a film that plays goes first; lists are waited for


class Process:
    """Loop of the process: requests first, then the picture that waits in front."""

    def __init__(self, pipe: Connection, device: torch.device) -> None:
        self.pipe, self.device = pipe, device
        self.model = WarmModel()
        self.waiting: list[tuple[Cell, Draw]] = []
        self.polite = False

    def run(self) -> None:
        """Work until the pipe is closed, or nothing has been asked for a while."""
        with suppress(EOFError, BrokenPipeError):
            while self.waiting or self.pipe.poll(IDLE):
                while self.pipe.poll():
                    self._obey(self.pipe.recv())
                if self.waiting:
                    cell, draw = self.waiting.pop(0)
                    self.pipe.send(self._draw(cell, draw))

    def _obey(self, request: Ask | Draw | Stop | None) -> None:
        match request:
            case None:
                raise EOFError
            case Ask():
                self.pipe.send(self._list(request))
            case Draw():
                _prune(request.folder)
                self.waiting = [(cell, request) for cell in request.cells] + self.waiting
            case Stop():
                self.waiting = []

    def _list(self, ask: Ask) -> Listed:
        try:
            features = self.model.load(ask.model, self.device)
            return Listed(ask.number, LISTS[ask.what](features, ask.text))
        except DreamvidError as error:
            return Listed(ask.number, None, str(error))

    def _draw(self, cell: Cell, draw: Draw) -> Drawn:
        path = draw.folder / cell.picture
        if not self.polite and hasattr(os, "nice"):
            os.nice(POLITE)
        self.polite = True
        try:
            if not path.exists():
                draw.folder.mkdir(parents=True, exist_ok=True)
                save(draw_cell(cell, self.device, self.model.load), path)
        except (DreamvidError, OSError) as error:
            return Drawn(cell.picture, str(error))
        return Drawn(cell.picture)


def _prune(folder: Path) -> None:
    """Remove the oldest pictures where there are too many; raises nothing."""
    with suppress(OSError):
        pictures = sorted(folder.glob("*.jpg"), key=lambda path: path.stat().st_mtime)
        for path in pictures[:-KEPT]:
            path.unlink()


def draw_cell(
    cell: Cell, device: torch.device, load_model: LoadModel = store.load, side: int = SIDE
) -> Image:
    """Dream on noise as `dreamvid atlas` does, with fewer steps; raises DreamvidError."""
    key, value = cell.setting
    base = [as_setting("model", cell.model), *settings_for(None, (side, side)), *QUICK]
    preset = with_settings([*base, as_setting("title", cell.name)])
    preset = lay_values(preset.model_dump(mode="json", exclude_unset=True), [(key, value)])
    return still(start_of(preset, device), preset, device, load_model).cpu()


def main(pipe: Connection, device: str) -> None:
    """Run the process."""
    Process(pipe, pick(device)).run()
