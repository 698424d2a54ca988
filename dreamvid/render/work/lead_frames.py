"""Lead-in frames of a loop, kept on disk until its last frames are blended with them."""

import re
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

from dreamvid.errors import ResumeError
from dreamvid.image import Image
from dreamvid.render.work.arrays import packed, unpacked
from dreamvid.system.files import whole_file


class LeadFiles(MutableMapping[int, Image]):
    """Images by frame number, which is below 0; each is a file in half precision."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, index: int) -> Path:
        return self._folder / f"lead{-index:06d}.safetensors"

    def __setitem__(self, index: int, image: Image) -> None:
        array = image.detach().half().cpu().numpy()
        with whole_file(self._path(index), make=False) as partial:
            partial.write_bytes(packed({"image": array}, {"index": index}))

    def __getitem__(self, index: int) -> Image:
        with suppress(ResumeError, KeyError):
            tensors, about = unpacked(self._path(index))
            if about["index"] == index:
                return tensors["image"].float()
        problem = f"{self._path(index)} is damaged or gone"
        raise ResumeError(f"{problem}; the same command renders it again")

    def __delitem__(self, index: int) -> None:
        self._path(index).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[int]:
        names = (re.fullmatch(r"lead(\d+)\.\w+", path.name) for path in self._folder.iterdir())
        return iter([-int(name[1]) for name in names if name])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def damaged(self, indices: Iterable[int]) -> Path | None:
        """Find the first of these frames that is damaged or gone; None if all are intact."""
        for index in indices:
            try:
                self[index]
            except ResumeError:
                return self._path(index)
        return None
