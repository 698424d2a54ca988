"""`dreamvid bench` as a user sees it, small; no figure is asserted that a slow machine changes."""

import json
from collections import Counter

import pytest
import torch

from dreamvid.errors import PresetError
from dreamvid.models.weights import store
from dreamvid.profiling.bench import scaling
from dreamvid.profiling.bench.compare import read_record
from dreamvid.profiling.bench.steps import ModelLayer
from dreamvid.profiling.bench.tables import rate_line
from tests.support.command import run

CPU = torch.device("cpu")

CASE = {
    "model",
    "layer",
    "size",
    "repeats",
    "seconds_per_step",
    "mpixel_steps_per_second",
    "share_of_matrix_rate",
    "share_of_floor",
    "matrix_rate",
    "copy_bandwidth",
    "floor_seconds",
    "flops",
    "other_bytes",
    "baseline_bytes",
    "peak_bytes",
    "process_baseline_bytes",
    "process_peak_bytes",
}
EMPTY = json.dumps(
    {
        "machine": {"device": "", "processor": "", "precision": "", "versions": {"torch": ""}},
        "cases": [],
    }
)
SMALL = ("--model", "lite0", "--layer", "block_3/expand", "--size", "64x48", "--repeats", "2")


@pytest.fixture(autouse=True)
def small_rates(monkeypatch, tmp_path):
    monkeypatch.setattr("dreamvid.profiling.bench.device_rates.CPU_SIDE", 128)
    monkeypatch.setattr("dreamvid.profiling.bench.device_rates.COPIED", 2**20)
    monkeypatch.chdir(tmp_path)


def bench(capsys, *words):
    code, out, error = run(capsys, "bench", "--device", "cpu", "--json", *words)
    assert code == 0, error
    return json.loads(out)


def keys(case):
    return {name for name in case if not name.endswith("_quartiles")}


@pytest.mark.slow
def test_record_has_every_figure_and_they_agree(capsys):
    found = bench(capsys, *SMALL)
    (case,) = found["cases"]
    assert keys(case) == CASE
    assert (case["model"], case["layer"], case["size"]) == ("lite0", "block_3/expand", "64x48")
    pixels = 64 * 48 / 1e6
    assert case["mpixel_steps_per_second"] == pytest.approx(pixels / case["seconds_per_step"])
    for name in ("seconds_per_step", "mpixel_steps_per_second", "share_of_matrix_rate"):
        low, high = case[f"{name}_quartiles"]
        assert low <= case[name] <= high
    assert case["peak_bytes"] >= case["baseline_bytes"] > 0
    assert {name: found[name] for name in ("seconds_per_step", "peak_bytes")} == {
        name: case[name] for name in ("seconds_per_step", "peak_bytes")
    }
    machine = found["machine"]
    assert machine["type"] == "cpu" and machine["threads"] >= 1
    assert {"torch", "dreamvid", "python"} <= machine["versions"].keys()


@pytest.mark.slow
def test_cases_are_each_layer_and_size(capsys):
    words = ("--model", "lite0", "--layer", "block_1/expand", "--layer", "block_3/expand")
    sizes = ("--size", "64x48", "--size", "80x64", "--size", "64x48")
    found = bench(capsys, *words, *sizes, "--repeats", 1)["cases"]
    assert [(case["layer"], case["size"]) for case in found] == [
        ("block_1/expand", "64x48"),
        ("block_1/expand", "80x64"),
        ("block_3/expand", "64x48"),
        ("block_3/expand", "80x64"),
    ]


def test_default_model_without_googlenet_is_lite0(capsys):
    found = bench(capsys, "--size", "64x48", "--repeats", 1)["cases"]
    assert {case["model"] for case in found} == {"lite0"}
    assert [case["layer"] for case in found] == ["block_9/expand", "block_11/expand"]


@pytest.mark.slow
def test_film_is_timed_part_by_part(capsys):
    words = ("--film", "64x48", "--frames", 2, "--set", "dream.steps=1")
    film = bench(capsys, *SMALL, *words)["film"]
    assert (film["frames"], film["size"]) == (2, "64x48")
    assert film["preset"] == "quickstart dream.steps=1"
    named = {"start", "dream", "motion", "colour", "conversion", "copy", "waiting", "films", "rest"}
    assert set(film["shares"]) == named
    assert sum(film["shares"].values()) == pytest.approx(1.0)
    assert film["frames_per_second"] == pytest.approx(2 / film["seconds"])
    assert film["encoding_share"] > 0 and film["peak_bytes"] > 0


def told_time(monkeypatch, took):
    """A clock that only steps move, each by what its size takes."""
    now = [0.0]

    def seconds(work, device):
        begin = now[0]
        work()
        return now[0] - begin

    def make_step(place, size, device):
        return lambda: now.__setitem__(0, now[0] + took(size))

    monkeypatch.setattr(scaling, "seconds", seconds)
    monkeypatch.setattr(scaling, "make_step", make_step)


