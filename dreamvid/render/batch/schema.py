"""Schema of the jobs file: presets x seeds x inputs x settings, and single jobs.

    out = "films"                                # beside this file; --out overrides it
    presets = ["quickstart", "mine.toml"]
    seeds = [1, 2, 3]
    inputs = "photos/*.jpg"                      # each becomes start.path
    settings = { "dream.steps" = [4, 8] }        # or [["dream.steps=4"], ["dream.steps=8"]]
    frames = 48                                  # and size, fps, model, for: for all jobs

    [[job]]
    preset = "gold"
    settings = ["dream.octaves=3"]

Like a preset, the file may come from a stranger: it is checked as a whole before any work,
and names no place to write to outside its own folder.
"""

import json
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.preset.load import explain
from dreamvid.preset.schema import Options
from dreamvid.preset.toml import read_toml
from dreamvid.system.files import check_file, check_name

MOST = 10_000  # jobs
BYTES = 1_000_000  # of the file


def _many(value: object) -> object:
    """Wrap a single value in a tuple."""
    return (value,) if isinstance(value, str | int) else value


Text = Annotated[str, Field(min_length=1, max_length=4096)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_many)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


class _Shared(Options):
    """Options of the whole file and of a single job."""

    model_config = ConfigDict(populate_by_name=False)

    frames: int | None = Field(default=None, description="length of the films")
    size: str | None = Field(default=None, description="WIDTHxHEIGHT in pixels")
    fps: int | float | str | None = Field(default=None, description="frames a second")
    model: str | None = Field(default=None, description="see `dreamvid models list`")
    targets: Texts = Field(
        default=(), alias="for", description="what the films are for, as `render --for`"
    )

    def settings(self) -> list[str]:
        named = {
            "video.frames": self.frames,
            "start.size": self.size,
            "video.fps": self.fps,
            "model": self.model,
        }
        return [f"{key}={toml(value)}" for key, value in named.items() if value is not None]


class OneJob(_Shared):
    """A single job: [[job]]."""

    name: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._=+-]{0,99}$")
    preset: Text
    seed: Seed | None = None
    input: Text | None = None
    changes: tuple[Text, ...] = Field(default=(), alias="settings")

    @field_validator("changes", mode="before")
    @classmethod
    def _read_changes(cls, value: object) -> object:
        return settings_of(value) if isinstance(value, dict) else _many(value)


class JobsFile(_Shared):
    """A whole file; for an empty list each preset's own value is used."""

    out: Text | None = Field(default=None, description="folder for the films, beside this file")
    presets: Texts = ()
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(_many)] = ()
    inputs: Texts = Field(default=(), description="files or patterns of them")
    changes: tuple[tuple[Text, ...], ...] = Field(default=(), alias="settings")
    job: tuple[OneJob, ...] = ()

    @field_validator("changes", mode="before")
    @classmethod
    def _read_changes(cls, value: object) -> object:
        """Combine a table of lists in every way; a list of texts has one setting each."""
        if isinstance(value, dict):
            flat = _flat(value).items()
            lists = {key: one if isinstance(one, list) else [one] for key, one in flat}
            check_count(*map(len, lists.values()))
            pairs = [[f"{key}={toml(one)}" for one in many] for key, many in lists.items()]
            return tuple(product(*pairs))
        if isinstance(value, list | tuple):
            return tuple(settings_of(one) if isinstance(one, dict) else _many(one) for one in value)
        return (_many(value),) if isinstance(value, str) else value

    @field_validator("out")
    @classmethod
    def _stays_beside(cls, value: str | None) -> str | None:
        if value is None:
            return None
        check_name(value)
        path = Path(value)
        if path.is_absolute() or ".." in path.parts or path == Path():
            raise ValueError("must be a folder below the file's own; --out takes any")
        return value


def read_jobs_file(path: Path) -> JobsFile:
    """Read and validate a jobs file; raises PresetError naming it and the wrong option."""
    try:
        check_file(path)
        if path.stat().st_size > BYTES:
            raise PresetError(str(path), "too large for a file of jobs", "at most a megabyte")
        table = read_toml(path.read_text("utf-8"))
        return JobsFile.model_validate(table)
    except ValidationError as error:
        raise prefixed(explain(error, JobsFile), str(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise PresetError(str(path), f"cannot be read: {reason}", "give a .toml file") from None
    except (ValueError, RecursionError) as error:  # TOML's errors are ValueErrors
        raise PresetError(str(path), f"is not TOML: {error}") from None


def prefixed(error: DreamvidError, name: str) -> DreamvidError:
    """Prefix an error with the name of its file or job."""
    error.args = (f"{name}: {error}",)
    return error


def check_count(*lengths: int) -> None:
    """Raise PresetError for too many combinations, before they are listed."""
    count = 1
    for length in lengths:
        count *= length
        if count > MOST:
            raise PresetError("jobs", f"there are more than {MOST}", "make several files of them")


def settings_of(table: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{key}={toml(value)}" for key, value in _flat(table).items())


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    """Flatten dream = { steps = 4 }, TOML's form of dream.steps = 4, to "dream.steps" = 4."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        inner = isinstance(value, dict) and "." not in key
        flat |= {f"{key}.{name}": one for name, one in value.items()} if inner else {key: value}
    return flat


def toml(value: Any) -> str:
    """Format a value as TOML on one line, as `--set` takes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")
