"""Photos of a folder and its subfolders; those that cannot be read are skipped."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.explore.describe import whole_of
from dreamvid.image import OtherSizeImage
from dreamvid.media.images.reading import load
from dreamvid.media.images.sequence import images_in

SHORT = 224  # pixels of the shorter side that a photo is scaled to
LEAST = 16  # pixels a side; in less a layer sees only its own border
FEWEST = 3  # photos, for a standard deviation


@dataclass
class PhotoFolder:
    """Photos in a folder and its subfolders.

    After the only iteration `skipped` lists the files that were left out, and why.
    """

    folder: Path
    option: str  # the command line's, for errors
    read: int = 0
    skipped: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[OtherSizeImage]:
        """Read and scale each photo; raises PresetError after fewer than FEWEST."""
        for path in self._paths:
            try:
                photo = load(path, option=self.option)
            except PresetError as error:
                self.skipped.append(str(error).removeprefix(f"{self.option}: "))
                continue
            height, width = photo.shape[-2:]
            if min(height, width) < LEAST:
                self.skipped.append(f"{path} is {width}x{height} pixels, under {LEAST} a side")
                continue
            self.read += 1
            yield whole_of(photo, SHORT)
        self._check(self.read)

    def check(self) -> None:
        """Raise PresetError where there are too few files, before any is read."""
        self._check(len(self))

    def _check(self, count: int) -> None:
        if count < FEWEST:
            problem = f"{self.folder} holds {count} photos that can be used"
            raise PresetError(self.option, problem, f"at least {FEWEST} are needed")

    def __str__(self) -> str:
        return f"{self.read} photos of {self.folder.absolute().name}"

    def __len__(self) -> int:
        """Number of files, including those that cannot be read."""
        return len(self._paths)

    @cached_property
    def _paths(self) -> list[Path]:
        try:
            below = [path for path in sorted(self.folder.rglob("*")) if path.is_dir()]
            return [path for place in (self.folder, *below) for path in images_in(place)]
        except OSError as error:
            problem = f"{self.folder} cannot be read: {error.strerror}"
            raise PresetError(self.option, problem, "give a folder of photos") from None
