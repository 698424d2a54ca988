import csv

import pytest

from dreamvid.errors import OutputError
from dreamvid.training.fit import BatchHalved, EpochDone, StepDone
from dreamvid.training.log import open_log


def step(number):
    return StepDone(number, 1, 7, 7 * number, 70, loss=0.5 / number, rate=0.01, seconds=number / 2)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_log_has_a_line_for_each_step_and_epoch(tmp_path):
    path = tmp_path / "log.csv"
    with open_log(path, 0) as log:
        for progress in (step(1), BatchHalved(4), step(2), EpochDone(2, 1, 9, 0.4, 0.6, True, 1.0)):
            log.note(progress)
    assert rows(path) == [
        dict(step="1", epoch="1", loss="0.5", stopping_loss="", rate="0.01", seconds="0.5"),
        dict(step="2", epoch="1", loss="0.25", stopping_loss="", rate="0.01", seconds="1.0"),
        dict(step="2", epoch="1", loss="0.4", stopping_loss="0.6", rate="", seconds="1.0"),
    ]


def test_resume_rewrites_lines_after_the_checkpoint(tmp_path):
    path = tmp_path / "log.csv"
    with open_log(path, 0) as log:
        for number in (1, 2, 3):
            log.note(step(number))
    with path.open("a") as file:
        file.write("4,1,0.1")  # the process died within a line
    with open_log(path, 2) as log:
        log.note(step(3))
    assert [row["step"] for row in rows(path)] == ["1", "2", "3"]


def test_log_is_new_for_a_new_run(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("step\n1\n")
    with open_log(path, 0):
        pass
    assert rows(path) == []


def test_log_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "log.csv").mkdir()
    with pytest.raises(OutputError, match=r"log.csv"), open_log(tmp_path / "log.csv", 0):
        pass


def test_log_without_a_validation_loss(tmp_path):
    path = tmp_path / "log.csv"
    with open_log(path, 0) as log:
        log.note(EpochDone(2, 1, 9, 0.4, None, True, 1.0))
    assert [row["stopping_loss"] for row in rows(path)] == [""]
