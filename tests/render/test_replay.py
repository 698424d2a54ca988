"""Render, replay from what each file carries, compare; with the embedded model at 64x36."""

import json
import shlex
import shutil
import tomllib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import Image as PilImage

from dreamvid.errors import PresetError, ResumeError
from dreamvid.film.job import build
from dreamvid.media.metadata import FORMAT, copy_record, embed, read_record
from dreamvid.preset.load import check, load_preset, names, with_settings
from dreamvid.preset.sites import find
from dreamvid.preset.toml import changed_toml
from dreamvid.render import replay
from dreamvid.render.record.run_record import embed_records
from dreamvid.render.render import render_film
from tests.support.command import run

CPU = torch.device("cpu")
FOOTAGE = (
    *("model=lite0", "start.path=clips/walk.mp4", "start.size=64x36", "video.frames=3"),
    *("dream.octaves=1", "dream.steps=1", "flow.method=dis"),
)
KEPT = ("outputs.stills=[1]", "outputs.loop_width=32")


@pytest.fixture(scope="session")
def rendered(small_preset, tmp_path_factory):
    """A finished render; copy what you change."""
    out = tmp_path_factory.mktemp("rendered") / "film"
    assert render_film(small_preset("video.frames=6", *KEPT), out, device=CPU).finished
    return out


def told(path):
    """The record of a file that must have one."""
    record = read_record(path)
    assert record is not None
    return record


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def of_photo(small_preset, here):
    """A folder, where a film was rendered from photos/a.png."""
    (here / "photos").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (36, 64, 3), np.uint8)
    PilImage.fromarray(pixels).save(here / "photos" / "a.png")
    preset = small_preset("video.frames=2", "start.path=photos/a.png", "start.size=64x36")
    render_film(preset, here / "film", device=CPU)
    return here / "film"


FILES = ("forward.mp4", "reverse.mp4", "loop.gif", "poster.png", "stills/000001.png")


@pytest.mark.parametrize("name", FILES)
def test_replay_of_every_file_is_identical(name, rendered, here, capsys):
    copy = here / f"posted{name[-4:]}"
    shutil.copy(rendered / name, copy)
    code, said, _ = run(capsys, "replay", copy, "--strict")
    assert code == 0 and "frames will be identical: the same device, threads" in said
    assert said.splitlines()[-1].startswith(f"{copy} and out/posted-replay/{name}: ")
    assert said.splitlines()[-1].endswith("identical")
    again = here / "out" / "posted-replay"
    for other in FILES:
        assert (again / other).read_bytes() == (rendered / other).read_bytes()


def test_replay_record_in_targets_files(small_preset, here, capsys):
    preset = small_preset("video.frames=2", 'outputs.targets=["discord-emoji", "web", "archive"]')
    outcome = render_film(preset, here / "film", device=CPU)
    targets = [path for path in outcome.files if path.stem not in ("loop", "poster", "run")][2:]
    assert [path.name for path in targets] == [
        *("discord-emoji.gif", "web.mp4", "web-reverse.mp4"),
        *("archive.mkv", "archive-reverse.mkv"),
    ]
    for path in targets:
        name = path.stem.removesuffix("-reverse")
        assert told(path)["made_by"] == ["dreamvid render", f"dreamvid export --for {name}"]
        limit = find(name).limit
        assert limit is None or path.stat().st_size <= limit
    code, said, _ = run(capsys, "replay", here / "film" / "web-reverse.mp4")
    assert code == 0 and "since then: dreamvid export --for web; that is not done" in said
    for path in targets:  # the targets are the preset's, so they are made again too
        assert (here / "out" / "web-reverse-replay" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("export", "forward.mp4", "--out", "a.webp"), "a.webp"),
        (("loop", "forward.mp4", "--out", "a.gif"), "a.gif"),
        (("reverse", "forward.mp4", "--out", "a.mp4"), "a.mp4"),
    ],
)
def test_replay_of_a_converted_film(words, name, rendered, here, capsys):
    command, film, *rest = words
    assert run(capsys, command, rendered / film, *rest)[0] == 0
    code, said, _ = run(capsys, "replay", name)
    assert code == 0 and f"since then: dreamvid {command}" in said
    again = here / "out" / "a-replay" / "forward.mp4"
    assert again.read_bytes() == (rendered / "forward.mp4").read_bytes()


