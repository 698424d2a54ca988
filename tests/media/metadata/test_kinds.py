"""Round trip of a record through every file format, of which nothing else changes."""

import shutil
import warnings

import pytest
from PIL import Image as PilImage
from PIL import ImageSequence

from dreamvid.errors import VideoError
from dreamvid.media.metadata import (
    FORMAT,
    MAX_RECORD,
    CannotEmbedError,
    copy_record,
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
    """Checksums of every frame and sound block with their times, and libav's messages."""
    return ffmpeg("-v", "error", "-i", path, "-map", "0", "-f", "framemd5", "-")


def packets(path):
    return ffmpeg("-v", "error", "-i", path, "-map", "0", "-c", "copy", "-f", "framemd5", "-")


def streams(path):
    return [line for line in ffmpeg("-i", path)[1].splitlines() if "Stream #" in line]


@pytest.mark.parametrize("file_name", ["file without a suffix", "NAME"])
@pytest.mark.parametrize("name", KINDS)
def test_embed_round_trip_changes_nothing_else(name, file_name, sample, tmp_path):
    path = tmp_path / file_name.replace("NAME", name)
    shutil.copy(sample(name), path)
    assert read_record(path) is None
    embed(path, RECORD)
    assert read_record(path) == RECORD
    before, after = decoded(sample(name)), decoded(path)
    assert before == after and before[0] and not before[1]
    assert streams(sample(name)) == streams(path)
    if name in FILMS:  # libav's packets of an image include its texts
        assert packets(sample(name)) == packets(path)


@pytest.mark.parametrize("name", KINDS)
def test_embed_replaces_and_is_deterministic(name, sample, tmp_path):
    path = tmp_path / name
    shutil.copy(sample(name), path)
    embed(path, RECORD)
    once = path.read_bytes()
    embed(path, RECORD | {"more": "y" * 5000})
    assert read_record(path) == RECORD | {"more": "y" * 5000}
    embed(path, RECORD)
    assert path.read_bytes() == once
    assert [p.name for p in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", SHOWN)
def test_record_is_shown_by_ffmpeg(name, sample, tmp_path):
    path = tmp_path / name
    shutil.copy(sample(name), path)
    embed(path, {"format": FORMAT, "one": 1})
    _stdout, stderr = ffmpeg("-i", path)
    lines = [line for line in stderr.splitlines() if "comment" in line.lower()]
    assert len(lines) == 1 and '{"format":"dreamvid record 1","one":1}' in lines[0]


@pytest.mark.parametrize("name", [name for name in KINDS if "g" in name.rpartition(".")[2]])
def test_embed_keeps_images_for_pillow(name, sample, tmp_path):
    path = tmp_path / name
    shutil.copy(sample(name), path)
    embed(path, RECORD)

    def images(file):
        with PilImage.open(file) as opened:
            shown = [frame.copy() for frame in ImageSequence.Iterator(opened)]
            return [(frame.mode, frame.tobytes()) for frame in shown], opened.info.get("loop")

    assert images(sample(name)) == images(path)


def test_record_is_a_text_in_pillow(sample, tmp_path):
    for name in ("still.png", "moving.apng", "moving.webp", "still.webp", "moving.gif"):
        path = tmp_path / name
        shutil.copy(sample(name), path)
        embed(path, {"format": FORMAT})
        with PilImage.open(path) as opened, warnings.catch_warnings():
            opened.load()
            texts = {key: opened.info.get(key) for key in ("dreamvid", "xmp", "comment")}
        (text,) = (text for text in texts.values() if text)
        assert '{"format":"dreamvid record 1"}' in (text.decode() if text != str(text) else text)


def test_mp4_faststart_stays(sample, tmp_path):
    path = tmp_path / "film.mp4"
    shutil.copy(sample("h264.mp4"), path)
    embed(path, RECORD)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_embed_keeps_other_metadata(sample, tmp_path):
    for suffix in (".mp4", ".mkv"):
        path = tmp_path / f"film{suffix}"
        ffmpeg("-i", sample("h264.mp4"), "-c", "copy", "-metadata", "title=Harbour", path)
        embed(path, RECORD)
        assert "Harbour" in ffmpeg("-i", path)[1] and read_record(path) == RECORD


@pytest.mark.parametrize(
    "names", [("h264.mp4", "x.mkv"), ("ffv1.mkv", "x.mkv"), ("h264.mp4", "x.mov")]
)
def test_record_survives_ffmpeg_copy(names, sample, tmp_path):
    source, copy = tmp_path / names[0], tmp_path / names[1]
    shutil.copy(sample(names[0]), source)
    embed(source, RECORD)
    target = copy if source != copy else tmp_path / "copy.mkv"
    ffmpeg("-i", source, "-c", "copy", target)
    assert read_record(target) == RECORD


def test_copy_record_into_outputs(sample, tmp_path):
    film, loop, pictures = tmp_path / "a.mp4", tmp_path / "b.gif", tmp_path / "pictures"
    shutil.copy(sample("h264.mp4"), film)
    shutil.copy(sample("moving.gif"), loop)
    pictures.mkdir()
    for name in ("1.png", "2.png"):
        shutil.copy(sample("still.png"), pictures / name)
    untouched = loop.read_bytes()
    copy_record(film, loop, "dreamvid loop")
    assert loop.read_bytes() == untouched  # the film has none
    embed(film, RECORD)
    copy_record(film, loop, "dreamvid loop")
    copy_record(loop, pictures, "dreamvid export")
    assert read_record(loop) == RECORD | {"made_by": ["dreamvid render", "dreamvid loop"]}
    steps = ["dreamvid render", "dreamvid loop", "dreamvid export"]
    for path in pictures.iterdir():
        assert read_record(path) == RECORD | {"made_by": steps}


def test_embed_refuses_too_large_a_record(sample, tmp_path):
    for name in ("h264.mp4", "still.png", "moving.webp"):
        path = tmp_path / name
        shutil.copy(sample(name), path)
        with pytest.raises(
            CannotEmbedError, match=rf"{name}: its record has \d+ bytes, {MAX_RECORD} is"
        ):
            embed(path, {"format": FORMAT, "x": "x" * MAX_RECORD})
        assert path.read_bytes() == sample(name).read_bytes()
    with pytest.raises(CannotEmbedError, match="too large for its XMP"):
        embed(path, {"format": FORMAT, "x": "&" * (MAX_RECORD - 100)})
    assert path.read_bytes() == sample(name).read_bytes()


def test_copy_record_leaves_other_files_unchanged(sample, tmp_path):
    film, picture, text = tmp_path / "a.mp4", tmp_path / "b.webp", tmp_path / "c.txt"
    shutil.copy(sample("h264.mp4"), film)
    shutil.copy(sample("moving.webp"), picture)
    text.write_text("text")
    embed(film, {"format": FORMAT, "x": "&" * (MAX_RECORD - 100)})
    copy_record(film, picture, "dreamvid export")
    copy_record(film, text, "dreamvid export")
    assert picture.read_bytes() == sample("moving.webp").read_bytes()
    assert text.read_text() == "text"


def test_embed_refuses_other_formats(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("notes")
    with pytest.raises(CannotEmbedError, match=r"notes.txt: is of no kind that can carry"):
        embed(path, RECORD)
    assert read_record(path) is None
    with pytest.raises(VideoError, match=r"gone.mp4: cannot be read: No such file"):
        read_record(tmp_path / "gone.mp4")


def test_matroska_full_seek_head_is_still_read(sample, tmp_path, monkeypatch):
    path = tmp_path / "film.mkv"
    shutil.copy(sample("ffv1.mkv"), path)
    monkeypatch.setattr(matroska, "_filled", lambda data, length: None)
    embed(path, RECORD)
    assert read_record(path) == RECORD and decoded(path) == decoded(sample("ffv1.mkv"))
