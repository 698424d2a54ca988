"""Each target's file, as PyAV and the ffmpeg program see it, against what the target says."""

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
from dreamvid.export.export import export, place_of
from dreamvid.export.request import Wishes
from dreamvid.media.clip import Pictures, pictures_of
from dreamvid.preset.sites import find, targets
from tests.export.conftest import seen_by_ffmpeg, seen_by_pyav

# What programs call codecs by what we call them.
NAMES = {
    "h264": "h264",
    "hevc": "hevc",
    "vp9": "vp9",
    "av1": "av1",
    "prores": "prores",
    "ffv1": "ffv1",
}
SOUNDS = {"mp4": "aac", "mov": "aac", "webm": "opus", "mkv": "flac"}
# As `reels`, of whose kind they are, but for numbers that twenty seconds do not come near.
LIKE_REELS = {"shorts", "tiktok", "instagram-square", "youtube", "x"}


def check(path, target, film, changes):
    """Everything that the target asks for, by both programs."""
    table = f"{target.name}: " + "; ".join(changes)
    assert target.limit is None or path.stat().st_size <= target.limit, table
    for seen in (seen_by_ffmpeg(path), seen_by_pyav(path)):
        told = f"{table}: {seen}"
        assert not target.sizes or seen.size in target.sizes or seen.size < min(target.sizes), told
        if target.within:
            assert max(seen.size) <= max(target.within), told
        if target.fill:
            assert max(seen.size) == max(target.within), told
        assert seen.codec.removeprefix("lib") in (NAMES.get(target.codec, "gif"), "dav1d"), told
        assert seen.sound == (SOUNDS[target.format] if target.sound else None), told
        rate = seen.frames / seen.seconds
        if target.fps:
            low, high = target.fps
            assert float(low) - 0.01 <= rate <= float(high) * 1.02, told
        shortest, longest = target.seconds or (0, float("inf"))
        expected = min(max(float(film.seconds), float(shortest)), float(longest))
        assert expected - 0.2 <= seen.seconds <= max(expected + 0.02, float(shortest) * 2), told
        assert seen.seconds <= float(longest) + 0.011, told  # GIFs count in hundredths


@pytest.mark.slow
@pytest.mark.parametrize("name", targets())
def test_every_target_takes_twenty_seconds_of_hard_film(name, make_film, tmp_path):
    film = pictures_of(make_film(3 if name in LIKE_REELS else 20))
    target = targets()[name]
    path = tmp_path / f"film{target.suffix}"
    made = export(film, path, target=target)
    assert made.bytes == path.stat().st_size
    check(path, target, film, made.changes)


@pytest.mark.parametrize("name", ["discord-emoji", "slack-emoji", "archive", "editing", "web"])
def test_small_targets_are_met(name, make_film, tmp_path):
    film = pictures_of(make_film(1))
    target = targets()[name]
    made = export(film, tmp_path / f"film{target.suffix}", target=target)
    check(made.path, target, film, made.changes)


@pytest.mark.slow
@pytest.mark.parametrize(
    "suffix,limit", [("mp4", 4e5), ("webm", 3e5), ("webp", 6e5), ("avif", 3e5), ("apng", 2e6)]
)
def test_a_byte_limit_is_met_and_used(suffix, limit, make_film, tmp_path):
    made = export(
        pictures_of(make_film(20)), tmp_path / f"a.{suffix}", wishes=Wishes(limit=int(limit))
    )
    assert made.path.stat().st_size <= limit, made.changes
    assert made.path.stat().st_size >= limit / 2, made.changes
    assert "to stay under" in made.changes[-1]
    assert seen_by_ffmpeg(made.path).frames > 20


def test_a_finished_file_still_meets_its_limit(make_film, tmp_path):
    def grow(path):
        with path.open("ab") as file:
            file.write(bytes(20_000))

    wishes = Wishes(limit=70_000)
    film = pictures_of(make_film(1, width=160, height=90))
    plain = export(film, tmp_path / "a.gif", wishes=wishes)
    grown = export(film, tmp_path / "b.gif", wishes=wishes, finish=grow)
    assert grown.bytes <= 70_000 and grown.changes != plain.changes
    assert grown.path.read_bytes().endswith(bytes(20_000))


def test_what_cannot_be_small_enough_is_refused_and_leaves_nothing(make_film, tmp_path):
    film = pictures_of(make_film(1))
    with pytest.raises(VideoError, match=r"a.gif: the smallest file .* not 100; a shorter part"):
        export(film, tmp_path / "a.gif", wishes=Wishes(limit=100))
    assert not list(tmp_path.iterdir())


def test_lossless_files_hold_the_film_s_own_pixels(make_film, tmp_path):
    film = pictures_of(make_film(1))
    wanted = list(film.read())
    for name in ("a.mkv", "a.apng"):
        found = list(pictures_of(export(film, tmp_path / name).path).read())
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name,codec", [("a.mp4", "h264"), ("a.mp4", "hevc"), ("a.webm", "vp9")])
def test_colours_are_the_film_s_within_two_levels(name, codec, tmp_path):
    flat = [
        np.full((64, 96, 3), c, np.uint8) for c in ((200, 30, 40), (20, 180, 90), (90, 60, 210))
    ]

    def read():
        yield from flat

    film = Pictures(read=read, size=(64, 96), fps=Fraction(2), count=3)
    made = export(film, tmp_path / name, wishes=Wishes(codec=codec))
    # By the ffmpeg program's own conversion, exact and by the file's tags.
    exact = "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24"
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(made.path), "-vf", exact]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    found = np.frombuffer(raw, np.uint8).reshape(3, 64, 96, 3).astype(int)
    assert np.abs(found - np.stack(flat)).max() <= 2


