"""Each target's file, probed by PyAV and the ffmpeg program, against the target's limits."""

import subprocess
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image as PilImage

from dreamvid.cli.export import film_of
from dreamvid.errors import OutputError, PresetError, VideoError
from dreamvid.export.export import check_output, export
from dreamvid.export.request import ExportRequest
from dreamvid.media.clip import Pictures, pictures_of
from dreamvid.preset.sites import find, targets
from tests.export.conftest import probe_by_ffmpeg, probe_by_pyav

# ffmpeg's names by ours.
NAMES = {
    "h264": "h264",
    "hevc": "hevc",
    "vp9": "vp9",
    "av1": "av1",
    "prores": "prores",
    "ffv1": "ffv1",
    "hap-q": "hap",
}
SOUNDS = {"mp4": "aac", "mov": "aac", "webm": "opus", "mkv": "flac"}
# Of 1080 lines and more, with limits that twenty seconds do not come near.
LARGE = {"reels", "shorts", "tiktok", "instagram-square", "youtube", "x"}


def check(path, target, film, changes):
    """Check all of the target's limits, by both programs."""
    table = f"{target.name}: " + "; ".join(changes)
    assert target.limit is None or path.stat().st_size <= target.limit, table
    for probe in (probe_by_ffmpeg(path), probe_by_pyav(path)):
        text = f"{table}: {probe}"
        sizes = target.sizes
        assert not sizes or probe.size in sizes or probe.size < min(sizes), text
        if target.within:
            assert max(probe.size) <= max(target.within), text
        if target.fill:
            assert max(probe.size) == max(target.within), text
        assert probe.codec.removeprefix("lib") in (NAMES.get(target.codec, "gif"), "dav1d"), text
        assert probe.sound == (SOUNDS[target.format] if target.sound else None), text
        rate = probe.frames / probe.seconds
        if target.fps:
            low, high = target.fps
            assert float(low) - 0.01 <= rate <= float(high) * 1.02, text
        shortest, longest = target.seconds or (0, float("inf"))
        expected = min(max(float(film.seconds), float(shortest)), float(longest))
        assert expected - 0.2 <= probe.seconds <= max(expected + 0.02, float(shortest) * 2), text
        assert probe.seconds <= float(longest) + 0.011, text  # GIFs count in hundredths


@pytest.mark.slow
@pytest.mark.parametrize("name", targets())
def test_export_meets_every_target(name, make_film, tmp_path):
    film = pictures_of(make_film(3 if name in LARGE else 20))
    target = targets()[name]
    path = tmp_path / f"film{target.suffix}"
    result = export(film, path, target=target)
    assert result.bytes == path.stat().st_size
    check(path, target, film, result.changes)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["discord-emoji", "slack-emoji", "archive", "editing", "web"])
def test_export_meets_small_targets(name, make_film, tmp_path):
    film = pictures_of(make_film(1))
    target = targets()[name]
    result = export(film, tmp_path / f"film{target.suffix}", target=target)
    check(result.path, target, film, result.changes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "suffix,limit", [("mp4", 4e5), ("webm", 3e5), ("webp", 6e5), ("avif", 3e5), ("apng", 2e6)]
)
def test_export_limit_is_met_and_used(suffix, limit, make_film, tmp_path):
    request = ExportRequest(limit=int(limit))
    result = export(pictures_of(make_film(20)), tmp_path / f"a.{suffix}", request=request)
    assert result.path.stat().st_size <= limit, result.changes
    assert result.path.stat().st_size >= limit / 2, result.changes
    assert "to stay under" in result.changes[-1]
    assert probe_by_ffmpeg(result.path).frames > 20


@pytest.mark.slow
def test_export_limit_counts_the_finished_file(make_film, tmp_path):
    def grow(path):
        with path.open("ab") as file:
            file.write(bytes(20_000))

    request = ExportRequest(limit=70_000)
    film = pictures_of(make_film(1, width=160, height=90))
    plain = export(film, tmp_path / "a.gif", request=request)
    grown = export(film, tmp_path / "b.gif", request=request, finish=grow)
    assert grown.bytes <= 70_000 and grown.changes != plain.changes
    assert grown.path.read_bytes().endswith(bytes(20_000))


def test_export_too_small_a_limit_leaves_nothing(make_film, tmp_path):
    film = pictures_of(make_film(1))
    with pytest.raises(VideoError, match=r"a.gif: the smallest file .* not 100; a shorter part"):
        export(film, tmp_path / "a.gif", request=ExportRequest(limit=100))
    assert not list(tmp_path.iterdir())


def test_export_lossless_keeps_pixels(make_film, tmp_path):
    film = pictures_of(make_film(1))
    expected = list(film.read())
    for name in ("a.mkv", "a.apng"):
        frames = list(pictures_of(export(film, tmp_path / name).path).read())
        assert len(frames) == len(expected)
        for one, other in zip(frames, expected, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name,codec", [("a.mp4", "h264"), ("a.mp4", "hevc"), ("a.webm", "vp9")])
def test_export_colours_stay_within_two_levels(name, codec, tmp_path):
    flat = [
        np.full((64, 96, 3), c, np.uint8) for c in ((200, 30, 40), (20, 180, 90), (90, 60, 210))
    ]

    def read():
        yield from flat

    film = Pictures(read=read, size=(64, 96), fps=Fraction(2), count=3)
    result = export(film, tmp_path / name, request=ExportRequest(codec=codec))
    # By the ffmpeg program's own conversion, exact and by the file's tags.
    exact = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24"
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(result.path), "-vf", exact]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    decoded = np.frombuffer(raw, np.uint8).reshape(3, 64, 96, 3).astype(int)
    assert np.abs(decoded - np.stack(flat)).max() <= 2


