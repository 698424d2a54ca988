"""Errors that dreamvid raises on purpose.

DreamvidError        shown as one line; the command line exits with its `exit_code`.
│                    Itself: the dream failed, or memory ran out       (exit 1)
├── PresetError      a preset, an option or an input image is wrong     (exit 2)
├── ModelError       a model, a layer or a weight file is wrong         (exit 3)
├── VideoError       an encoder or a video file failed                  (exit 4)
├── ResumeError      a folder holds another film, or a damaged one      (exit 5)
│   └── BusyError    another run is at work in it
├── OutputError      a file or folder cannot be written                 (exit 6)
└── Stopped          the user asked for it: Ctrl-C or SIGTERM           (exit 130)

Anything else that escapes is a bug.
"""

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LENGTH = 1200  # characters of an error's text, which may quote an untrusted file


class DreamvidError(Exception):
    exit_code = 1

    def __str__(self) -> str:
        """Text with the middle of a long one cut out: the cure stands at the end."""
        text = super().__str__()
        return text if len(text) <= MAX_LENGTH else f"{text[:800]} ... {text[-300:]}"


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


class BusyError(ResumeError):
    """Another run is at work in the folder."""


class OutputError(DreamvidError):
    exit_code = 6


class Stopped(DreamvidError):
    exit_code = 130  # as a shell reports Ctrl-C


def suggest(name: str, known: Iterable[str]) -> str:
    """Phrase a cure: "did you mean X?" for the nearest known name, or the list of all."""
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}"


def quote(value: object) -> str:
    """Show a value in an error: its repr on one line, cut at 80 characters."""
    try:
        shown = repr(value[:90] if isinstance(value, str) else value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a deep list
        shown = f"a {type(value).__name__} too large to show"
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