def test_a_folder_of_single_pictures(make_film, tmp_path):
    film = pictures_of(make_film(1))
    made = export(film, tmp_path / "frames")
    names = [f"{n:06d}.png" for n in range(film.count)]
    assert sorted(path.name for path in made.path.iterdir()) == names
    for name, frame in zip(names, film.read(), strict=True):
        np.testing.assert_array_equal(np.asarray(PilImage.open(made.path / name)), frame)
    with pytest.raises(OutputError, match="frames: exists already"):
        export(film, tmp_path / "frames")
    assert len(list(tmp_path.iterdir())) == 1


def test_sound_stays_with_the_pictures_of_a_part(make_film, tmp_path):
    film = pictures_of(make_film(2))
    clicks = np.zeros((2, 96_000), np.float32)
    clicks[:, 60_000:60_100] = 0.9  # at 1.25 s

    def sound():
        yield from np.array_split(clicks, 7, axis=1)

    film = replace(film, sound=sound)
    for name in ("a.mp4", "a.webm", "a.mkv", "a.mov"):
        wishes = Wishes(start=Fraction(1), seconds=Fraction(1, 2))
        made = export(film, tmp_path / name, wishes=wishes)
        command = [get_ffmpeg_exe(), "-v", "error", "-i", str(made.path), "-f", "f32le", "-ac", "1"]
        raw = subprocess.run([*command, "-"], capture_output=True, check=True).stdout
        heard = np.frombuffer(raw, np.float32)
        assert abs(len(heard) - 24_000) <= 1024, name  # AAC's last block is whole
        assert abs(np.argmax(np.abs(heard) > 0.3) - 12_000) <= 48, name


def test_frame_times_are_even(make_film, tmp_path):
    made = export(pictures_of(make_film(1)), tmp_path / "a.mp4")
    with av.open(str(made.path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        times = [(frame.pts or 0) * Fraction(frame.time_base or 0) for frame in frames]
    assert {later - sooner for sooner, later in pairwise(times)} == {Fraction(1, 6)}


@pytest.mark.parametrize(
    "name,wishes,option",
    [
        ("a.xyz", Wishes(), "--out"),
        ("a.gif", Wishes(crf=20), "--crf"),
        ("a.mp4", Wishes(crf=41), "--crf"),
        ("a.mkv", Wishes(crf=20), "--crf"),
        ("a.mp4", Wishes(colours=16), "--colours"),
        ("a.gif", Wishes(colours=1), "--colours"),
        ("a.webm", Wishes(codec="h264"), "--codec"),
        ("a.gif", Wishes(codec="h264"), "--codec"),
        ("a.mp4", Wishes(fps=Fraction(12)), "--fps"),
        ("a.mp4", Wishes(start=Fraction(1)), "--from"),
    ],
)
def test_what_has_no_effect_is_refused(name, wishes, option, make_film, tmp_path):
    with pytest.raises(PresetError) as caught:
        export(pictures_of(make_film(1)), tmp_path / name, wishes=wishes)
    assert caught.value.option == option
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "target,name,wishes,option",
    [
        ("reels", "a.gif", Wishes(), "--out"),
        ("reels", "a.mp4", Wishes(codec="hevc"), "--codec"),
        ("reels", "a.mp4", Wishes(size=(640, 480)), "--size"),
        ("telegram-sticker", "a.webm", Wishes(size=(500, 500)), "--size"),
        ("gif-2mb", "a.gif", Wishes(size=(640, 480)), "--size"),
        ("reels", "a.mp4", Wishes(fps=Fraction(3)), "--fps"),
    ],
)
def test_what_the_target_does_not_take_is_refused(
    target, name, wishes, option, make_film, tmp_path
):
    with pytest.raises(PresetError) as caught:
        export(pictures_of(make_film(1)), tmp_path / name, target=targets()[target], wishes=wishes)
    assert caught.value.option == option


@pytest.mark.parametrize(
    "run_json,taken",
    [
        ('{"outputs": {"forward.mp4": 1}}', "forward.mp4"),
        ('{"outputs": {"forward.webm": 1}}', "forward.webm"),
        ('{"outputs": {"forward.mkv": 1}}', None),
        ('{"outputs": 3}', "forward.mov"),
        ("{", "forward.mov"),
        (None, "forward.mov"),
    ],
)
def test_of_a_folder_the_film_of_its_last_run_is_taken(run_json, taken, tmp_path):
    for name in ("forward.mov", "forward.mp4", "forward.webm", "forward.html"):
        (tmp_path / name).touch()
    if run_json:
        (tmp_path / "run.json").write_text(run_json, "utf-8")
    if taken:
        assert film_of(tmp_path) == tmp_path / taken
    else:
        with pytest.raises(PresetError, match=r"^FILE: .* holds no forward film"):
            film_of(tmp_path)


def test_an_ending_in_capitals_is_a_format_too(make_film, tmp_path):
    film = make_film(1, 64, 36)
    made = export(pictures_of(film), tmp_path / "FILM.MP4", wishes=Wishes(crf=40))
    assert pictures_of(made.path).count == pictures_of(film).count


def test_a_folder_that_is_there_is_refused_before_the_work(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine.txt").touch()
    for out in (tmp_path / "kept", tmp_path / "kept" / "%06d.png", tmp_path / "kept" / "mine.txt"):
        with pytest.raises((OutputError, PresetError), match=r"exists already|no format"):
            place_of(out)
    assert place_of(tmp_path / "new" / "%06d.png") == tmp_path / "new"
    assert place_of(tmp_path / "new") == tmp_path / "new"
    with pytest.raises(PresetError, match=r"^--out: reels takes .mp4"):
        place_of(tmp_path / "a.gif", find("reels"))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["kept", "mine.txt"]
