import json
import lzma
import os
from zlib import crc32

import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.errors import PresetError
from dreamvid.training.data import encoding
from dreamvid.training.data.pairs import Corpus, Rules, check_enough, read_corpus

CAPTION = "beach tower sunset"


@pytest.fixture
def photo(tmp_path):
    """Write a photo, by name below tmp_path/photos; each seed's looks unlike the others'."""

    def make(name, seed=None, size=(96, 80), **options):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(crc32(name.encode()) if seed is None else seed)
        coarse = PilImage.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        coarse.resize(size, PilImage.Resampling.BICUBIC).save(path, **options)
        return path

    return make


@pytest.fixture
def table(tmp_path):
    def make(*rows, name="captions.csv", heading="file,caption", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes("\n".join((heading, *rows)).encode(encoding))
        return path

    return make


def read(tmp_path, captions=None, **rules):
    return read_corpus(tmp_path / "photos", captions, Rules(**rules))


def reasons(found):
    return {drop.name: drop.reason for drop in found.dropped}


def test_pairs_keep_the_caption_and_have_its_words(tmp_path, photo, table):
    path = photo("a/b.jpg")
    found = read(tmp_path, table('a/b.jpg,"The #SagradaFamilia, by Gaudí"'))
    (pair,) = found.pairs
    assert (pair.photo, pair.name) == (path, "a/b.jpg")
    assert pair.caption == "The #SagradaFamilia, by Gaudí"
    assert pair.words == ("sagrada", "familia", "gaudi")
    assert found.dropped == ()


@pytest.mark.parametrize(
    ("heading", "row"),
    [
        ("filename;Text", f"a.jpg;{CAPTION}"),
        ("title\tother\tPATH", f"{CAPTION}\tx\ta.jpg"),
        (" file , caption ", f"a.jpg, {CAPTION}"),
        ("caption,title,image", f"{CAPTION},another,a.jpg"),
    ],
)
def test_tables(tmp_path, photo, table, heading, row):
    photo("a.jpg")
    (pair,) = read(tmp_path, table(row, heading=heading)).pairs
    assert pair.caption == CAPTION


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings(tmp_path, photo, table, encoding):
    photo("a.jpg")
    found = read(tmp_path, table("a.jpg,Güell Gaudí façana", encoding=encoding))
    assert found.pairs[0].caption == "Güell Gaudí façana"
    path = tmp_path / "captions.csv"
    said = (f"lines of {path} that are not UTF-8, read as Windows-1252: 1",)
    assert found.notes == (said if encoding == "cp1252" else ())


def test_captions_of_several_lines(tmp_path, photo, table):
    photo("a.jpg")
    photo("b.jpg")
    found = read(tmp_path, table('a.jpg,"beach\ntower, ""sunset"""', "b.jpg,one,two,three"))
    assert found.pairs[0].caption == 'beach\ntower, "sunset"'
    assert reasons(found) == {"captions.csv line 4": "damaged line", "b.jpg": "no caption"}


def test_unclosed_quote_costs_no_other_caption(tmp_path, photo, table):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        photo(name)
    found = read(tmp_path, table(f"a.jpg,{CAPTION}", 'b.jpg,"beach', 'c.jpg,"tower, sunset"'))
    assert [pair.name for pair in found.pairs] == ["a.jpg"]
    assert reasons(found)["captions.csv line 3"] == "damaged line"


def test_json_lines_and_lists(tmp_path, photo):
    photo("a.jpg")
    photo("b.jpg")
    lines = tmp_path / "captions.jsonl"
    good = json.dumps({"image": "a.jpg", "text": CAPTION, "username": "ann"})
    lines.write_text(f'{good}\n{{"image": "b.jpg", "te\n[1]\n')
    found = read(tmp_path, lines)
    assert [(pair.name, pair.user) for pair in found.pairs] == [("a.jpg", "ann")]
    assert reasons(found) == {
        "captions.jsonl line 2": "damaged line",
        "captions.jsonl line 3": "damaged line",
        "b.jpg": "no caption",
    }
    whole = tmp_path / "captions.json"
    whole.write_text(f"[{good}]")
    assert read(tmp_path, whole).pairs == found.pairs


def post(**fields):
    """As Instagram's web pages had a post."""
    return {
        "edge_media_to_caption": {"edges": [{"node": {"text": CAPTION}}]},
        "owner": {"id": "77"},
        "title": None,
        **fields,
    }


def test_posts_beside_photos(tmp_path, photo):
    photo("111.jpg").with_suffix(".json").write_text(json.dumps(post(id="111")))
    wrapped = {"node": post(id="2"), "instaloader": {"node_type": "Post"}}
    photo("2018-01-01_UTC_1.jpg").with_name("2018-01-01_UTC.json").write_text(json.dumps(wrapped))
    photo("c.jpg").with_suffix(".txt").write_text(CAPTION)
    photo("d.jpg").with_suffix(".json").write_text("{ damaged")
    photo("e.jpg")
    found = read(tmp_path)
    assert [(pair.name, pair.user, pair.caption) for pair in found.pairs] == [
        ("111.jpg", "77", CAPTION),
        ("2018-01-01_UTC_1.jpg", "77", CAPTION),
        ("c.jpg", "", CAPTION),
    ]
    assert reasons(found) == {"d.jpg": "no caption", "e.jpg": "no caption"}
    assert [drop.detail for drop in found.dropped] == ["d.json", "nothing beside it"]
    assert found.source == "beside the photos: 2 .json, 1 .txt"


def test_posts_name_photos_by_number(tmp_path, photo):
    photo("ana/111.jpg")
    posts = tmp_path / "posts.json"
    posts.write_text(json.dumps([post(id="111"), post(id="9")]))
    found = read(tmp_path, posts)
    assert [pair.name for pair in found.pairs] == ["ana/111.jpg"]
    assert reasons(found) == {"posts.json record 2": "missing"}


def test_captions_in_a_folder_of_their_own(tmp_path, photo):
    photo("a/1.jpg")
    (tmp_path / "texts" / "a").mkdir(parents=True)
    (tmp_path / "texts" / "a" / "1.txt").write_text(CAPTION)
    (pair,) = read(tmp_path, tmp_path / "texts").pairs
    assert pair.caption == CAPTION


def test_labels_from_folders(tmp_path, photo):
    photo("Sagrada Família/1.jpg")
    photo("food/menus/2.jpg")
    photo("3.jpg")
    found = read(tmp_path, labels=True)
    assert [pair.words for pair in found.pairs] == [("sagrada_familia",), ("food",)]
    assert reasons(found) == {"3.jpg": "no caption"}


@pytest.mark.parametrize(
    "written", ["../../secret.jpg", "/etc/passwd", "a/../../secret.jpg", "..\\secret.jpg", ".."]
)
def test_paths_stay_inside(tmp_path, photo, table, written):
    photo("a.jpg")
    photo("../secret.jpg")
    found = read(tmp_path, table(f"a.jpg,{CAPTION}", f"{written},{CAPTION}"))
    assert [pair.name for pair in found.pairs] == ["a.jpg"]
    assert reasons(found) == {"captions.csv line 3": "outside the folder"}


def test_paths_in_other_spellings(tmp_path, photo, table):
    photo("a/cafe\u0301.jpg")
    photo("b.jpg")
    absolute = tmp_path / "photos" / "b.jpg"
    found = read(tmp_path, table(f"a\\caf\u00e9.jpg,{CAPTION}", f"{absolute},{CAPTION}"))
    assert [pair.name for pair in found.pairs] == ["a/cafe\u0301.jpg", "b.jpg"]


def test_dropped_pairs_are_listed(tmp_path, photo, table):
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"):
        photo(name)
    rows = ("b.jpg,the tower", "c.jpg,", f"d.jpg,New York {CAPTION}", "gone.jpg,x", "a.jpg,x")
    found = read(tmp_path, table(f"a.jpg,{CAPTION}", *rows), without=("new york",))
    assert reasons(found) == {
        "b.jpg": "short caption",
        "c.jpg": "no caption",
        "d.jpg": "spam word",
        "gone.jpg": "missing",
        "a.jpg": "listed twice",
        "e.jpg": "no caption",
    }


def test_most_per_user(tmp_path, photo, table):
    rows = [f"{photo(f'{n}.jpg').name},{CAPTION},{'ann' if n < 3 else ''}" for n in range(6)]
    captions = table(*rows, heading="file,caption,user")
    found = read(tmp_path, captions, most_per_user=2)
    assert [pair.name for pair in found.pairs] == ["0.jpg", "1.jpg", "3.jpg", "4.jpg", "5.jpg"]
    assert reasons(found) == {"2.jpg": "many of one user"}


def broken(tmp_path, photo):
    """Photos that are none, by the reason that they should be dropped for."""
    folder = tmp_path / "photos"
    whole = photo("whole.jpg", size=(400, 300)).read_bytes()
    (folder / "text.jpg").write_text("not a picture")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "half.png").write_bytes(photo("whole.png", 5).read_bytes()[:900])
    (folder / "post.jpg").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n")
    photo("tiny.png", size=(63, 200))
    PilImage.new("1", (20_000, 10_000)).save(folder / "huge.png")
    (folder / "whole.png").unlink()
    return {
        "text.jpg": "not a picture",
        "empty.jpg": "not a picture",
        "half.jpg": "damaged picture",
        "half.png": "damaged picture",
        "post.jpg": "not a picture",
        "tiny.png": "too small",
        "huge.png": "too large",
    }