def test_export_writes_a_folder_of_frames(make_film, tmp_path):
    film = pictures_of(make_film(1))
    result = export(film, tmp_path / "frames")
    names = [f"{n:06d}.png" for n in range(film.count)]
    assert sorted(path.name for path in result.path.iterdir()) == names
    for name, frame in zip(names, film.read(), strict=True):
        np.testing.assert_array_equal(np.asarray(PilImage.open(result.path / name)), frame)
    with pytest.raises(OutputError, match="frames: exists already"):
        export(film, tmp_path / "frames")
    assert len(list(tmp_path.iterdir())) == 1


def test_export_trims_sound_with_the_frames(make_film, tmp_path):
    film = pictures_of(make_film(2))
    clicks = np.zeros((2, 96_000), np.float32)
    clicks[:, 60_000:60_100] = 0.9  # at 1.25 s

    def sound():
        yield from np.array_split(clicks, 7, axis=1)

    film = replace(film, sound=sound)
    request = ExportRequest(start=Fraction(1), seconds=Fraction(1, 2))
    for name in ("a.mp4", "a.webm", "a.mkv", "a.mov"):
        result = export(film, tmp_path / name, request=request)
        command = [get_ffmpeg_exe(), "-v", "error", "-i", str(result.path), "-f", "f32le"]
        raw = subprocess.run([*command, "-ac", "1", "-"], capture_output=True, check=True).stdout
        sound_out = np.frombuffer(raw, np.float32)
        assert abs(len(sound_out) - 24_000) <= 1024, name  # AAC's last block is whole
        assert abs(np.argmax(np.abs(sound_out) > 0.3) - 12_000) <= 48, name


def test_export_frame_times_are_even(make_film, tmp_path):
    result = export(pictures_of(make_film(1)), tmp_path / "a.mp4")
    with av.open(str(result.path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        times = [(frame.pts or 0) * Fraction(frame.time_base or 0) for frame in frames]
    assert {later - sooner for sooner, later in pairwise(times)} == {Fraction(1, 6)}


@pytest.mark.parametrize(
    "name,options,option",
    [
        ("a.xyz", ExportRequest(), "--out"),
        ("a.gif", ExportRequest(crf=20), "--crf"),
        ("a.mp4", ExportRequest(crf=41), "--crf"),
        ("a.mkv", ExportRequest(crf=20), "--crf"),
        ("a.mp4", ExportRequest(colours=16), "--colours"),
        ("a.gif", ExportRequest(colours=1), "--colours"),
        ("a.webm", ExportRequest(codec="h264"), "--codec"),
        ("a.gif", ExportRequest(codec="h264"), "--codec"),
        ("a.mp4", ExportRequest(fps=Fraction(12)), "--fps"),
        ("a.mp4", ExportRequest(start=Fraction(1)), "--from"),
    ],
)
def test_export_refuses_options_without_effect(name, options, option, make_film, tmp_path):
    with pytest.raises(PresetError) as caught:
        export(pictures_of(make_film(1)), tmp_path / name, request=options)
    assert caught.value.option == option
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "target,name,options,option",
    [
        ("reels", "a.gif", ExportRequest(), "--out"),
        ("reels", "a.mp4", ExportRequest(codec="hevc"), "--codec"),
        ("reels", "a.mp4", ExportRequest(size=(640, 480)), "--size"),
        ("telegram-sticker", "a.webm", ExportRequest(size=(500, 500)), "--size"),
        ("gif-2mb", "a.gif", ExportRequest(size=(640, 480)), "--size"),
        ("reels", "a.mp4", ExportRequest(fps=Fraction(3)), "--fps"),
    ],
)
def test_export_refuses_what_the_target_does_not_take(
    target, name, options, option, make_film, tmp_path
):
    film = pictures_of(make_film(1))
    with pytest.raises(PresetError) as caught:
        export(film, tmp_path / name, target=targets()[target], request=options)
    assert caught.value.option == option


@pytest.mark.parametrize(
    "run_json,expected",
    [
        ('{"outputs": {"forward.mp4": 1}}', "forward.mp4"),
        ('{"outputs": {"forward.webm": 1}}', "forward.webm"),
        ('{"outputs": {"forward.mkv": 1}}', None),
        ('{"outputs": 3}', "forward.mov"),
        ("{", "forward.mov"),
        (None, "forward.mov"),
    ],
)
def test_export_of_a_folder_takes_the_last_film(run_json, expected, tmp_path):
    for name in ("forward.mov", "forward.mp4", "forward.webm", "forward.html"):
        (tmp_path / name).touch()
    if run_json:
        (tmp_path / "run.json").write_text(run_json, "utf-8")
    if expected:
        assert film_of(tmp_path) == tmp_path / expected
    else:
        with pytest.raises(PresetError, match=r"^FILE: .* holds no forward film"):
            film_of(tmp_path)


def test_export_takes_a_suffix_in_capitals(make_film, tmp_path):
    film = make_film(1, 64, 36)
    result = export(pictures_of(film), tmp_path / "FILM.MP4", request=ExportRequest(crf=40))
    assert pictures_of(result.path).count == pictures_of(film).count


def test_check_output_refuses_what_exists(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").touch()
    for out in (tmp_path / "kept", tmp_path / "kept" / "%06d.png", tmp_path / "kept" / "mine.txt"):
        with pytest.raises((OutputError, PresetError), match=r"exists already|no format"):
            check_output(out)
    assert check_output(tmp_path / "new" / "%06d.png") == tmp_path / "new"
    assert check_output(tmp_path / "new") == tmp_path / "new"
    with pytest.raises(PresetError, match=r"^--out: reels takes .mp4"):
        check_output(tmp_path / "a.gif", find("reels"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["kept", "mine.txt"]
