"""Records and files of strangers: damaged, endless, or bombs."""

import shutil
import struct
import zlib

import numpy as np
import pytest

from dreamvid.errors import DreamvidError, PresetError, VideoError
from dreamvid.media.metadata import (
    FORMAT,
    LARGEST,
    MOST_STEPS,
    carry,
    embed,
    matroska,
    parse,
    read_record,
)
from dreamvid.media.metadata.pieces import MOST
from dreamvid.media.metadata.xmp import record_in
from dreamvid.render.record.provenance import check_record, embedded, file_name, with_paths
from tests.media.metadata.conftest import KINDS, ffmpeg

RECORD = {"format": FORMAT, "preset": {}, "x": "y" * 600}


@pytest.mark.parametrize("name", KINDS)
def test_files_with_bytes_changed_or_cut_off_are_answered(name, made, tmp_path):
    path = tmp_path / name
    shutil.copy(made(name), path)
    embed(path, RECORD)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    rng = np.random.default_rng(0)
    answers = set()
    for n in range(60):
        data = whole.copy()
        # The first and the last kilobytes are where a file's structure is.
        places = rng.integers(-1500, 1500, 1 + n % 4) % len(data)
        data[places] = rng.choice([0, 1, 127, 128, 255, int(rng.integers(256))])
        path.write_bytes(bytes(data[: rng.integers(len(data)) if n % 3 == 0 else None]))
        found = read_record(path)
        answers.add(found == RECORD)
        assert found is None or found["format"] == FORMAT
        try:
            embed(path, RECORD)
            assert read_record(path) == RECORD
        except DreamvidError as error:
            assert "\n" not in str(error)
    assert answers == {True, False}


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
def test_what_is_no_record_is_none(text):
    assert parse(text) is None


def test_a_packed_text_is_read_but_never_a_bomb(made, tmp_path):
    def png(text):
        data = b"dreamvid\0\x01\0\0\0" + zlib.compress(text)
        crc = struct.pack(">I", zlib.crc32(b"iTXt" + data))
        chunk = struct.pack(">I", len(data)) + b"iTXt" + data + crc
        whole = made("still.png").read_bytes()
        path = tmp_path / "packed.png"
        path.write_bytes(whole[:33] + chunk + whole[33:])
        return path

    assert read_record(png(b'{"format":"dreamvid record 1"}')) == {"format": FORMAT}
    bomb = b'{"format":"dreamvid record 1","x":"' + b"x" * 300 * LARGEST + b'"}'
    assert png(bomb).stat().st_size < LARGEST  # small enough to be looked at
    assert read_record(png(bomb)) is None


def matroska_of(*parts):
    element = matroska._element
    return element(0x1A45DFA3) + element(matroska.SEGMENT, *parts)


def counted(monkeypatch):
    """The elements that are looked at from now on; no test waits for a million of them."""
    seen, number = [], matroska._number

    def count(file, *, keep_mark=False):
        seen.extend([file.tell()] * keep_mark)
        assert len(seen) <= 2 * MOST
        return number(file, keep_mark=keep_mark)

    monkeypatch.setattr(matroska, "_number", count)
    return seen