def test_broken_photos_are_listed_and_the_others_kept(tmp_path, photo, table):
    expected = broken(tmp_path, photo)
    photo("really-a.jpg", format="PNG")
    names = ["whole.jpg", "really-a.jpg", *expected]
    found = read(tmp_path, table(*(f"{name},{CAPTION}" for name in names)))
    assert [pair.name for pair in found.pairs] == ["whole.jpg", "really-a.jpg"]
    assert reasons(found) == expected


def test_duplicates_are_dropped_and_the_first_kept(tmp_path, photo, table):
    photo("a.jpg", 1, (400, 300), quality=95)
    photo("b.png", 1, (200, 150))
    photo("c.jpg", 2, (400, 300))
    captions = table(*(f"{name},{CAPTION}" for name in ("c.jpg", "a.jpg", "b.png")))
    found = read(tmp_path, captions)
    assert [pair.name for pair in found.pairs] == ["c.jpg", "a.jpg"]
    assert [(drop.name, drop.reason, drop.detail) for drop in found.dropped] == [
        ("b.png", "duplicate", "a.jpg")
    ]
    assert len(read(tmp_path, captions, duplicates=False).pairs) == 3


def test_duplicates_among_16_bit_and_transparent_photos(tmp_path, photo, table):
    """Pillow's plain conversion makes both of these kinds all white, or all black."""
    rng = np.random.default_rng(3)
    folder = photo("a.jpg").parent
    for n in range(2):
        coarse = rng.integers(1000, 60000, (8, 8)).astype(np.uint16)
        PilImage.fromarray(np.kron(coarse, np.ones((12, 12), np.uint16))).save(folder / f"{n}.png")
        clear = np.zeros((96, 96, 4), np.uint8)
        clear[..., 3] = np.kron(rng.integers(0, 255, (8, 8)), np.ones((12, 12)))
        PilImage.fromarray(clear).save(folder / f"clear-{n}.png")
    names = ["0.png", "1.png", "clear-0.png", "clear-1.png"]
    found = read(tmp_path, table(*(f"{name},{CAPTION}" for name in names)))
    assert [pair.name for pair in found.pairs] == names


