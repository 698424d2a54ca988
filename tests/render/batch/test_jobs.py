"""Jobs files: what they come to, and what is refused before any work."""

import pytest

from dreamvid.errors import PresetError
from dreamvid.preset.load import check, load_preset, names
from dreamvid.render.batch.checks import check_jobs
from dreamvid.render.batch.cluster import check_address
from dreamvid.render.batch.jobs import load_jobs
from dreamvid.render.batch.names import distinct, job_name
from tests.support.command import run


def write(tmp_path, text):
    path = tmp_path / "jobs.toml"
    path.write_text(text)
    return path


def test_jobs_file_has_every_combination(tmp_path):
    path = write(
        tmp_path,
        'presets = ["quickstart", "vortex"]\nseeds = [1, 2]\nframes = 5\n'
        'settings = { "dream.steps" = [4, 8], "dream.octaves" = 2 }\n'
        '[[job]]\nname = "mine"\npreset = "tide"\nsettings = ["dream.steps=3"]\n',
    )
    jobs = {job.name: job.preset for job in load_jobs(path).jobs}
    assert len(jobs) == 2 * 2 * 2 + 1
    one = jobs["vortex-seed2-steps=8-octaves=2"]
    changed = ["seed=2", "dream.steps=8", "dream.octaves=2", "video.frames=5"]
    assert one == load_preset("vortex", changed)
    assert (jobs["mine"].dream.steps, jobs["mine"].video.count) == (3, 5)


@pytest.mark.parametrize(
    "settings",
    [
        '"dream.steps=4"',
        '{ "dream.steps" = 4 }',
        "{ dream = { steps = 4 } }",
        "[{ dream.steps = 4 }]",
    ],
)
def test_jobs_file_takes_single_values_and_nested_tables(tmp_path, settings):
    (job,) = load_jobs(
        write(tmp_path, f'presets = "quickstart"\nseeds = 3\nsettings = {settings}\n')
    ).jobs
    assert job.name == "quickstart-seed3-steps=4" and job.preset.dream.steps == 4


def test_jobs_with_a_damaged_input_are_refused(tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(bytes(range(256)) * 4)
    path = write(tmp_path, 'presets = "quickstart"\ninputs = "a.jpg"\n')
    code, _, error = run(capsys, "batch", path, "--out", tmp_path / "out")
    assert code == 2 and "job quickstart-a: start.path" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("address", ["nowhere", "nowhere.invalid:1", "127.0.0.1:0", "h:99999"])
def test_cluster_that_cannot_be_reached_is_refused(address):
    with pytest.raises(PresetError, match=r"^--ray: .*HOST:PORT"):
        check_address(address)


def test_jobs_file_inputs_are_relative_to_it(tmp_path, monkeypatch):
    for name in ("b.png", "a.png", "c.txt"):
        (tmp_path / name).write_bytes(b"-")
    path = write(tmp_path, 'presets = ["quickstart"]\ninputs = "*.png"\n')
    monkeypatch.chdir("/")
    jobs = load_jobs(path).jobs
    assert [job.name for job in jobs] == ["quickstart-a", "quickstart-b"]
    assert jobs[0].preset.start.path == tmp_path / "a.png"


@pytest.mark.parametrize("name", names())
def test_job_preset_survives_the_queue(tmp_path, name):
    path = write(tmp_path, f'presets = ["{name}"]\n')
    (job,) = load_jobs(path).jobs
    assert check(job.table) == job.preset == load_preset(name)
    assert check(job.table).dream.model_fields_set == load_preset(name).dream.model_fields_set


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "has no jobs"),
        ('preset = ["quickstart"]', "preset: no such option (did you mean presets?)"),
        ('presets = ["quickstrat"]', "job quickstrat: quickstrat: no preset of this name"),
        ('presets = ["quickstart"]\nsettings = [["dream.stepz=1"]]', "dream.stepz: no such option"),
        ('presets = ["quickstart"]\ninputs = ["no.jpg"]', "inputs: 'no.jpg': there is no such"),
        ('presets = ["quickstart"]\nout = "../up"', "below the file's own"),
        ('presets = ["quickstart"]\nout = "/etc"', "below the file's own"),
        ('presets = "quickstart"\nfor = "reelz"', "for: no target is called 'reelz' (did you"),
        ("seeds = [1]", "no effect without presets"),
        ("presets = [", "is not TOML"),
        ("presets = " + "[" * 5000, "is not TOML"),
        ('[[job]]\npreset = "tide"\nname = "../x"', "job[0].name"),
        (
            'presets = ["tide"]\n[settings]\n'
            + "".join(f'"dream.k{n}" = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n' for n in range(60)),
            "more than 10000",
        ),
        ('[[job]]\npreset = "tide"\n' * 10_001, "more than 10000"),
    ],
)
def test_jobs_file_errors_are_one_line(tmp_path, text, message):
    with pytest.raises(PresetError) as error:
        load_jobs(write(tmp_path, text))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_jobs_are_checked_before_any_work(tmp_path, capsys):
    path = write(tmp_path, 'presets = ["quickstart"]\n[[job]]\npreset = "tide"\nmodel = "lite9"\n')
    code, _, error = run(capsys, "batch", path, "--out", tmp_path / "out")
    assert code == 3 and "job tide: model" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_job_names_are_valid_file_names():
    assert job_name("../a b.toml", 3, None, ('dream.layers="x/y"',)) == "a-b-seed3-layers=x-y"
    long = [job_name("p", None, None, (f"dream.words={'x' * 200}{n}",)) for n in range(2)]
    found = distinct(["A", "a", *long], ["1", "2", "3", "4"])
    assert len({name.casefold() for name in found}) == 4
    assert all(len(name) < 100 and not name.startswith((".", "-")) for name in found)


def test_thousands_of_equal_jobs_have_names_at_once():
    names = distinct(["tide"] * 10_000, ["same"] * 10_000)
    assert len(set(names)) == 10_000
    assert names[1] == f"{names[0]}-2" and names[-1] == f"{names[0]}-10000"


def test_a_poster_past_the_end_is_found_before_any_job_begins(tmp_path):
    text = 'presets = ["quickstart"]\n[settings]\n"outputs.poster" = ["1f", "200s"]\n'
    with pytest.raises(PresetError, match=r"^job .*: outputs.poster: 200s is past the film's end"):
        check_jobs(load_jobs(write(tmp_path, text)).jobs)
