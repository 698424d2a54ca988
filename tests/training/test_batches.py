from dreamvid.training.batches import (
    Sample,
    chunks,
    generator,
    training_samples,
    validation_samples,
)


def samples(epoch, *, count=50, views=4, seed=0, first=0):
    return list(training_samples(count, views, seed=seed, epoch=epoch, first=first))


def test_epoch_has_each_photo_once_in_its_own_order():
    photos = [[sample.photo for sample in samples(epoch)] for epoch in (0, 1)]
    assert sorted(photos[0]) == sorted(photos[1]) == list(range(50))
    assert photos[0] != photos[1]
    assert photos[0] != [sample.photo for sample in samples(0, seed=1)]


def test_epoch_resumes():
    assert samples(3, first=20) == samples(3)[20:]


def test_views_are_seen_equally_often():
    seen = [(sample.photo, sample.view) for epoch in range(8) for sample in samples(epoch)]
    assert {seen.count((photo, view)) for photo in range(50) for view in (1, 2, 3, 4)} == {2}
    assert {sample.view for sample in samples(0)} == {1, 2, 3, 4}


def test_views_are_new_each_epoch_without_a_number():
    assert {sample.view for epoch in range(5) for sample in samples(epoch, views=0)} == {
        1,
        2,
        3,
        4,
        5,
    }


def test_validation_samples_follow_the_training_photos():
    assert list(validation_samples(7, 2)) == [Sample(7, 0), Sample(8, 0)]


def test_chunks_leave_a_shorter_last_one():
    assert list(chunks(iter("abcde"), 2)) == [["a", "b"], ["c", "d"], ["e"]]


def test_generator_has_a_purpose_a_seed_and_a_number():
    first = [
        int(generator(*of).initial_seed())
        for of in (("order", 1, 2), ("left out", 1, 2), ("order", 2, 1), ("order", 12, 0))
    ]
    assert len(set(first)) == 4
