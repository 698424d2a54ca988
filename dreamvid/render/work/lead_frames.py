"""Lead-in frames of a loop, kept on disk until its last frames are blended with them."""

import re
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import numpy as np
import torch

from dreamvid.errors import ResumeError
from dreamvid.image import Image
from dreamvid.system.files import whole_file


class LeadFiles(MutableMapping[int, Image]):
    """Images by frame number, which is below 0; each is a half-precision .npy file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, index: int) -> Path:
        return self._folder / f"lead{-index:06d}.npy"

    def __setitem__(self, index: int, image: Image) -> None:
        with whole_file(self._path(index), make=False) as part, part.open("wb") as file:
            np.save(file, image.detach().half().cpu().numpy())

    def __getitem__(self, index: int) -> Image:
        try:
            return torch.from_numpy(np.load(self._path(index), allow_pickle=False)).float()
        except (OSError, ValueError, EOFError) as error:
            problem = f"{self._path(index)} is damaged or gone ({error})"
            raise ResumeError(f"{problem}; --fresh starts over") from None

    def __delitem__(self, index: int) -> None:
        self._path(index).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[int]:
        names = (re.fullmatch(r"lead(\d+)\.npy", path.name) for path in self._folder.iterdir())
        return iter([-int(name[1]) for name in names if name])

    def __len__(self) -> int:
        return sum(1 for _ in self)