def test_short_steps_are_timed_in_a_row(monkeypatch):
    counts = Counter()
    told_time(monkeypatch, lambda size: counts.update([size]) or size[0] / 1e4)
    monkeypatch.setattr(scaling, "LADDER", ((100, 2), (1000, 2), (10000, 2)))
    monkeypatch.setattr(scaling, "REFERENCE", (1000, 2))
    found = scaling.scale(ModelLayer(store.load("lite0", CPU), "stem"), 3, CPU)
    assert list(counts.values()) == [scaling.WARM + 3 * n for n in (10, 2, 1)]
    assert [row.seconds.median for row in found] == pytest.approx([0.01, 0.1, 1.0])


def test_scaling_is_relative_to_the_reference_size(capsys, monkeypatch):
    monkeypatch.setattr(scaling, "LADDER", ((64, 48), (96, 64), (128, 96), (4096, 4096)))
    monkeypatch.setattr(scaling, "REFERENCE", (96, 64))
    monkeypatch.setattr(scaling, "BUDGET", 1e9)
    told_time(monkeypatch, lambda size: 0.125)
    found = bench(capsys, *SMALL, "--scaling")["scaling"]
    assert [row["size"] for row in found] == ["64x48", "96x64", "128x96", "4096x4096"]
    # All take as long, two in a row, so each pixel of a picture half as large takes twice as long.
    assert [row["relative"] for row in found[:3]] == pytest.approx([2.0, 1.0, 0.5])
    assert found[1]["nanoseconds_per_pixel"] == pytest.approx(0.125e9 / (96 * 64))


def test_scaling_leaves_out_sizes_that_take_too_long(capsys, monkeypatch):
    took = {(64, 48): 1.0, (96, 64): 2.0, (128, 96): 4.0, (192, 128): 8.0}
    monkeypatch.setattr(scaling, "LADDER", tuple(took))
    monkeypatch.setattr(scaling, "REFERENCE", (96, 64))
    monkeypatch.setattr(scaling, "BUDGET", 30.0)  # 4 steps of 1, 2 and 4 seconds, not of 8
    told_time(monkeypatch, took.__getitem__)
    found = bench(capsys, *SMALL, "--scaling")["scaling"]
    assert [row["size"] for row in found] == ["64x48", "96x64", "128x96"]


@pytest.mark.slow
def test_compare_with_an_earlier_run(capsys, tmp_path):
    first = bench(capsys, *SMALL, "--out", tmp_path / "a.json")
    earlier = json.loads((tmp_path / "a.json").read_text())
    assert earlier == first
    case = earlier["cases"][0]
    for name in ("seconds_per_step", "seconds_per_step_quartiles", "share_of_matrix_rate"):
        case[name] = 3.0 if isinstance(case[name], float) else [2.0, 4.0]
    (tmp_path / "b.json").write_text(json.dumps(earlier))
    found = bench(capsys, *SMALL, "--compare", tmp_path / "b.json")
    now, (compared,) = found["cases"][0], found["compared"]
    low, high = now["seconds_per_step_quartiles"]
    assert compared["name"] == "lite0 block_3/expand 64x48"
    assert (compared["before"], compared["now"]) == (3.0, now["seconds_per_step"])
    assert compared["faster"] == pytest.approx(
        {"median": 3.0 / now["seconds_per_step"], "low": 2.0 / high, "high": 4.0 / low}
    )
    assert compared["share"]["median"] == pytest.approx(now["share_of_matrix_rate"] / 3.0)


@pytest.mark.slow
def test_compare_without_common_cases_is_one_line(capsys, tmp_path):
    first = bench(capsys, *SMALL, "--out", tmp_path / "a.json")
    words = (*SMALL, "--device", "cpu", "--json", "--compare", tmp_path / "a.json")
    assert "--compare: " not in run(capsys, "bench", *words)[2]
    first["machine"] |= {"threads": 99, "precision": "tf32"}
    first["cases"].append(first["cases"][0] | {"model": "older"})
    (tmp_path / "a.json").write_text(json.dumps(first))
    noted = run(capsys, "bench", *words, "--size", "80x64")[2].splitlines()
    (line,) = [line for line in noted if line.startswith("--compare: ")]
    alone = "older block_3/expand 64x48, lite0 block_3/expand 80x64"
    assert f"left out, as one run has not measured it: {alone}; threads was 99, is" in line
    assert line.endswith("; precision was tf32, is float32")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "0", "-1", "1" + "0" * 400])
