"""Names of classes: precedence, WordNet's nouns against counts of ImageNet, suggestions."""

import logging
import re
from itertools import chain

import pytest

from dreamvid.models.label_search import USEFUL, search, useful
from dreamvid.models.labels import GROUPS, classes_of, imagenet, meaning_of
from dreamvid.models.nouns.table import nouns
from dreamvid.system.text import ranked

LABELS = imagenet()


def numbers(*runs):
    return list(chain.from_iterable(range(first, last + 1) for first, last in runs))


# Read off the list of ImageNet's classes, which has animals in the order of their kinds.
KINDS = {
    "bird": numbers((7, 24), (80, 100), (127, 146)),  # 59
    "dog": numbers((151, 268)),  # 118
    "fish": numbers((0, 6), (389, 397)),
    "snake": numbers((52, 68)),
    "spider": numbers((72, 77)),
    "reptile": numbers((33, 68)),
    "insect": numbers((300, 326)),
    "animal": numbers((0, 397)),
    "bear": numbers((294, 297)),
    "place of worship": [LABELS.index(name) for name in ("church", "mosque", "stupa")],
}


def names_of(label):
    return [LABELS[number] for number in classes_of(label, LABELS, 1000)]


def test_labels_are_torchvisions():
    from torchvision.models import ResNet50_Weights

    assert list(LABELS) == ResNet50_Weights.IMAGENET1K_V1.meta["categories"]


@pytest.mark.parametrize("noun", KINDS)
def test_a_noun_is_all_the_labels_below_it(noun):
    assert classes_of(noun, LABELS, 1000) == KINDS[noun]
    assert meaning_of(noun.title(), LABELS, 1000).kind == "noun"


def test_counts_of_the_nouns_that_presets_are_for():
    counts = {
        noun: len(classes_of(noun, LABELS, 1000))
        for noun in ("building", "fruit", "vehicle", "musical_instrument")
    }
    assert counts == {"building": 14, "fruit": 16, "vehicle": 67, "musical_instrument": 26}


def test_groups_and_labels_come_before_nouns():
    assert names_of("city") == GROUPS["city"].split(", ")
    assert names_of("creatures") == GROUPS["creatures"].split(", ")
    assert len(names_of("creature")) == 398
    assert names_of("crane") == ["crane"] and LABELS.index("crane") == 517  # the machine
    assert names_of("plane") == ["plane"]  # the carpenter's
    assert [label for label in LABELS if names_of(label) != [label]] == []  # Cardigan and cardigan


def test_a_noun_of_two_meanings_has_the_one_of_most_labels():
    assert names_of("plant") == ["daisy", "yellow lady's slipper"]  # not a lumbermill
    assert "hotdog" not in names_of("dog")


def test_plurals_are_known():
    assert classes_of("birds", LABELS, 1000) == KINDS["bird"]
    assert names_of("geese") == ["goose"] and names_of("churches") == ["church"]
    assert names_of("butterflies") == names_of("butterfly")


def test_a_noun_without_labels_is_taken_as_its_hypernym_and_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert classes_of("temple", LABELS, 1000) == KINDS["place of worship"]
    assert caplog.messages == [
        "temple is no class: taken as place of worship (church, mosque, stupa)"
    ]


def test_a_network_with_other_labels_has_what_it_knows():
    labels = ("palace", "goldfinch", "street", "hen")
    assert classes_of("bird", labels, 4) == [3, 1]
    assert classes_of("city", labels, 4) == [0] and classes_of("street", labels, 4) == [2]
    with pytest.raises(ValueError, match=r"there is no class 'fish'"):
        classes_of("fish", labels, 4)
    with pytest.raises(ValueError, match=r"'bird' is all of its classes"):
        classes_of("bird", ("hen", "cock"), 2)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("lionn", r"\(did you mean lion"),
        ("cheeseburgr", r"\(did you mean cheeseburger"),
        ("bass", r"\(did you mean basset or bassoon or bassinet\?\)$"),
        ("qqqqqqqqq", r"\(see `dreamvid labels`"),
    ],
)
def test_unknown_labels_suggest_what_holds_them_before_what_is_like_them(label, said):
    with pytest.raises(ValueError, match=f"there is no class {re.escape(repr(label))} {said}"):
        classes_of(label, LABELS, 1000)


def test_ranked_by_word_beginning_and_substring_then_letters():
    names = ["lampburger", "lamp shade", "swamp", "clamp", "camp", "Lámp", "lamprey"]
    assert ranked("lamp", names) == ["Lámp", "lamp shade", "lamprey", "lampburger", "clamp"]
    assert ranked("lampp", names)[0] == "Lámp"
    assert ranked("", names) == [] and ranked("zzzz", names) == []


def test_search_finds_synonyms_nouns_and_substrings():
    assert [one.name for one in search("burger", LABELS)[:2]] == ["burger", "cheeseburger"]
    hamburger = search("hamburger", LABELS)[0]
    assert [LABELS[number] for number in hamburger.classes] == ["cheeseburger"]
    first, second = search("cranes", LABELS)[:2]  # the label, then the bird of that name
    assert (first.name, first.kind, second.name) == ("crane", "label", "crane bird")
    temple = search("temple", LABELS)[0]
    assert (temple.kind, temple.of, len(temple.classes)) == ("hypernym", "place of worship", 3)
    assert search("bird", LABELS)[0].classes == tuple(KINDS["bird"])


def test_everything_that_search_shows_can_be_dreamed():
    for query in ("toy", "dish"):
        for entry in search(query, LABELS):
            meaning = meaning_of(entry.name, LABELS, 1000)
            assert (meaning.kind, meaning.classes) == (entry.kind, entry.classes), entry.name


def test_useful_nouns_are_nouns_or_labels():
    listed = useful(LABELS)
    assert [one.name for one in listed] == [*GROUPS, *USEFUL]
    assert all(one.kind in ("group", "label", "noun") for one in listed)
    assert [one.name for one in useful(("palace", "street", "trout"))] == [
        *("city", "barcelona", "building", "house", "structure")
    ]


def test_the_table_has_no_meaning_that_covers_all():
    assert all(0 < len(noun.classes) < 1000 for noun in nouns())
    assert len(nouns()) > 1800


def test_unknown_numbers_and_long_names_are_shown_in_short():
    with pytest.raises(ValueError, match=r"^there is no class 9{20}; they are 0 to 999$"):
        classes_of("9" * 5000, LABELS, 1000)
    with pytest.raises(ValueError, match=r"^there is no class 'x{70,80}\.\.\. \(see"):
        classes_of("x" * 5000, LABELS, 1000)
