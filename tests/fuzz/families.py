"""The kinds of input that come from strangers, and how many of each are tried."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz import media, records, tables, weights

Case = Callable[[], object]
"""Reads one harmed input, as a command would."""


@dataclass(frozen=True)
class Family:
    count: int
    start: Callable[[Path], Callable[[Random], Case]]
    """Makes sound files in a folder once; what it gives harms one, which the case then reads."""


FAMILIES = {
    "presets": Family(700, tables.presets),
    "settings": Family(600, tables.settings),
    "jobs": Family(150, tables.jobs),
    "queues": Family(100, tables.queues),
    "captions": Family(350, tables.captions),
    "records": Family(700, records.embedded_records),
    "record tables": Family(250, records.record_tables),
    "runs": Family(150, records.runs),
    "caffe": Family(450, weights.caffe),
    "npz": Family(300, weights.npz),
    "safetensors": Family(200, weights.safetensors),
    "torch": Family(150, weights.torch_files),
    "cities": Family(150, weights.cities),
    "directions": Family(150, weights.directions),
    "pictures": Family(500, media.pictures),
    "films": Family(60, media.films),
    "sounds": Family(40, media.sounds),
}