def test_resume_gives_the_same_files_and_records(small_preset, rendered, here):
    seen = []
    words = {"device": CPU, "on_frame": seen.append}
    preset = small_preset("video.frames=6", *KEPT)
    stopped = render_film(preset, here / "film", stop=lambda: len(seen) == 3, **words)
    assert not stopped.finished and render_film(preset, here / "film", **words).finished
    for name in FILES:
        assert (here / "film" / name).read_bytes() == (rendered / name).read_bytes()
        assert told(here / "film" / name)["output"] == name.rpartition(".")[0]


def test_replay_record_that_does_not_fit_fails_no_render(small_preset, here, rendered):
    job = build(small_preset("video.frames=6", *KEPT), CPU)
    shutil.copytree(rendered, here / "film")
    text, cut = here / "film" / "text.txt", here / "film" / "forward.mp4"
    text.write_text("text")
    cut.write_bytes(cut.read_bytes()[:100])
    notes = []
    embed_records(here / "film", job, CPU, [text, cut, here / "film" / "poster.png"], notes.append)
    assert notes[0] == f"without a record: {text}: is of no kind that can carry a record"
    assert notes[1].startswith(f"without a record: {cut}: is damaged: ") and len(notes) == 2
    assert text.read_text() == "text" and told(here / "film" / "poster.png")


def test_replay_of_a_folder_uses_run_json(rendered, here, capsys):
    code, said, _ = run(capsys, "replay", rendered, "--out", "again")
    assert code == 0 and "again/forward.mp4: all 6 frames are identical" in said
    shutil.copy(rendered / "run.json", here / "run.json")
    assert replay.open_source(here).record == replay.open_source(rendered).record
    with pytest.raises(ResumeError, match="is this the folder of a finished render"):
        replay.open_source(here / "again" / "stills")


def test_replay_with_set_is_not_compared(rendered, here, capsys):
    words = ("replay", rendered / "forward.mp4", "--set", "seed=9", "--set", "video.frames=2")
    code, said, _ = run(capsys, *words)
    assert code == 0 and "a variation: seed=9, video.frames=2" in said and "identical" not in said
    record = told(here / "out" / "film-replay" / "forward.mp4")
    assert record["preset"]["seed"] == 9 and record["preset"]["video"]["frames"] == 2
    code, _, said = run(capsys, *words, "--strict")
    assert code == 2 and "--strict: has nothing to compare with --set" in said


def changed(rendered, path, **changes):
    shutil.copy(rendered / "forward.mp4", path)
    embed(path, told(path) | changes)
    return path


def test_replay_names_differences_beforehand(rendered, here, capsys):
    versions = told(rendered / "forward.mp4")["versions"] | {"dreamvid": "0.0.1"}
    path = changed(rendered, here / "old.mp4", versions=versions, device="Abacus (cpu, BEADS)")
    code, said, _ = run(capsys, "replay", path, "--strict")
    assert code == 0 and "old.mp4: made by dreamvid 0.0.1 on Abacus (cpu, BEADS), " in said
    assert "perhaps not identical: rendered on Abacus (cpu, BEADS), now on " in said
    assert "; dreamvid 0.0.1, now " in said


def test_replay_differences_fail_only_with_strict(rendered, here, capsys):
    film = here / "liar.mp4"
    shutil.copy(rendered / "reverse.mp4", film)
    embed(film, told(rendered / "forward.mp4"))
    code, said, _ = run(capsys, "replay", film)
    assert code == 0 and "frame 0 of 6 is the first that differs; they differ by " in said
    code, _, said = run(capsys, "replay", film, "--strict")
    assert code == 1 and "liar.mp4: its frames differ, and should not" in said


