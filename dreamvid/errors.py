"""Everything dreamvid raises on purpose.

DreamvidError        shown as one line; the command line exits with its `exit_code`
├── PresetError      a preset, an option or an input picture is wrong   (exit 2)
├── ModelError       a model, a layer or a weight file is wrong         (exit 3)
├── VideoError       an encoder or a video file failed                  (exit 4)
├── ResumeError      a folder holds another preset's render             (exit 5)
└── OutputError      a file or folder cannot be written                 (exit 6)

Ctrl-C exits with 130. Anything else that escapes is a bug.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class DreamvidError(Exception):
    exit_code = 1


class PresetError(DreamvidError):
    exit_code = 2

    def __init__(self, option: str, problem: str, cure: str = "") -> None:
        super().__init__(f"{option}: {problem}" + (f" ({cure})" if cure else ""))
        self.option = option


class ModelError(DreamvidError):
    exit_code = 3


class VideoError(DreamvidError):
    exit_code = 4


class ResumeError(DreamvidError):
    exit_code = 5


class OutputError(DreamvidError):
    exit_code = 6


def suggest(name: str, known: Iterable[str]) -> str:
    """'did you mean X?' for the known name nearest to `name`, or the list of all of them."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}"