def test_progress_counts_photos(tmp_path, photo, table):
    rows = [f"{photo(f'{n}.jpg').name},{CAPTION}" for n in range(3)]
    seen = []
    images, rules = tmp_path / "photos", Rules()
    read_corpus(images, table(*rows), rules, lambda done, count: seen.append((done, count)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def refused(tmp_path, captions=None, **rules):
    with pytest.raises(PresetError) as caught:
        read(tmp_path, captions, **rules)
    return str(caught.value).replace(str(tmp_path), "T")


def test_folder_mistakes(tmp_path, photo):
    assert refused(tmp_path) == "--images: T/photos does not exist (give a folder of photos)"
    (tmp_path / "photos").mkdir()
    assert refused(tmp_path) == "--images: T/photos holds no photo (JPEG, PNG, WebP, ...)"
    photo("a.jpg")
    assert refused(tmp_path) == (
        "--captions: no captions lie beside the photos of T/photos (a .txt or .json for each; "
        "or give --captions; --text labels: a folder for each label)"
    )
    (tmp_path / "photos" / "city.csv").write_text("file,caption\n")
    assert refused(tmp_path).endswith("(try --captions T/photos/city.csv)")
    assert refused(tmp_path, labels=True).startswith("--images: T/photos holds no folders")


def test_caption_file_mistakes(tmp_path, photo, table):
    photo("a.jpg")
    gone = tmp_path / "gone.csv"
    assert refused(tmp_path, gone).startswith("--captions: T/gone.csv does not exist")
    assert refused(tmp_path, table("a.jpg,3", heading="name,likes")) == (
        "--captions: T/captions.csv has no photos with captions under its headings 'name, likes' "
        "(wanted: one of file, filename, file_name, image, path, photo, and one of caption, "
        "text, description, title)"
    )
    assert "holds no captions (" in refused(tmp_path, table())
    unclosed = refused(tmp_path, table('a.jpg,"beach'))
    assert "holds no captions; captions.csv line 2: unexpected end of data (" in unclosed
    assert refused(tmp_path, table(f"a.jpg,{CAPTION}"), labels=True).startswith("--captions: T/c")
    assert refused(tmp_path, photo("b.jpg")).startswith("--captions: T/photos/b.jpg is not text")
    os.mkfifo(tmp_path / "pipe")
    assert refused(tmp_path, tmp_path / "pipe").startswith("--captions: T/pipe is neither")


def test_rule_mistakes(tmp_path, photo, table):
    photo("a.jpg")
    captions = table(f"a.jpg,{CAPTION}")
    assert refused(tmp_path, captions, without=("!",)).startswith("--without: '!' is not a word")
    assert refused(tmp_path, captions, stop_words=("xx",)).startswith(
        "--stop-words: there is no list for 'xx' (known: "
    )


def test_no_pair_left_says_why(tmp_path, photo, table):
    photo("a.jpg")
    photo("b.jpg")
    said = refused(tmp_path, table("a.jpg,tower", "c.jpg,tower"))
    assert said == (
        "--images: no pair of T/photos is left (dropped: 1 missing, 1 no caption, 1 short "
        "caption) (a pair is a photo and a caption of some words)"
    )


def test_too_few_to_train_on(tmp_path, photo, table):
    photo("a.jpg")
    found = read(tmp_path, table(f"a.jpg,{CAPTION}"))
    with pytest.raises(PresetError, match=r"1 pairs are too few to train on .*at least 20"):
        check_enough(found)
    check_enough(Corpus(found.pairs * 20, ()))


@pytest.mark.parametrize("beside", [True, False])
def test_dangling_link_is_listed_once(tmp_path, photo, table, beside):
    photo("a.jpg").with_suffix(".txt").write_text(CAPTION)
    (tmp_path / "photos" / "b.jpg").symlink_to(tmp_path / "gone.jpg")
    captions = None if beside else table(f"a.jpg,{CAPTION}", f"b.jpg,{CAPTION}")
    (drop,) = read(tmp_path, captions).dropped
    assert (drop.name, drop.reason) == ("b.jpg", "missing")


def test_packed_caption_file_is_unpacked_up_to_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(encoding, "LARGEST", 1000)
    path = tmp_path / "post.json.xz"
    path.write_bytes(lzma.compress(b"a" * 1000))
    assert encoding.read_text(path) == ("a" * 1000, 0)
    path.write_bytes(lzma.compress(b" " * 1001))
    with pytest.raises(PresetError, match="more than"):
        encoding.read_text(path)
