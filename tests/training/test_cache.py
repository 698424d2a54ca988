from types import SimpleNamespace

import pytest
import torch

from dreamvid.errors import OutputError, ResumeError, Stopped
from dreamvid.training import cache
from dreamvid.training.batches import Sample, chunks
from dreamvid.training.cache import Records, fill_cache, open_cache, views_within
from dreamvid.training.frozen_features import FeatureBatch
from tests.support.tiny_network import CPU

RECORDS = Records(train=9, validation=2, views=2, shape=(3, 2, 2))


def activation(sample):
    return torch.full((3, 2, 2), sample.photo + sample.view / 8)


class FakeSource:
    """A source that lists the samples requested, and cannot read some photos."""

    def __init__(self, broken=()):
        self.requested, self.broken = [], broken

    def __call__(self, batches):
        for samples in batches:
            self.requested += samples
            rows = [row for row, sample in enumerate(samples) if sample.photo not in self.broken]
            features = [activation(samples[row]) for row in rows]
            yield FeatureBatch(samples, rows, torch.stack([torch.zeros(3, 2, 2), *features])[1:])


def filled(folder, source, key=None, *, records=RECORDS, stop=lambda: False, shown=None):
    show = (lambda *share: None) if shown is None else (lambda *share: shown.append(share))
    return fill_cache(folder, key or {"a": 1}, records, source, on_progress=show, stop=stop)


def read(path, samples, records=RECORDS):
    broken = []
    note = lambda sample, reason: broken.append(sample)
    with open_cache(path, records, CPU, note) as cache:
        return list(cache(chunks(samples, 4))), broken


def test_records_are_numbered_without_a_gap():
    assert RECORDS.count == 20
    samples = [RECORDS.sample(number) for number in range(20)]
    assert samples[:3] == [Sample(0, 1), Sample(0, 2), Sample(1, 1)]
    assert samples[-3:] == [Sample(8, 2), Sample(9, 0), Sample(10, 0)]
    assert [RECORDS.number(sample) for sample in samples] == list(range(20))


def test_cache_is_read_back(tmp_path):
    source, shown = FakeSource(), []
    path = filled(tmp_path, source, shown=shown)
    assert shown[-1] == (20, 20)
    assert path.stat().st_size == 20 * (3 * 2 * 2 * 2 + 4)  # with a CRC
    wanted = [Sample(4, 2), Sample(10, 0), Sample(0, 1), Sample(8, 1), Sample(3, 2)]
    batches, broken = read(path, wanted)
    assert [len(each.samples) for each in batches] == [4, 1]
    values = torch.cat([each.activations for each in batches])
    assert values.dtype == torch.float32
    assert torch.equal(values, torch.stack([activation(sample) for sample in wanted]))
    assert broken == []


def test_cache_with_a_flipped_bit_is_told(tmp_path):
    path = filled(tmp_path, FakeSource())
    whole = path.read_bytes()
    for place in (3 * 28, 3 * 28 + 23, 3 * 28 + 24, 4 * 28 - 1):  # numbers and CRC of one record
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 8]) + whole[place + 1 :])
        read(path, [RECORDS.sample(2), RECORDS.sample(4)])
        with pytest.raises(ResumeError, match=r"seen.f16 is damaged; without it the same command"):
            read(path, [RECORDS.sample(3)])
    path.unlink()
    assert filled(tmp_path, FakeSource()).read_bytes() == whole


def test_resume_of_an_incomplete_cache(tmp_path):
    path = filled(tmp_path, FakeSource())
    whole = path.read_bytes()
    path.write_bytes(whole[: 7 * 28 + 5])  # torn within the eighth record
    source = FakeSource()
    filled(tmp_path, source)
    assert source.requested[0] == RECORDS.sample(7)
    assert len(source.requested) == 13
    assert path.read_bytes() == whole


def test_cache_that_is_complete_is_not_computed_again(tmp_path):
    filled(tmp_path, FakeSource())
    again = FakeSource()
    filled(tmp_path, again)
    assert again.requested == []


@pytest.mark.parametrize(
    "changed", [{"key": {"a": 2}}, {"records": Records(9, 4, 1, (3, 2, 2))}], ids=["key", "layout"]
)
def test_cache_with_another_key_is_replaced(tmp_path, changed):
    filled(tmp_path, FakeSource())
    again = FakeSource()
    filled(tmp_path, again, **changed)
    count = changed.get("records", RECORDS).count
    assert len(again.requested) == count


def test_broken_photos_are_left_out_and_reported(tmp_path):
    path = filled(tmp_path, FakeSource(broken={3, 10}))
    batches, broken = read(path, [Sample(2, 1), Sample(3, 1), Sample(10, 0)])
    assert batches[0].rows == [0]
    assert batches[0].activations.shape == (1, 3, 2, 2)
    assert broken == [Sample(3, 1), Sample(10, 0)]


def test_stop_keeps_the_records_done(tmp_path):
    source = FakeSource()
    with pytest.raises(Stopped, match="16 of 20 views"):
        filled(tmp_path, source, stop=lambda: True)
    filled(tmp_path, source)
    assert source.requested == [RECORDS.sample(number) for number in range(20)]


def test_full_disk_is_noticed_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=479))
    with pytest.raises(OutputError, match=r"^--cache: "):
        filled(tmp_path, FakeSource())


def test_views_within_a_budget():
    shape = (528, 14, 14)  # 206,976 bytes
    assert views_within(4_000_000_000, 100_000, 5_000, shape) == 0
    assert views_within(4_000_000_000, 15_000, 900, shape) == 1
    assert views_within(4_000_000_000, 8_000, 500, shape) == 2
    assert views_within(4_000_000_000, 100, 5, shape) == 4
    assert views_within(0, 100, 5, shape) == 0
