"""A record goes into every kind of file and comes out again, and nothing else changes."""

import shutil
import warnings

import pytest
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.errors import VideoError
from dreamvid.media.metadata import (
    FORMAT,
    LARGEST,
    CannotCarryError,
    carry,
    embed,
    matroska,
    read_record,
)
from tests.media.metadata.conftest import KINDS, ffmpeg

RECORD = {
    "format": FORMAT,
    "made_by": ["dreamvid render"],
    "preset": {"title": 'ä & <b> "c" \x1b \U0001f307', "words": ["x" * 300] * 9},
}
FILMS = [name for name in KINDS if name.endswith((".mp4", ".mov", ".mkv", ".webm"))]
SHOWN = [*FILMS, "moving.gif"]


def decoded(path):
    """A checksum of every picture and sound, with its time, and libav's complaints."""
    return ffmpeg("-v", "error", "-i", path, "-map", "0", "-f", "framemd5", "-")


def packets(path):
    return ffmpeg("-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "framemd5", "-")


def streams(path):
    return [line for line in ffmpeg("-i", path)[1].splitlines() if "Stream #" in line]


@pytest.mark.parametrize("called", ["file without a suffix", "NAME"])
@pytest.mark.parametrize("name", KINDS)
def test_a_record_comes_back_and_nothing_else_changes(name, called, made, tmp_path):
    path = tmp_path / called.replace("NAME", name)
    shutil.copy(made(name), path)
    assert read_record(path) is None
    embed(path, RECORD)
    assert read_record(path) == RECORD
    before, after = decoded(made(name)), decoded(path)
    assert before == after and before[0] and not before[1]
    assert streams(made(name)) == streams(path)
    if name in FILMS:  # of pictures, libav's packets have the texts in them
        assert packets(made(name)) == packets(path)


@pytest.mark.parametrize("name", KINDS)
def test_another_record_takes_its_place_and_the_same_gives_the_same_bytes(name, made, tmp_path):
    path = tmp_path / name
    shutil.copy(made(name), path)
    embed(path, RECORD)
    once = path.read_bytes()
    embed(path, RECORD | {"more": "y" * 5000})
    assert read_record(path) == RECORD | {"more": "y" * 5000}
    embed(path, RECORD)
    assert path.read_bytes() == once
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", SHOWN)
def test_other_programs_show_it_as_the_comment(name, made, tmp_path):
    path = tmp_path / name
    shutil.copy(made(name), path)
    embed(path, {"format": FORMAT, "one": 1})
    _out, said = ffmpeg("-i", path)
    lines = [line for line in said.splitlines() if "comment" in line.lower()]
    assert len(lines) == 1 and '{"format":"dreamvid record 1","one":1}' in lines[0]


@pytest.mark.parametrize("name", [name for name in KINDS if "g" in name.rpartition(".")[2]])
def test_pillow_reads_the_same_pictures(name, made, tmp_path):
    path = tmp_path / name
    shutil.copy(made(name), path)
    embed(path, RECORD)

    def pictures(file):
        with PilImage.open(file) as opened:
            shown = [frame.copy() for frame in ImageSequence.Iterator(opened)]
            return [(frame.mode, frame.tobytes()) for frame in shown], opened.info.get("loop")

    assert pictures(made(name)) == pictures(path)


def test_pillow_knows_the_texts_of_png_webp_and_gif(made, tmp_path):
    for name in ("still.png", "moving.apng", "moving.webp", "still.webp", "moving.gif"):
        path = tmp_path / name
        shutil.copy(made(name), path)
        embed(path, {"format": FORMAT})
        with PilImage.open(path) as opened, warnings.catch_warnings():
            opened.load()
            texts = {key: opened.info.get(key) for key in ("dreamvid", "xmp", "comment")}
        (text,) = (text for text in texts.values() if text)
        assert '{"format":"dreamvid record 1"}' in (text.decode() if text != str(text) else text)


def test_an_index_before_the_pictures_stays_there(made, tmp_path):
    path = tmp_path / "film.mp4"
    shutil.copy(made("h264.mp4"), path)
    embed(path, RECORD)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_what_else_a_film_tells_of_itself_stays(made, tmp_path):
    for suffix in (".mp4", ".mkv"):
        path = tmp_path / f"film{suffix}"
        ffmpeg("-i", made("h264.mp4"), "-c", "copy", "-metadata", "title=Harbour", path)
        embed(path, RECORD)
        assert "Harbour" in ffmpeg("-i", path)[1] and read_record(path) == RECORD


@pytest.mark.parametrize(
    "names", [("h264.mp4", "x.mkv"), ("ffv1.mkv", "x.mkv"), ("h264.mp4", "x.mov")]
)
def test_a_record_outlives_a_copy_by_ffmpeg(names, made, tmp_path):
    source, copy = tmp_path / names[0], tmp_path / names[1]
    shutil.copy(made(names[0]), source)
    embed(source, RECORD)
    target = copy if source != copy else tmp_path / "copy.mkv"
    ffmpeg("-i", source, "-c", "copy", target)
    assert read_record(target) == RECORD


def test_it_is_carried_into_what_is_made_of_a_file(made, tmp_path):
    film, loop, pictures = tmp_path / "a.mp4", tmp_path / "b.gif", tmp_path / "pictures"
    shutil.copy(made("h264.mp4"), film)
    shutil.copy(made("moving.gif"), loop)
    pictures.mkdir()
    for name in ("1.png", "2.png"):
        shutil.copy(made("still.png"), pictures / name)
    untouched = loop.read_bytes()
    carry(film, loop, "dreamvid loop")
    assert loop.read_bytes() == untouched  # the film has none
    embed(film, RECORD)
    carry(film, loop, "dreamvid loop")
    carry(loop, pictures, "dreamvid export")
    assert read_record(loop) == RECORD | {"made_by": ["dreamvid render", "dreamvid loop"]}
    steps = ["dreamvid render", "dreamvid loop", "dreamvid export"]
    for path in pictures.iterdir():
        assert read_record(path) == RECORD | {"made_by": steps}


def test_too_large_a_record_leaves_the_file_as_it_was(made, tmp_path):
    for name in ("h264.mp4", "still.png", "moving.webp"):
        path = tmp_path / name
        shutil.copy(made(name), path)
        with pytest.raises(
            CannotCarryError, match=rf"{name}: its record has \d+ bytes, {LARGEST} is"
        ):
            embed(path, {"format": FORMAT, "x": "x" * LARGEST})
        assert path.read_bytes() == made(name).read_bytes()
    with pytest.raises(CannotCarryError, match="too large for its XMP"):
        embed(path, {"format": FORMAT, "x": "&" * (LARGEST - 100)})
    assert path.read_bytes() == made(name).read_bytes()


def test_what_cannot_carry_it_is_left_as_it_was(made, tmp_path):
    film, picture, text = tmp_path / "a.mp4", tmp_path / "b.webp", tmp_path / "c.txt"
    shutil.copy(made("h264.mp4"), film)
    shutil.copy(made("moving.webp"), picture)
    text.write_text("text")
    embed(film, {"format": FORMAT, "x": "&" * (LARGEST - 100)})
    carry(film, picture, "dreamvid export")
    carry(film, text, "dreamvid export")
    assert picture.read_bytes() == made("moving.webp").read_bytes()
    assert text.read_text() == "text"


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    with pytest.raises(CannotCarryError, match=r"notes.txt: is of no kind that can carry"):
        embed(path, RECORD)
    assert read_record(path) is None
    with pytest.raises(VideoError, match=r"gone.mp4: cannot be read: No such file"):
        read_record(tmp_path / "gone.mp4")


def test_a_record_without_room_in_the_seek_head_is_still_read(made, tmp_path, monkeypatch):
    path = tmp_path / "film.mkv"
    shutil.copy(made("ffv1.mkv"), path)
    monkeypatch.setattr(matroska, "_filled", lambda data, length: None)
    embed(path, RECORD)
    assert read_record(path) == RECORD and decoded(path) == decoded(made("ffv1.mkv"))
