"""Harmed records: in files of every kind, as tables, and in the folder of a render."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random
from tomllib import loads
from typing import Any

import torch

from dreamvid.errors import DreamvidError
from dreamvid.film.engine import Frame
from dreamvid.media.metadata import FORMAT, copy_record, embed, read_record
from dreamvid.render.replay import open_source, preset_of, written_preset
from dreamvid.render.work import checkpoint
from dreamvid.render.work.folder import kept_setting, open_folder
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.media import film, still
from tests.fuzz.mutate import mutated_bytes, mutated_table, mutated_text
from tests.fuzz.tables import RICH

KINDS = ("mp4", "mov", "mkv", "webm", "gif", "webp", "avif", "png", "apng")
EMPTY = json.dumps(json.dumps({"format": FORMAT}))[1:-1].encode()


def record() -> dict[str, Any]:
    return {
        "format": FORMAT,
        "output": "forward",
        "made_by": ["dreamvid render"],
        "preset": loads(RICH) | {"colour": {"like": "like.png", "keep": "mean"}},
        "files": {"dream.mask.path sha256": "0" * 64, "model.file sha256": "1" * 64},
        "device": "a processor",
        "device_kind": "cpu",
        "threads": 2,
        "versions": {"dreamvid": "1", "torch": "2"},
    }


def use(path: Path) -> None:
    """As `replay` and `presets new --from` do before they render or write."""
    source = open_source(path)
    for read in (written_preset, lambda source: preset_of(source, ())):
        with suppress(DreamvidError):
            read(source)
    preset_of(source, ["model=lite0"])


def embedded_records(folder: Path) -> Make:
    """The bytes of a film with a record; what can be read is used, and put into another file."""
    sound = {}
    for kind in KINDS:
        path = folder / f"sound.{kind}"
        (still if kind in ("png", "webp", "avif") else film)(path)
        embed(path, record())
        sound[kind] = path.read_bytes()

    def make(rng: Random) -> Case:
        kind = rng.choice(KINDS)
        path, other = folder / f"harmed.{kind}", folder / "other.png"
        path.write_bytes(_harmed(rng, sound[kind]))
        shutil.copyfile(folder / "sound.png", other)

        def case() -> None:
            read_record(path)
            copy_record(path, other, "fuzz")
            with suppress(DreamvidError):
                embed(path, record())
            use(path)

        return case

    return make


def _harmed(rng: Random, data: bytes) -> bytes:
    """All of it, or near the record, or what a table's harm makes of the record's text."""
    old = json.dumps(record(), separators=(",", ":"))
    at = data.find(old.encode())
    kind = rng.random()
    if at < 0 or kind < 0.4:
        return mutated_bytes(rng, data)
    end = at + len(old)
    if kind < 0.7:  # the frames of sizes and names around it
        near = rng.choice((24, 60, 200))
        return data[: max(0, at - near)] + mutated_bytes(rng, data[max(0, at - near) :])
    text = json.dumps(mutated_table(rng, record()), separators=(",", ":")).encode()
    new = text[: len(old)].ljust(len(old)) if rng.random() < 0.8 else text
    return data[:at] + new + data[end:]


def record_tables(folder: Path) -> Make:
    """Tables and texts of records, well embedded."""
    still(folder / "sound.png")

    def make(rng: Random) -> Case:
        path = folder / "harmed.png"
        shutil.copyfile(folder / "sound.png", path)
        table = mutated_table(rng, record())
        if rng.random() < 0.3:
            text = mutated_text(rng, json.dumps(record())).decode("utf-8", "replace")
            with suppress(ValueError, RecursionError):
                table = json.loads(text)
        with suppress(DreamvidError, ValueError, RecursionError):  # JSON takes not all
            embed(path, table)
        return lambda: use(path)

    return make


def runs(folder: Path) -> Make:
    """run.json, and the state and the checkpoint of a render at work."""
    out = folder / "film"
    work = out / ".render"
    work.mkdir(parents=True, exist_ok=True)
    key = {"preset": loads(RICH), "device": "cpu", "versions": {"torch": "2"}}
    image = torch.linspace(0, 1, 216).view(1, 3, 8, 9)
    kept = checkpoint.Checkpoint(
        Frame(3, image, {"image": image, "before": image / 2}), (image[0].numpy(),), 1.5
    )
    checkpoint.save(kept, folder / "sound.safetensors")
    sound = (folder / "sound.safetensors").read_bytes()

    def text(rng: Random, table: dict[str, Any]) -> bytes:
        if rng.random() < 0.5:
            return json.dumps(mutated_table(rng, table)).encode()
        return mutated_text(rng, json.dumps(table, indent=2))

    def make(rng: Random) -> Case:
        (out / "run.json").write_bytes(text(rng, record()))
        (work / "state.json").write_bytes(text(rng, key))
        (work / "checkpoint.safetensors").write_bytes(mutated_bytes(rng, sound))

        def case() -> None:
            kept_setting(out, "preset")
            with suppress(DreamvidError):
                checkpoint.load(work / "checkpoint.safetensors", torch.device("cpu"))
            with suppress(DreamvidError):
                use(out)
            with open_folder(out, key, fresh=False):
                pass

        return case

    return make


FAMILIES = {
    "embedded_records": Family(700, embedded_records),
    "record_tables": Family(250, record_tables),
    "runs": Family(150, runs),
}
