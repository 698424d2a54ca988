from dreamvid.training.batches import (
    Look,
    chunks,
    generator,
    learning_looks,
    middle_looks,
)


def looks(epoch, *, count=50, views=4, seed=0, first=0):
    return list(learning_looks(count, views, seed=seed, epoch=epoch, first=first))


def test_an_epoch_has_each_photo_once_in_an_order_of_its_own():
    photos = [[look.photo for look in looks(epoch)] for epoch in (0, 1)]
    assert sorted(photos[0]) == sorted(photos[1]) == list(range(50))
    assert photos[0] != photos[1]
    assert photos[0] != [look.photo for look in looks(0, seed=1)]


def test_an_epoch_goes_on_where_it_stopped():
    assert looks(3, first=20) == looks(3)[20:]


def test_each_view_is_seen_as_often_as_the_others():
    seen = [(look.photo, look.view) for epoch in range(8) for look in looks(epoch)]
    assert {seen.count((photo, view)) for photo in range(50) for view in (1, 2, 3, 4)} == {2}
    assert {look.view for look in looks(0)} == {1, 2, 3, 4}


def test_without_a_number_of_views_each_epoch_has_new_ones():
    assert {look.view for epoch in range(5) for look in looks(epoch, views=0)} == {1, 2, 3, 4, 5}


def test_middles_follow_the_photos_that_are_learned_from():
    assert list(middle_looks(7, 2)) == [Look(7, 0), Look(8, 0)]


def test_chunks_leave_a_shorter_last_one():
    assert list(chunks(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]


def test_randomness_has_a_purpose_a_seed_and_a_number():
    first = [
        int(generator(*of).initial_seed())
        for of in (("order", 1, 2), ("left out", 1, 2), ("order", 2, 1), ("order", 12, 0))
    ]
    assert len(set(first)) == 4
