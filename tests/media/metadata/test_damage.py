"""Untrusted records and files: damaged, endless, or bombs."""

import shutil
import struct
import zlib

import numpy as np
import pytest

from dreamvid.errors import DreamvidError, PresetError, VideoError
from dreamvid.media.metadata import (
    FORMAT,
    MAX_RECORD,
    MAX_STEPS,
    copy_record,
    embed,
    matroska,
    parse_record,
    read_record,
)
from dreamvid.media.metadata.common import MAX_PARTS
from dreamvid.media.metadata.xmp import record_in
from dreamvid.render.record.provenance import check_record, file_name, record_for_file, with_paths
from tests.media.metadata.conftest import KINDS, ffmpeg

RECORD = {"format": FORMAT, "preset": {}, "x": "y" * 600}


@pytest.mark.parametrize("name", KINDS)
def test_damaged_files_are_read_or_refused(name, sample, tmp_path):
    path = tmp_path / name
    shutil.copy(sample(name), path)
    embed(path, RECORD)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    results = set()
    for n in range(60):
        data = whole.copy()
        # The first and the last kilobytes are where a file's structure is.
        positions = rng.integers(-1500, 1500, 1 + n % 4) % len(data)
        data[positions] = rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))])
        path.write_bytes(bytes(data[: rng.integers(len(data)) if n % 3 == 0 else None]))
        record = read_record(path)
        results.add(record == RECORD)
        assert record is None or record["format"] == FORMAT
        try:
            embed(path, RECORD)
            assert read_record(path) == RECORD
        except DreamvidError as error:
            assert "\n" not in str(error)
    assert results == {True, False}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 200_000,
        b'{"format": "other"}',
        b"\xff\xfe",
        b'"dreamvid record 1"',
        b'{"format": "dreamvid record 1", "x": NaN}',
        b'{"format": "dreamvid record 1", "x": 1e999}',
        b'{"format": "dreamvid record 1", "x": [-1e999]}',
        b'{"format": "dreamvid record 1", "x": "\\ud800"}',
        b'{"format": "dreamvid record 1", "x": ' + b"9" * 5000 + b"}",
    ],
)
def test_parse_record_refuses_other_json(text):
    assert parse_record(text) is None


@pytest.mark.slow
def test_png_compressed_text_is_bounded(sample, tmp_path):
    def png(text):
        data = b"dreamvid\0\x01\0\0\0" + zlib.compress(text)
        crc = struct.pack(">I", zlib.crc32(b"iTXt" + data))
        chunk = struct.pack(">I", len(data)) + b"iTXt" + data + crc
        whole = sample("still.png").read_bytes()
        path = tmp_path / "packed.png"
        path.write_bytes(whole[:33] + chunk + whole[33:])
        return path

    assert read_record(png(b'{"format":"dreamvid record 1"}')) == {"format": FORMAT}
    bomb = b'{"format":"dreamvid record 1","x":"' + b"x" * 300 * MAX_RECORD + b'"}'
    assert png(bomb).stat().st_size < MAX_RECORD  # small enough to be looked at
    assert read_record(png(bomb)) is None


def matroska_of(*parts):
    element = matroska._element
    return element(0x1A45DFA3) + element(matroska.SEGMENT, *parts)


def counted(monkeypatch):
    """Record the position of each element visited; fails rather than visit a million."""
    positions, number = [], matroska._number

    def count(file, *, keep_marker=False):
        positions.extend([file.tell()] * keep_marker)
        assert len(positions) <= 2 * MAX_PARTS
        return number(file, keep_marker=keep_marker)

    monkeypatch.setattr(matroska, "_number", count)
    return positions


