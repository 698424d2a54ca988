"""Flipped bits and exchanged files in a render's working folder: told and mended, never used."""

import hashlib
import json
import shutil
from itertools import product
from random import Random

import pytest
import torch

from dreamvid.errors import DreamvidError, ResumeError
from dreamvid.render.extend import extend, plan
from dreamvid.render.render import render_film
from dreamvid.render.work import segmented
from dreamvid.render.work.checkpoint import load
from dreamvid.system.digests import arrays_digest, file_digest, sealed, unsealed
from tests.support.small_film import packets

CPU = torch.device("cpu")
FILMS = ("forward", "reverse")
STOP = 6  # frames: a segment is whole, a checkpoint holds two frames more


def stopped(preset, out):
    count = []
    render_film(preset, out, device=CPU, on_frame=count.append, stop=lambda: len(count) == STOP)


def films(out):
    paths = [next(out.glob(f"{name}.*")) for name in FILMS]
    return [packets(path) for path in paths]


def flip(path, bit):
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def flips(path, count, seed=7):
    """Numbers of bits, the first and the last among them."""
    bits = 8 * path.stat().st_size
    rng = Random(seed)
    return [0, bits - 1, *(rng.randrange(bits) for _ in range(count - 2))]


@pytest.fixture(scope="module")
def renders(small_preset, tmp_path_factory):
    """Folder of an uninterrupted render, and of a stopped one."""
    folder = tmp_path_factory.mktemp("renders")
    render_film(small_preset(), folder / "whole", device=CPU)
    stopped(small_preset(), folder / "stopped")
    return folder / "whole", folder / "stopped"


@pytest.fixture
def go_on(renders, small_preset, tmp_path):
    """(harm) -> what is said when a stopped render that was harmed goes on; its films are right."""
    whole = films(renders[0])

    def check(harm):
        out = tmp_path / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(renders[1], out)
        harm(out / ".render")
        said = []
        assert render_film(small_preset(), out, device=CPU, on_message=said.append).finished
        assert films(out) == whole
        return said

    return check


def test_digests_are_blake2b(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"dream" * 10_000)
    assert file_digest(path) == hashlib.blake2b(b"dream" * 10_000, digest_size=16).hexdigest()
    zeros, ones = torch.zeros(2, 3).numpy(), torch.ones(2, 3).numpy()
    alike = [({"a": zeros}, ""), ({"b": zeros}, ""), ({"a": ones}, ""), ({"a": zeros}, "x")]
    alike += [({"a": zeros.T.copy()}, ""), ({"a": zeros.view("int32")}, "")]
    assert len({arrays_digest(*arguments) for arguments in alike}) == 6


def test_sealed_tables():
    table = {"b": [1, 0.1, None], "a": "é"}
    kept = json.loads(json.dumps(sealed(table)))
    assert unsealed(kept) == table == unsealed(table)
    with pytest.raises(ValueError, match="another"):
        unsealed(kept | {"a": "e"})


def test_checkpoint_has_the_digests_of_its_segments(renders):
    work = renders[0] / ".render"
    kept = load(work / "checkpoint.safetensors", CPU)
    names = {f"{way}{number:06d}.mp4" for way, number in product("fr", range(3))}
    assert kept.segments.keys() == names
    for name, digest in kept.segments.items():
        data = (work / name).read_bytes()
        assert digest == hashlib.blake2b(data, digest_size=16).hexdigest()


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_in_the_checkpoint(bit, go_on, renders):
    path = renders[1] / ".render" / "checkpoint.safetensors"
    header = 64 + 8 * int.from_bytes(path.read_bytes()[:8], "little")
    place = header + Random(bit).randrange(8 * path.stat().st_size - header)  # in the tensors
    (said,) = go_on(lambda work: flip(work / path.name, place))
    assert said.endswith("checkpoint.safetensors is damaged; rendering again from frame 4")


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("name", ["f000000.mp4", "r000000.mp4"])
def test_a_flipped_bit_in_a_segment(name, number, go_on, renders):
    bit = flips(renders[1] / ".render" / name, 8)[number]
    (said,) = go_on(lambda work: flip(work / name, bit))
    assert said.endswith(f"{name} is damaged; rendering again from frame 0")


def swap_twins(work):
    (work / "f000000.mp4").rename(work / "aside")
    (work / "r000000.mp4").rename(work / "f000000.mp4")
    (work / "aside").rename(work / "r000000.mp4")


def cut(work):
    path = work / "f000000.mp4"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])


@pytest.mark.parametrize("harm", [swap_twins, cut])
def test_a_segment_that_is_cut_or_its_twin(harm, go_on):
    (said,) = go_on(harm)
    assert said.endswith("f000000.mp4 is damaged; rendering again from frame 0")


