"""SECURITY.md's modules exist, and its limits are those of the code."""

import re
from pathlib import Path

import pytest

from dreamvid.media.images import reading
from dreamvid.media.metadata import common
from dreamvid.models.directions import direction
from dreamvid.models.networks import city
from dreamvid.models.weights import download, readers
from dreamvid.preset import load, settings_file
from dreamvid.render.record import finished_render
from dreamvid.schedule import deforum, keyframes, parser
from dreamvid.studio import protocol
from dreamvid.studio.server import socket, uploads
from dreamvid.training.data import encoding, photos, records
from dreamvid.training.words import pretrained_vectors

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text("utf-8")


def test_security_names_modules_that_exist():
    paths = re.findall(r"`([a-z_/0-9]+\.py)`", TEXT)
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / "dreamvid" / path).is_file()] == []


@pytest.mark.parametrize(
    "limit,value,text",
    [
        (parser.MAX_LENGTH, 500, "500 characters"),
        (parser.MAX_NODES, 200, "200 nodes"),
        (parser.MAX_DEPTH, 100, "depth 100"),
        (keyframes.MAX_KEYS, 1000, "1,000 keys"),
        (deforum.MAX_KEYS, 100_000, "100,000 of Deforum's"),
        (deforum.MAX_LENGTH, 4_000_000, "4 million characters"),
        (load.LARGEST, 2_000_000, "2 MB"),
        (settings_file.LARGEST, 64_000_000, "64 MB, 2,000 settings"),
        (settings_file.MAX_SETTINGS, 2000, "2,000 settings"),
        (finished_render.LARGEST, 4 * 2**20, "`run.json` 4 MiB"),
        (common.MAX_RECORD, 2**20, "1 MiB"),
        (common.MAX_PARTS, 100_000, "100,000 boxes"),
        (round(reading.MAX_PIXELS, -6), 179_000_000, "179 million pixels"),
        (round(reading.STILL_PIXELS, -6), 1_074_000_000, "1,074 million"),
        (readers.MAX_BYTES, 2 * 2**30, "2 GiB"),
        (download.LARGEST, 2 * 2**30, "2 GiB"),
        (city.LARGEST, 2**30, "1 GiB"),
        (direction.LARGEST, 64_000_000, "64 MB"),
        (encoding.LARGEST, 512_000_000, "512 MB"),
        (records.LONGEST_FIELD, 1_000_000, "a million letters"),
        (pretrained_vectors.LINE, 2**17, "128 kB"),
        (uploads.PICTURE, 64_000_000, "pictures 64 MB"),
        (uploads.LONG, 1_000_000_000, "clips 1 GB"),
        (uploads.TOTAL, 20_000_000_000, "all together 20 GB"),
        (protocol.LARGEST, 1_000_000, "a million characters"),
        (socket.A_SECOND, 200, "200 a second from one window"),
        (photos.MOST_PIXELS, 100_000_000, "photos 100 million pixels"),
    ],
)
def test_security_states_the_limit(limit, value, text):
    assert limit == value and text in TEXT
