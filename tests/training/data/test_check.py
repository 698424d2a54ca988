import csv
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.training.data.check import lines, report, write_check
from dreamvid.training.data.pairs import Corpus, Dropped, Pair
from dreamvid.training.data.split import Split

COLOURS = {"red": (250, 0, 0), "green": (0, 250, 0), "blue": (0, 0, 250), "grey": (99, 99, 99)}


@pytest.fixture
def found(tmp_path):
    """Four photos of one colour each, one of them dropped for looking like another."""
    folder = tmp_path / "photos" / "in"
    folder.mkdir(parents=True)
    for name, colour in COLOURS.items():
        PilImage.new("RGB", (120, 90), colour).save(folder / f"{name}.png")
    words = {"red": ("sea", "tower"), "green": ("sea",), "blue": ("sea", "sea", "sand", "tower")}
    pairs = tuple(
        Pair(folder / f"{name}.png", f"in/{name}.png", "As it was", words[name], user)
        for name, user in (("red", "ann"), ("green", ""), ("blue", "ann"))
    )
    dropped = (
        *(Dropped(f"{n}.jpg", "short caption", "a, b") for n in range(4)),
        Dropped("in/grey.png", "duplicate", "in/red.png"),
        Dropped("caf\udce9.jpg", "missing"),
    )
    return Corpus(pairs, dropped, "captions.csv", ("a note",))


def parts(found: Corpus) -> Split:
    return Split(found.pairs[:1], found.pairs[1:2], found.pairs[2:])


def test_report_counts(found):
    plain = asdict(report(found, parts(found)))
    assert plain == {
        "source": "captions.csv",
        "notes": ("a note",),
        "found": 9,
        "kept": 3,
        "dropped": {
            "missing": {"count": 1, "first": ("caf\udce9.jpg",)},
            "short caption": {"count": 4, "first": ("0.jpg", "1.jpg", "2.jpg")},
            "duplicate": {"count": 1, "first": ("in/grey.png",)},
        },
        "caption_words": (1, 2, 4),
        "vocabulary": 3,
        "once": 1,
        "most_used": (("sea", 3), ("tower", 2), ("sand", 1)),
        "users": 1,
        "train": 1,
        "stopping": 1,
        "test": 1,
    }


def test_report_lines(found):
    assert lines(report(found, parts(found))) == [
        ("captions", "captions.csv"),
        ("note", "a note"),
        ("found", "9"),
        ("kept", "3"),
        ("dropped: missing", "1: caf\udce9.jpg"),
        ("dropped: short caption", "4: 0.jpg, 1.jpg, 2.jpg, ..."),
        ("dropped: duplicate", "1: in/grey.png"),
        ("words of a caption", "1 to 4, half have 2 or fewer"),
        ("different words", "3, 1 in one caption only"),
        ("most used", "sea 3, tower 2, sand 1"),
        ("users", "1"),
        ("split", "1 to train, 1 to know when to stop, 1 to test"),
    ]


def test_dropped_csv_lists_everything(found, tmp_path):
    written = write_check(found, parts(found), tmp_path / "out", 1)
    names = ["check.png", "dropped.csv", "duplicates.png"]
    assert written == [tmp_path / "out" / name for name in names]
    with (tmp_path / "out" / "dropped.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["name", "reason", "detail"]
    assert rows[1] == ["0.jpg", "short caption", "a, b"]
    assert rows[-1] == ["caf\\udce9.jpg", "missing", ""]
    assert len(rows) == 7


def colours(sheet: Path) -> list[str]:
    """Of the photos of a sheet, from left to right."""
    pixels = np.asarray(PilImage.open(sheet)).astype(int)
    row = pixels[40 + 75]  # below the title, in the middle of the first photos
    near = {name: np.abs(row - colour).sum(1) < 6 for name, colour in COLOURS.items()}
    places = {name: np.flatnonzero(hits) for name, hits in near.items() if hits.sum() > 150}
    return sorted(places, key=lambda name: places[name][0])


def test_sheets_show_pairs_and_duplicates(found, tmp_path):
    write_check(found, parts(found), tmp_path, 1)
    assert sorted(colours(tmp_path / "check.png")) == ["blue", "green", "red"]
    assert colours(tmp_path / "duplicates.png") == ["red", "grey"]


def test_seed_picks_the_photos(found, tmp_path):
    orders = set()
    for seed in range(6):
        write_check(found, parts(found), tmp_path / str(seed), seed)
        orders.add(tuple(colours(tmp_path / str(seed) / "check.png")))
    assert len(orders) > 1


def test_sheet_of_duplicates_only_if_there_are_any(found, tmp_path):
    alone = Corpus(found.pairs, ())
    assert len(write_check(alone, parts(alone), tmp_path, 1)) == 2
    assert not (tmp_path / "duplicates.png").exists()


def test_thumbnails_are_upright(tmp_path):
    """A camera held sideways: the file's right half, red, is the photo's lower half."""
    pixels = np.zeros((90, 120, 3), np.uint8)
    pixels[:, 60:, 0] = 250
    exif = PilImage.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    PilImage.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    pair = Pair(tmp_path / "a.jpg", "a.jpg", "", ("sea",))
    only = Corpus((pair,), ())
    write_check(only, Split((pair,), (), ()), tmp_path, 1)
    shown = np.asarray(PilImage.open(tmp_path / "check.png"))[40:190, 8:208, 0]
    assert shown[20:60].mean() < 20
    assert shown[90:130].mean() > 220


def test_thumbnail_of_a_broken_photo_is_grey(found, tmp_path):
    for pair in found.pairs:
        pair.photo.write_bytes(b"no photo")
    (tmp_path / "photos" / "in" / "grey.png").unlink()
    write_check(found, parts(found), tmp_path / "out", 1)
    shown = np.asarray(PilImage.open(tmp_path / "out" / "check.png"))[40:190, 8:208]
    assert (shown == 128).all()