def test_replay_comparison_equals_numpys(rendered):
    ours = replay.compare(rendered / "forward.mp4", rendered / "reverse.mp4")
    one, other = (
        np.stack(list(replay.read_frames(rendered / name))).astype(float)
        for name in ("forward.mp4", "reverse.mp4")
    )
    assert ours.mean == pytest.approx(np.abs(one - other).mean())
    assert ours.psnr == pytest.approx(10 * np.log10(255**2 / ((one - other) ** 2).mean()))
    assert (ours.frames, ours.first) == (6, 0)


def test_replay_uses_the_records_threads(rendered, here):
    record = replay.open_source(rendered / "forward.mp4").record
    before = torch.get_num_threads()
    with replay.threads(record.model_copy(update={"threads": before + 1}), CPU):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_replay_lists_later_conversions(rendered, here, capsys):
    loop = here / "made.gif"
    shutil.copy(rendered / "loop.gif", loop)
    copy_record(rendered / "forward.mp4", loop, "dreamvid loop\x1b[31m\nLIE")
    code, said, _ = run(capsys, "replay", loop)
    assert code == 0 and "since then: dreamvid loop[31m LIE; that is not done again" in said
    assert "\x1b" not in said and "\nLIE" not in said and "are identical" not in said
    assert run(capsys, "replay", loop, "--strict")[0] == 1


def test_replay_finds_a_photo_by_name_and_digest(of_photo, here, capsys):
    record = told(of_photo / "forward.mp4")
    assert record["preset"]["start"]["path"] == "a.png" and str(here) not in json.dumps(record)
    film = of_photo / "forward.mp4"
    code, _, said = run(capsys, "replay", film)
    assert code == 2 and "start.path: 'a.png', which this was made from, is neither beside" in said
    assert "--set start.path=PATH" in said
    code, said, _ = run(capsys, "replay", of_photo, "--strict")  # run.json knows where it lies
    assert code == 0 and "all 2 frames are identical" in said
    shutil.copy(here / "photos" / "a.png", of_photo / "a.png")
    code, said, _ = run(capsys, "replay", film, "--strict", "--fresh")
    assert code == 0 and "all 2 frames are identical" in said
    PilImage.new("RGB", (64, 36)).save(of_photo / "a.png")
    code, _, said = run(capsys, "replay", film)
    assert code == 2 and "a.png is not the file that this was made from (SHA-256 " in said
    words = ("replay", film, "--set", f"start.path={of_photo / 'a.png'}", "--out", "other")
    code, said, _ = run(capsys, *words)
    assert code == 0 and "a variation: start.path=" in said


def test_replay_finds_footage_by_name_and_digest(rendered, here, capsys):
    (here / "clips").mkdir()
    shutil.copy(rendered / "forward.mp4", here / "clips" / "walk.mp4")
    render_film(with_settings(FOOTAGE), here / "film", device=CPU)
    film = here / "film" / "forward.mp4"
    code, _, said = run(capsys, "replay", film)
    assert code == 2 and "start.path: 'walk.mp4', which this was made from, is neither" in said
    shutil.copy(rendered / "reverse.mp4", here / "walk.mp4")
    code, _, said = run(capsys, "replay", film)
    assert code == 2 and "walk.mp4 is not the file that this was made from (SHA-256 " in said
    words = ("replay", film, "--set", "start.path=clips/walk.mp4", "--out", "given")
    assert run(capsys, *words)[0] == 0
    shutil.copy(here / "clips" / "walk.mp4", here / "walk.mp4")
    code, said, _ = run(capsys, "replay", film, "--strict")
    assert code == 0 and "all 3 frames are identical" in said


