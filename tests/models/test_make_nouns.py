"""The program that makes the table, on a WordNet of eight meanings."""

import pytest

from dreamvid.models.nouns.make import make_nouns, read_wordnet
from dreamvid.models.nouns.table import format_noun, parse_noun

# offset, kind, count of words in base 16, (word, sense)..., count of pointers, pointers | gloss
DATA = """\
  1 licence
00000001 03 n 01 thing 0 001 ~ 00000002 n 0000 | all there is
00000002 05 n 02 bird 0 Aves 0 003 @ 00000001 n 0000 ~ 00000003 n 0000 ~ 00000004 n 0000 | feathers
00000003 05 n 02 goose 0 grey_goose 1 001 @ 00000002 n 0000 | one class
00000004 05 n 01 crane 0 001 @ 00000002 n 0000 | another
00000005 06 n 01 machine 0 002 @ 00000001 n 0000 ~ 00000006 n 0000 | works
00000006 06 n 01 crane 1 001 @ 00000005 n 0000 | a third
00000007 05 n 02 sea_bird 0 fowl 0 001 @ 00000002 n 0000 | no class
00000008 18 n 02 bird 1 wench 0 001 @ 00000001 n 0000 | a person
"""
INDEX = """\
  1 licence
aves n 1 1 ~ 1 0 00000002
bird n 2 1 ~ 2 1 00000008 00000002
crane n 2 1 @ 2 1 00000004 00000006
fowl n 1 1 @ 1 0 00000007
goose n 1 1 @ 1 0 00000003
grey_goose n 1 1 @ 1 0 00000003
machine n 1 1 ~ 1 0 00000005
sea_bird n 1 1 @ 1 0 00000007
thing n 1 1 ~ 1 0 00000001
wench n 1 1 @ 1 0 00000008
"""


@pytest.fixture
def rows(tmp_path):
    (tmp_path / "data.noun").write_text(DATA)
    (tmp_path / "index.noun").write_text(INDEX)
    (tmp_path / "noun.exc").write_text("geese goose\ncranes crane\n")
    wordnet = read_wordnet(tmp_path)
    return make_nouns(
        wordnet, ["00000003", "00000004", "00000006"], ["goose", "crane bird", "crane"]
    )


def test_rows_are_the_classes_and_what_covers_some(rows):
    assert [(row.names, row.classes) for row in rows] == [
        (("goose", "grey goose", "geese"), (0,)),
        (("crane bird", "crane"), (1,)),
        (("crane",), (2,)),
        (("bird", "Aves"), (0, 1)),  # not thing, which covers all
        (("machine",), (2,)),
    ]


def test_a_name_of_two_meanings_is_the_label_or_has_most_classes(rows):
    assert rows[1].elsewhere == {"crane"} and rows[2].elsewhere == set()
    assert rows[3].elsewhere == set()  # bird: the more frequent sense has none


def test_nouns_without_classes_are_below_their_hypernym(rows):
    assert rows[3].below == ("fowl", "sea bird")


def test_a_row_is_parsed_as_it_was_written(rows):
    assert format_noun(rows[1]) == "1\tcrane bird|(crane)\t"
    assert [parse_noun(format_noun(row)) for row in rows] == rows