def test_a_segment_of_another_render(go_on, small_preset, tmp_path):
    other = tmp_path / "other"
    render_film(small_preset("seed=2", "video.frames=4"), other, device=CPU)
    segment = other / ".render" / "f000000.mp4"
    (said,) = go_on(lambda work: shutil.copyfile(segment, work / segment.name))
    assert said.endswith("f000000.mp4 is damaged; rendering again from frame 0")


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("video.codec=prores",),  # intra-only: no reversed twin
        pytest.param(("video.codec=hevc", "video.depth=10"), marks=pytest.mark.slow),
        pytest.param(("video.codec=av1",), marks=pytest.mark.slow),
        pytest.param(("video.codec=vp9",), marks=pytest.mark.slow),
        pytest.param(("video.codec=ffv1",), marks=pytest.mark.slow),
        pytest.param(("outputs.frames=png",), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_two_segments_of_a_finished_film_swapped(settings, small_preset, tmp_path):
    """The checkpoint before the last speaks for both, so that it starts anew."""
    preset = small_preset(*settings)
    render_film(preset, tmp_path, device=CPU)
    whole = films(tmp_path)
    one, other = sorted((tmp_path / ".render").glob("f00000[01].*"))
    one.rename(tmp_path / "aside")
    other.rename(one)
    (tmp_path / "aside").rename(other)
    said, frames = [], []
    render_film(preset, tmp_path, device=CPU, on_message=said.append, on_frame=frames.append)
    assert f"{one.name} is damaged; rendering again from frame 0" in said[-1]
    assert len(frames) == 10 and films(tmp_path) == whole


def test_a_segment_damaged_during_the_run(small_preset, renders, tmp_path):
    """It is found before it is joined, and its frames are rendered in the same run."""
    frames, said = [], []

    def harm(progress):
        frames.append(progress.frame.index)
        if len(frames) == 10:
            flip(tmp_path / ".render" / "f000001.mp4", 5000)

    assert render_film(
        small_preset(), tmp_path, device=CPU, on_frame=harm, on_message=said.append
    ).finished
    assert "f000001.mp4 is damaged; rendering again from frame 0" in said[0] and len(said) == 1
    assert films(tmp_path) == films(renders[0])
    assert frames == [*range(10), *range(10)]


def test_a_disk_that_damages_what_is_written(small_preset, tmp_path, monkeypatch):
    class Faulty(segmented.TwinSegments):
        def _encode(self, number, frames, backwards):
            name, digest = super()._encode(number, frames, backwards)
            flip(self._folder / name, 5000)
            return name, digest

    monkeypatch.setattr(segmented, "TwinSegments", Faulty)
    with pytest.raises(ResumeError, match=r"f000000.mp4 is damaged again .* disk failing"):
        render_film(small_preset(), tmp_path, device=CPU)
    assert not (tmp_path / "forward.mp4").exists()


@pytest.mark.parametrize("name", ["state.json", "state-copy.json"])
def test_a_flipped_bit_in_the_key_is_mended_by_its_copy(name, go_on, renders):
    text = (renders[1] / ".render" / name).read_bytes()
    at = 8 * text.index(b'"dream.steps": 1') + 8 * len('"dream.steps": ')
    assert go_on(lambda work: flip(work / name, at + 1)) == []  # 3 steps


def test_flipped_bits_in_the_records_of_an_extension(renders, tmp_path, small_preset):
    out = tmp_path / "out"
    shutil.copytree(renders[0], out)
    begun, count = plan(out, frames=6), []
    extend(begun, device=CPU, on_frame=count.append, stop=lambda: len(count) == 2)
    work = out / ".render"
    goal, job = work / "longer.json", work / "job.json"
    kept = goal.read_bytes(), job.read_bytes()
    assert plan(out, frames=6).count == 16
    flip(goal, 8 * kept[0].index(b": 6") + 16)
    with pytest.raises(ResumeError, match=r"longer.json is damaged \(--to 16 finishes"):
        plan(out, frames=6)
    assert plan(out, to=16).count == 16
    goal.write_bytes(kept[0])
    flip(job, 8 * kept[1].index(b'"steps": 1') + 8 * len('"steps": ') + 1)
    with pytest.raises(ResumeError, match=r"job.json is damaged \(the command that began"):
        plan(out, frames=6)
    job.write_bytes(kept[1])
    extend(plan(out, frames=6), device=CPU)
    render_film(small_preset("video.frames=16"), tmp_path / "long", device=CPU)
    assert films(out) == films(tmp_path / "long")


@pytest.mark.slow
def test_fifty_flipped_bits_in_any_file(renders, small_preset, tmp_path):
    """The film is right, or the error names a file; none is silently wrong."""
    whole, out, rng = films(renders[0]), tmp_path / "out", Random(11)
    for _ in range(50):
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(renders[1], out)
        files = [path for path in sorted((out / ".render").iterdir()) if path.stat().st_size]
        path = rng.choice(files)
        flip(path, rng.randrange(8 * path.stat().st_size))
        try:
            render_film(small_preset(), out, device=CPU)
        except DreamvidError as error:
            assert ".render" in str(error)
        else:
            assert films(out) == whole