def test_replay_uses_more_threads_than_cores(rendered, here, capsys):
    path = changed(rendered, here / "many.mp4", threads=33)
    code, said, _ = run(capsys, "replay", path)
    assert code == 0 and ", 33 threads" in said
    assert told(here / "out" / "many-replay" / "forward.mp4")["threads"] == 33


def test_replay_follows_no_strangers_paths(of_photo, here):
    secret = here / "secret.png"
    shutil.copy(here / "photos" / "a.png", secret)
    film = of_photo / "forward.mp4"
    record = told(film)
    record["preset"]["start"]["path"] = str(secret)  # by name it is in this folder
    embed(film, record)
    (here / "elsewhere").mkdir()
    secret.rename(here / "elsewhere" / "secret.png")
    with pytest.raises(PresetError, match=r"start.path: 'secret.png'.* is neither beside it"):
        replay.preset_of(replay.open_source(film), ())
    del record["files"]["start.path sha256"]
    embed(film, record)
    with pytest.raises(PresetError, match=r"start.path: the record names .* but has no SHA-256"):
        replay.preset_of(replay.open_source(film), ())


def test_replay_refuses_another_model_of_the_same_name(rendered, here, capsys):
    files = told(rendered / "forward.mp4")["files"] | {"model.file sha256": "ab" * 32}
    path = changed(rendered, here / "a.mp4", files=files)
    code, _, said = run(capsys, "replay", path)
    assert code == 3 and "model lite0: the one here (579344248a93...) is not the one this" in said
    assert run(capsys, "replay", path, "--set", "model=lite0", "--set", "video.frames=1")[0] == 0


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"preset": {"motoin": {}}}, 2, "motoin: no such option (did you mean motion?)"),
        ({"preset": {}}, 2, "preset: give the film's length"),
        ({"preset": {"model": "vgg16", "video": {"frames": 1}}}, 3, "`dreamvid models get vgg16`"),
        ({"preset": {"title": "\ud800", "video": {"frames": 1}}}, 2, "carries no record"),
        ({"versions": 3}, 2, "its record is damaged: versions: "),
    ],
)
def test_replay_checks_the_records_preset(change, code, said, rendered, here, capsys):
    path = changed(rendered, here / "a.mp4", **change)
    found = run(capsys, "replay", path)
    assert found[0] == code and said in found[2] and found[2].count("\n") == 1


def test_replay_of_a_file_without_a_record_is_refused(rendered, here, capsys):
    PilImage.new("RGB", (4, 4)).save(here / "a.png")
    code, _, said = run(capsys, "replay", here / "a.png")
    assert code == 2 and "a.png: carries no record of a render; many sites take it out" in said
    code, _, said = run(capsys, "replay", rendered / "forward.mp4", "--out", rendered)
    assert code == 2 and "is where the old files are" in said


def test_replay_preset_renders_the_same(rendered, here, capsys):
    for name in (*FILES, "run.json", "."):
        code, said, _ = run(capsys, "presets", "show", rendered / name)
        assert code == 0 and 'size = "64x36"' in said
    code, said, _ = run(capsys, "presets", "new", "mine", "--from", rendered / "loop.gif")
    assert code == 0 and "mine.toml: change it" in said
    made = check(replay.open_source(rendered).record.preset)
    assert load_preset("mine.toml") == made
    assert run(capsys, "render", "mine.toml")[0] == 0
    new, old = here / "out" / "mine" / "forward.mp4", rendered / "forward.mp4"
    assert replay.compare(old, new).identical
    code, _, said = run(capsys, "render", old)
    assert code == 2 and f"is not a preset (`dreamvid replay {old}` renders again" in said


def test_replay_preset_names_a_missing_photo(of_photo, here, capsys):
    words = ("presets", "new", "mine", "--from", of_photo / "forward.mp4")
    code, _, said = run(capsys, *words)
    assert code == 0 and "a.png, which it was made from, is not here: put it beside" in said
    assert load_preset("mine.toml").start.path == here.resolve() / "a.png"