def test_compare_refuses_impossible_values(tmp_path, value):
    spread = {"s": 2.0, "s_quartiles": [1.0, 3.0]}
    case = {"model": "lite0", "layer": "a", "size": "64x48"}
    for name in ("seconds_per_step", "share_of_matrix_rate"):
        case |= {key.replace("s", name, 1): found for key, found in spread.items()}
    path, record = tmp_path / "a.json", json.loads(EMPTY) | {"cases": [case]}
    path.write_text(json.dumps(record))
    assert read_record(path) == record
    for text in ("2.0", "1.0"):
        path.write_text(json.dumps(record).replace(text, value))
        with pytest.raises(PresetError, match="is no record of a bench"):
            read_record(path)


def test_small_steps_have_three_digits_too(capsys):
    case = bench(capsys, *SMALL)["cases"][0]
    sizes = {"flops": 12_345_678, "other_bytes": 1_234_567_890}
    assert "a step is 0.0123 GFLOP and 1.23 GB beside" in rate_line(case | sizes)


@pytest.mark.slow
def test_tables_have_a_row_for_each_case_part_and_ratio(capsys, tmp_path):
    bench(capsys, *SMALL, "--film", "64x48", "--frames", 2, "--out", tmp_path / "a.json")
    words = (*SMALL, "--film", "64x48", "--frames", 2, "--compare", tmp_path / "a.json")
    code, out, error = run(capsys, "bench", "--device", "cpu", *words)
    assert code == 0, error
    starts = [line.split("\t")[0] for line in out.splitlines()]
    assert starts[1] == "lite0"
    assert {"dream", "waiting", "rest", "encoding, beside"} <= set(starts)
    assert starts[-2:] == ["lite0 block_3/expand 64x48", "film quickstart 64x48"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--model", "googlenot"), 3, "did you mean googlenet?"),
        (("--model", "googlenet"), 3, "model googlenet is not installed"),
        (("--film", "64x48", "--preset", "footage-soft"), 2, "start.path"),
        (("--layer", "block_3/expanded"), 3, "'block_3/expanded' in lite0 (did you mean block_3"),
        (("--size", "64"), 2, "--size: must be WIDTHxHEIGHT in pixels, such as 1280x720, got '64'"),
        (("--size", "8x8"), 2, "--size: each side must be from 16 to 16384 pixels, got '8x8'"),
        (("--repeats", "0"), 2, "--repeats"),
        (("--film", "64y48"), 2, "--film: must be WIDTHxHEIGHT in pixels"),
        (("--film", "64x48", "--preset", "quick"), 2, "quick: no preset of this name"),
        (("--film", "64x48", "--preset", "google-classic"), 3, "googlenet is not installed"),
        (("--film", "16x16"), 2, "dream.octaves: 4 octaves of 16x16 end at 6x6"),
        (("--preset", "quickstart"), 2, "--preset: there is no film to measure"),
        (("--set", "dream.octaves=1"), 2, "--set: there is no film to measure"),
        (("--film", "64x48", "--set", "dream.octave=1"), 2, "dream.octave: no such option"),
        (("--frames", "9"), 2, "--frames: there is no film to measure"),
        (("--compare", "none.json"), 2, "--compare: none.json cannot be read: No such file"),
        (("--out", ".."), 6, "cannot be written: it is a folder"),
    ],
)
def test_mistakes_are_one_line_before_the_work(capsys, monkeypatch, words, code, message):
    monkeypatch.setattr("dreamvid.cli.bench.note", lambda text: 1 / 0)  # told of each measurement
    found, out, error = run(capsys, "bench", "--device", "cpu", *words)
    assert (found, out) == (code, ""), error
    assert message in error and error.startswith("dreamvid: ") and error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "--compare: a.json is not JSON (give a file that `dreamvid bench --out FILE` wrote)"),
        ("[]", "--compare: a.json is no record of a bench"),
        ("{}", "--compare: a.json is no record of a bench"),
        ('{"cases": [{"model": "lite0"}]}', "--compare: a.json is no record of a bench"),
        ('{"cases": []}', "--compare: a.json is no record of a bench"),
        (EMPTY, "--compare: a.json has nothing that is measured now (it has: nothing)"),
    ],
)
def test_compare_refuses_a_bad_file_before_the_work(capsys, tmp_path, monkeypatch, text, message):
    monkeypatch.setattr("dreamvid.cli.bench.note", lambda text: 1 / 0)  # told of each measurement
    (tmp_path / "a.json").write_text(text)
    code, _, error = run(capsys, "bench", "--device", "cpu", *SMALL, "--compare", "a.json")
    assert code == 2 and message in error and error.count("\n") == 1


@pytest.mark.slow
def test_half_precision_is_measured(capsys, monkeypatch):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": True})
    found = bench(capsys, *SMALL, "--precision", "half")
    assert found["machine"]["precision"] == "bfloat16"
    assert found["cases"][0]["flops"] == bench(capsys, *SMALL)["cases"][0]["flops"]
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {})
    code, _, error = run(capsys, "bench", *SMALL, "--device", "cpu", "--precision", "half")
    assert code == 2 and error.startswith("dreamvid: dream.precision: ") and error.count("\n") == 1