@pytest.mark.slow
def test_matroska_elements_are_bounded(tmp_path, monkeypatch):
    element = matroska._element
    simple = element(matroska.SIMPLE_TAG, *[b"\xec\x80"] * 30)
    tags = element(matroska.TAGS, *[element(matroska.TAG, *[simple] * 1000)] * 30)
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska_of(*[tags] * matroska.MAX_TAGS))
    positions = counted(monkeypatch)
    assert read_record(path) is None and len(positions) <= MAX_PARTS
    # Many records of ours, all of which the next one replaces.
    path.write_bytes(matroska_of(*[matroska._tags(b"{}")] * (MAX_PARTS // 5)))
    positions.clear()
    with pytest.raises(VideoError, match=r"a.mkv: is damaged: it has too many elements"):
        embed(path, RECORD)
    assert len(positions) <= MAX_PARTS


def test_matroska_reads_only_the_comment(tmp_path, monkeypatch):
    element = matroska._element
    other = element(
        matroska.SIMPLE_TAG, element(matroska.TAG_NAME, b"COVER"), element(0x4485, bytes(10**6))
    )
    tags = element(matroska.TAGS, element(matroska.TAG, other))
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska_of(tags))
    embed(path, RECORD)
    counts, real = [], matroska.read_exactly
    monkeypatch.setattr(matroska, "read_exactly", lambda file, n: counts.append(n) or real(file, n))
    assert read_record(path) == RECORD and sum(counts) < 2000


@pytest.mark.parametrize("size", [2 * MAX_RECORD, 10 * MAX_RECORD])
def test_matroska_unusual_void_stays(size, tmp_path):
    element = matroska._element
    path = tmp_path / "a.mkv"
    before = matroska_of(element(matroska.SEEK_HEAD), element(matroska.VOID, bytes(size)))
    path.write_bytes(before)
    embed(path, RECORD)
    assert read_record(path) == RECORD
    assert path.read_bytes()[20 : len(before)] == before[20:]


def test_mp4_fragments_are_refused(sample, tmp_path):
    path = tmp_path / "f.mp4"
    ffmpeg("-i", sample("h264.mp4"), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", path)
    with pytest.raises(DreamvidError, match=r"f.mp4: cannot carry a record: it is in fragments"):
        embed(path, RECORD)


def test_mp4_cut_short_is_refused_and_unchanged(sample, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(sample("index-last.mp4").read_bytes()[:-100])
    with pytest.raises(VideoError, match=r"cut.mp4: is damaged: its box at byte"):
        embed(path, RECORD)
    assert path.stat().st_size == sample("index-last.mp4").stat().st_size - 100


def test_xmp_of_other_programs_is_read():
    text = b"""<rdf:Description dreamvid:record="{&quot;a&quot;: &quot;&lt;&amp;&quot;}"/>"""
    assert record_in(text) == b'{"a": "<&"}'
    assert record_in(b'<!ENTITY a "aaaa"><dreamvid:record>&a;</dreamvid:record>') == b"&a;"


def test_copy_record_bounds_steps(sample, tmp_path):
    source, out = tmp_path / "a.png", tmp_path / "b.png"
    for path in (source, out):
        shutil.copy(sample("still.png"), path)
    embed(source, {"format": FORMAT, "made_by": ["x", 3, None] + ["y"] * 500})
    copy_record(source, out, "dreamvid loop")
    record = read_record(out)
    assert record is not None
    steps = record["made_by"]
    assert len(steps) == MAX_STEPS and (steps[0], steps[-1]) == ("x", "dreamvid loop")


VALID = {"preset": {}, "files": {"model.file sha256": "0" * 64}, "versions": {}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"preset": 3}, "preset: .*dictionary"),
        ({"files": {"a": "../etc"}}, "files.a: "),
        ({"threads": 10**9}, "threads: .*1024"),
        ({"versions": {"torch": "x" * 1000}}, "versions.torch: "),
        ({"made_by": "x"}, "made_by: "),
    ],
)
def test_damaged_record_error_is_one_line(change, message):
    assert check_record(VALID, "a.mp4").afterwards == ()
    with pytest.raises(PresetError, match=rf"a.mp4: its record is damaged: {message}"):
        check_record(VALID | change, "a.mp4")


def test_record_names_no_folder():
    preset = {
        "start": {"path": "/home/me/secret/photo.jpg"},
        "colour": {"like": "C:\\Users\\me\\sea.png"},
        "sound": {"path": "../song.mp3"},
        "dream": {
            "direction": "/home/me/port",
            "mask": {"path": "/home/me/mask"},
            "guide": [{"path": "~/a.jpg", "mask": {"path": "/home/me/b.png"}}],
        },
    }
    table = record_for_file({"preset": preset, "files": {}}, "loop")
    assert "me" not in str(table["preset"]).replace("mask", "") and table["output"] == "loop"
    paths = {}
    with_paths(table["preset"], lambda option, path: paths.setdefault(option, path))
    assert paths == {
        "start.path": "photo.jpg",
        "colour.like": "sea.png",
        "sound.path": "song.mp3",
        "dream.direction": "./port",
        "dream.mask.path": "mask",
        "dream.guide[0]": "a.jpg",
        "dream.guide[0].mask.path": "b.png",
    }
    assert [file_name(path) for path in ("..", "/", "a/..", "x\0y")] == ["file"] * 4
