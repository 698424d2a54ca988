from types import SimpleNamespace

import pytest
import torch

from dreamvid.errors import OutputError, Stopped
from dreamvid.training import cache
from dreamvid.training.batches import Look, chunks
from dreamvid.training.cache import Records, fill_cache, open_cache, views_within
from dreamvid.training.frozen_features import Seen
from tests.support.tiny_network import CPU

RECORDS = Records(learning=9, stopping=2, views=2, shape=(3, 2, 2))


def activation(look):
    return torch.full((3, 2, 2), look.photo + look.view / 8)


class Looker:
    """A source that counts what it is asked, and cannot read some photos."""

    def __init__(self, broken=()):
        self.asked, self.broken = [], broken

    def __call__(self, batches):
        for looks in batches:
            self.asked += looks
            rows = [row for row, look in enumerate(looks) if look.photo not in self.broken]
            seen = [activation(looks[row]) for row in rows]
            yield Seen(looks, rows, torch.stack([torch.zeros(3, 2, 2), *seen])[1:])


def filled(folder, looker, key=None, *, records=RECORDS, stop=lambda: False, shown=None):
    show = (lambda *share: None) if shown is None else (lambda *share: shown.append(share))
    return fill_cache(folder, key or {"a": 1}, records, looker, progress=show, stop=stop)


def read(path, looks, records=RECORDS):
    told = []
    note = lambda look, reason: told.append(look)
    with open_cache(path, records, CPU, note) as found:
        return list(found(chunks(looks, 4))), told


def test_records_are_numbered_without_a_gap():
    assert RECORDS.count == 20
    looks = [RECORDS.look(number) for number in range(20)]
    assert looks[:3] == [Look(0, 1), Look(0, 2), Look(1, 1)]
    assert looks[-3:] == [Look(8, 2), Look(9, 0), Look(10, 0)]
    assert [RECORDS.number(look) for look in looks] == list(range(20))


def test_what_was_seen_is_read_back(tmp_path):
    looker, shown = Looker(), []
    path = filled(tmp_path, looker, shown=shown)
    assert shown[-1] == (20, 20)
    assert path.stat().st_size == 20 * 3 * 2 * 2 * 2
    wanted = [Look(4, 2), Look(10, 0), Look(0, 1), Look(8, 1), Look(3, 2)]
    seen, told = read(path, wanted)
    assert [len(each.looks) for each in seen] == [4, 1]
    values = torch.cat([each.activations for each in seen])
    assert values.dtype == torch.float32
    assert torch.equal(values, torch.stack([activation(look) for look in wanted]))
    assert told == []


def test_a_file_that_is_not_whole_is_gone_on_with(tmp_path):
    path = filled(tmp_path, Looker())
    whole = path.read_bytes()
    path.write_bytes(whole[: 7 * 24 + 5])  # torn within the eighth record
    looker = Looker()
    filled(tmp_path, looker)
    assert looker.asked[0] == RECORDS.look(7)
    assert len(looker.asked) == 13
    assert path.read_bytes() == whole


def test_a_whole_file_is_not_made_again(tmp_path):
    filled(tmp_path, Looker())
    again = Looker()
    filled(tmp_path, again)
    assert again.asked == []


@pytest.mark.parametrize(
    "changed", [{"key": {"a": 2}}, {"records": Records(9, 4, 1, (3, 2, 2))}], ids=["key", "layout"]
)
def test_a_file_of_something_else_is_made_anew(tmp_path, changed):
    filled(tmp_path, Looker())
    again = Looker()
    filled(tmp_path, again, **changed)
    count = changed.get("records", RECORDS).count
    assert len(again.asked) == count


def test_photos_that_cannot_be_read_are_left_out_and_told(tmp_path):
    path = filled(tmp_path, Looker(broken={3, 10}))
    seen, told = read(path, [Look(2, 1), Look(3, 1), Look(10, 0)])
    assert seen[0].rows == [0]
    assert seen[0].activations.shape == (1, 3, 2, 2)
    assert told == [Look(3, 1), Look(10, 0)]


def test_stopping_keeps_what_was_seen(tmp_path):
    looker = Looker()
    with pytest.raises(Stopped, match="16 of 20 views"):
        filled(tmp_path, looker, stop=lambda: True)
    filled(tmp_path, looker)
    assert looker.asked == [RECORDS.look(number) for number in range(20)]


def test_a_full_disk_is_known_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: SimpleNamespace(free=479))
    with pytest.raises(OutputError, match=r"^--cache: "):
        filled(tmp_path, Looker())


def test_how_many_views_a_budget_holds():
    shape = (528, 14, 14)  # 206,976 bytes
    assert views_within(4_000_000_000, 100_000, 5_000, shape) == 0
    assert views_within(4_000_000_000, 15_000, 900, shape) == 1
    assert views_within(4_000_000_000, 8_000, 500, shape) == 2
    assert views_within(4_000_000_000, 100, 5, shape) == 4
    assert views_within(0, 100, 5, shape) == 0