OPTIONS = {
    "dream.octaves": st.integers(1, 8) | st.just('"4 + t"'),
    "dream.step_size": st.floats(0.1, 9, allow_nan=False),
    "dream.layers": st.sampled_from(['["block_9/expand"]', '[{name="head", channels=[1, 2]}]']),
    "dream.mask": st.sampled_from(["sky", '{shape="centre", feather=0.2}', "none"]),
    "motion.zoom": st.sampled_from(['"1 + t / 9"', '[{at=0, value=1}, {at="2s", value=2}]', "3"]),
    "title": st.text(st.characters(codec="utf-8"), max_size=20).map(json.dumps),
    "video.fps": st.sampled_from(["24", '"30000/1001"', "12.5"]),
    "outputs.stills": st.just("[0, 7]"),
    "dream.luminance": st.just("0.0"),
}


@examples(max_examples=60)
@given(st.sampled_from(names()), st.data())
def test_replay_preset_has_all_changes(name, data):
    chosen = data.draw(st.lists(st.sampled_from(list(OPTIONS)), unique=True, max_size=4))
    given_ = [f"{key}={data.draw(OPTIONS[key])}" for key in chosen]
    try:
        preset = load_preset(name, given_)
    except PresetError:  # the options do not go together
        preset = load_preset(name)
    text = changed_toml(preset, "note")
    assert check(tomllib.loads(text)) == preset
    assert check(json.loads(json.dumps(preset.model_dump(mode="json")))) == preset


def test_replay_of_an_older_run(rendered, here):
    run_ = json.loads((rendered / "run.json").read_text())
    for key in ("format", "threads", "device_kind"):
        del run_[key]
    (here / "run.json").write_text(json.dumps(run_ | {"device": "x86_64 cpu, 2 threads"}))
    record = replay.open_source(here).record
    preset = replay.preset_of(replay.open_source(here), ())
    found = replay.differences(record, preset, CPU)
    assert found[0].startswith("rendered on x86_64 cpu, 2 threads, now on ")
    assert "how many threads it was rendered with is not known" in found
    assert told(rendered / "forward.mp4")["format"] == FORMAT


def test_replay_ignores_a_film_of_another_codec(rendered, here, capsys):
    film = here / "film"
    shutil.copytree(rendered, film)
    (film / "forward.mov").write_bytes(b"of the run before")
    assert replay.open_source(film).film == film / "forward.mp4"
    record = json.loads((film / "run.json").read_text("utf-8"))
    del record["outputs"]
    (film / "forward.mov").unlink()
    (film / "run.json").write_text(json.dumps(record), "utf-8")
    assert replay.open_source(film).film == film / "forward.mp4"


@pytest.mark.parametrize("out", ["film", "film/stills/..", ""])
def test_replay_of_a_still_is_not_compared_with_itself(out, rendered, here, capsys):
    shutil.copytree(rendered, here / "film")
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}
    code, _, said = run(capsys, "replay", "film/stills/000001.png", "--out", out)
    assert code == 2 and said.startswith("dreamvid: --out: ") and len(said.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before


def test_replay_with_a_missing_input_is_refused(rendered, here, capsys):
    code, _, said = run(capsys, "replay", rendered, "--set", "start.path=nowhere.png")
    assert code == 2 and "nowhere.png cannot be read: No such file" in said
    assert len(said.splitlines()) == 1 and not (here / "out").exists()


def test_replay_preset_prints_the_next_command(here, capsys):
    code, said, _ = run(capsys, "presets", "new", "it's mine")
    assert code == 0 and shlex.split(said.split("`")[1])[-1] == "it's mine.toml"
    code, _, said = run(capsys, "presets", "new", "two\nlines")
    assert code == 2 and len(said.splitlines()) == 1