def test_a_film_full_of_empty_elements_is_not_looked_at_for_ever(tmp_path, monkeypatch):
    element = matroska._element
    simple = element(matroska.SIMPLE, *[b"\xec\x80"] * 30)
    tags = element(matroska.TAGS, *[element(matroska.TAG, *[simple] * 1000)] * 30)
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska_of(*[tags] * matroska.MOST_TAGS))
    seen = counted(monkeypatch)
    assert read_record(path) is None and len(seen) <= MOST
    # And as many that are each ours, which the next record takes the place of.
    path.write_bytes(matroska_of(*[matroska._tags(b"{}")] * (MOST // 5)))
    seen.clear()
    with pytest.raises(VideoError, match=r"a.mkv: is damaged: it has too many elements"):
        embed(path, RECORD)
    assert len(seen) <= MOST


def test_of_a_film_s_tags_only_the_comment_s_text_is_read(tmp_path, monkeypatch):
    element = matroska._element
    other = element(
        matroska.SIMPLE, element(matroska.NAME, b"COVER"), element(0x4485, bytes(10**6))
    )
    tags = element(matroska.TAGS, element(matroska.TAG, other))
    path = tmp_path / "a.mkv"
    path.write_bytes(matroska_of(tags))
    embed(path, RECORD)
    asked, real = [], matroska.exactly
    monkeypatch.setattr(matroska, "exactly", lambda file, n: asked.append(n) or real(file, n))
    assert read_record(path) == RECORD and sum(asked) < 2000


@pytest.mark.parametrize("room", [2 * LARGEST, 10 * LARGEST])
def test_a_room_of_no_usual_size_after_the_seek_head_stays(room, tmp_path):
    element = matroska._element
    path = tmp_path / "a.mkv"
    before = matroska_of(element(matroska.SEEK_HEAD), element(matroska.VOID, bytes(room)))
    path.write_bytes(before)
    embed(path, RECORD)
    assert read_record(path) == RECORD
    assert path.read_bytes()[20 : len(before)] == before[20:]


def test_a_film_in_fragments_is_refused(made, tmp_path):
    path = tmp_path / "f.mp4"
    ffmpeg("-i", made("h264.mp4"), "-c", "copy", "-movflags", "frag_keyframe+empty_moov", path)
    with pytest.raises(DreamvidError, match=r"f.mp4: cannot carry a record: it is in fragments"):
        embed(path, RECORD)


def test_a_cut_film_is_refused_and_stays(made, tmp_path):
    path = tmp_path / "cut.mp4"
    path.write_bytes(made("index-last.mp4").read_bytes()[:-100])
    with pytest.raises(VideoError, match=r"cut.mp4: is damaged: its box at byte"):
        embed(path, RECORD)
    assert path.stat().st_size == made("index-last.mp4").stat().st_size - 100


def test_xmp_that_another_program_wrote_is_read():
    text = b"""<rdf:Description dreamvid:record="{&quot;a&quot;: &quot;&lt;&amp;&quot;}"/>"""
    assert record_in(text) == b'{"a": "<&"}'
    assert record_in(b'<!ENTITY a "aaaa"><dreamvid:record>&a;</dreamvid:record>') == b"&a;"


def test_a_carried_list_of_steps_does_not_grow_for_ever(made, tmp_path):
    source, out = tmp_path / "a.png", tmp_path / "b.png"
    for path in (source, out):
        shutil.copy(made("still.png"), path)
    embed(source, {"format": FORMAT, "made_by": ["x", 3, None] + ["y"] * 500})
    carry(source, out, "dreamvid loop")
    record = read_record(out)
    assert record is not None
    steps = record["made_by"]
    assert len(steps) == MOST_STEPS and (steps[0], steps[-1]) == ("x", "dreamvid loop")


WELL = {"preset": {}, "files": {"model.file sha256": "0" * 64}, "versions": {}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"preset": 3}, "preset: .*dictionary"),
        ({"files": {"a": "../etc"}}, "files.a: "),
        ({"threads": 10**9}, "threads: .*1024"),
        ({"versions": {"torch": "x" * 1000}}, "versions.torch: "),
        ({"made_by": "x"}, "made_by: "),
    ],
)
def test_a_damaged_record_is_one_line(change, said):
    assert check_record(WELL, "a.mp4").afterwards == ()
    with pytest.raises(PresetError, match=rf"a.mp4: its record is damaged: {said}"):
        check_record(WELL | change, "a.mp4")


def test_a_record_tells_no_folder():
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
    table = embedded({"preset": preset, "files": {}}, "loop")
    assert "me" not in str(table["preset"]).replace("mask", "") and table["output"] == "loop"
    seen = {}
    with_paths(table["preset"], lambda option, path: seen.setdefault(option, path))
    assert seen == {
        "start.path": "photo.jpg",
        "colour.like": "sea.png",
        "sound.path": "song.mp3",
        "dream.direction": "./port",
        "dream.mask.path": "mask",
        "dream.guide[0]": "a.jpg",
        "dream.guide[0].mask.path": "b.png",
    }
    assert [file_name(path) for path in ("..", "/", "a/..", "x\0y")] == ["file"] * 4
