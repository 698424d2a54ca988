"""A disk that is too small is told before the work; one that suffices is not."""

import os
import shutil
import subprocess
from collections import namedtuple

import pytest
import torch

from dreamvid.errors import OutputError
from dreamvid.media.video.codecs import CODECS
from dreamvid.render.render import render_film

CPU = torch.device("cpu")
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def render(small_preset):
    """(folder, settings) -> the frames rendered until `after` of them were."""

    def render(out, *settings, frames=100_000, after=1, **options):
        preset, seen = small_preset(f"video.frames={frames}", *settings), []
        stop = lambda: len(seen) >= after
        render_film(preset, out, device=CPU, on_frame=seen.append, stop=stop, **options)
        return seen

    return render


@pytest.fixture
def free(monkeypatch):
    """The disk's free bytes, as told by the system."""
    room = [0]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 0, room[0]))
    return room


def test_disk_too_small_is_refused_with_both_sizes(render, free, tmp_path):
    free[0] = 10_000_000  # 100 000 x 2304 pixels x 0.035 bytes, twice forward and twice back
    with pytest.raises(OutputError, match=r"needs at least 32\.\d MB in .*out, 10\.0 MB is free"):
        render(tmp_path / "out")
    with pytest.raises(OutputError, match=r"--out elsewhere, or --set video.crf=23"):
        render(tmp_path / "out")
    assert render(tmp_path / "out", "video.crf=28")


def test_disk_error_names_the_setting_that_helps(render, free, tmp_path):
    free[0] = 60_000_000
    with pytest.raises(OutputError, match=r"--set outputs.frames=none"):
        render(tmp_path, "outputs.frames=png")
    with pytest.raises(OutputError, match=r"--set video.codec=hevc"):
        render(tmp_path, "video.codec=ffv1")
    assert render(tmp_path)


def test_disk_that_may_fill_is_a_warning(render, free, tmp_path):
    free[0] = 40_000_000
    said = []
    assert render(tmp_path, on_message=said.append)
    assert len(said) == 1 and "may need about 129" in said[0] and "40.0 MB is free" in said[0]
    free[0] = 10**9
    assert render(tmp_path, on_message=said.append) and len(said) == 1


def test_disk_space_counts_existing_files(render, free, tmp_path):
    free[0] = 10**9
    render(tmp_path, frames=600, after=6)
    segment = tmp_path / ".render" / "f000000.mp4"
    free[0] = 150_000
    with pytest.raises(OutputError, match=r"make room, and the same command goes on"):
        render(tmp_path, frames=600)
    with segment.open("ab") as file:
        file.write(bytes(100_000))
    assert render(tmp_path, frames=600)


def test_disk_that_is_really_full(render, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may make a small disk")
    try:
        with pytest.raises(OutputError, match=r"needs at least 32\.\d MB in .*, 1\.0 MB is free"):
            render(disk / "out")
        assert render(disk / "out", frames=10)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_disk_space_is_a_lower_bound(render, small_preset, codec, tmp_path):
    from dreamvid.film.job import build
    from dreamvid.render.work.disk_space import LEAST, TYPICAL
    from dreamvid.render.work.encoding import encoding_of

    render(tmp_path, f"video.codec={codec}", "start.size=160x88", frames=6, after=6)
    job = build(small_preset(f"video.codec={codec}"), CPU)
    film = tmp_path / f"forward{encoding_of(job.preset).kind.suffix}"
    taken = film.stat().st_size / (6 * 160 * 88)
    assert LEAST * TYPICAL[codec] < taken < 4 * TYPICAL[codec]
