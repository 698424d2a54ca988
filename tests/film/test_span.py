"""A part of a clip as footage: from, to, every, and its sound in step."""

from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from dreamvid.errors import PresetError
from dreamvid.film.clip import Clip
from dreamvid.film.resolve import with_video
from dreamvid.film.span import sound_start, span_of
from dreamvid.film.start import make_start
from dreamvid.film.timeline import sound_of
from dreamvid.media.audio.decode import RATE, read_blocks
from dreamvid.media.audio.mux import add_sound
from dreamvid.preset.load import with_settings
from dreamvid.preset.values import read_clip_time


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds at 24 a second; frame n is of 10 + 5n, and a tone sounds from second 1 on."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, width=64, height=48)
        stream.codec_context.options = {"g": "10"}
        audio = container.add_stream("aac", rate=RATE, layout="mono", format="fltp")
        for number in range(48):
            frame = VideoFrame.from_ndarray(np.full((48, 64, 3), 10 + 5 * number, np.uint8))
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
        at = np.arange(2 * RATE) / RATE
        tone = (np.sin(2000 * at) * (at >= 1)).astype(np.float32)[None]
        for start in range(0, 2 * RATE, 1024):
            block = AudioFrame.from_ndarray(tone[:, start : start + 1024], "fltp", "mono")
            block.sample_rate, block.pts = RATE, start
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))
    return path


def preset(clip, *settings):
    return with_settings(["start.kind=video", f"start.path={clip}", *settings])


def shown(chosen):
    """Numbers of the clip's frames that a film is dreamed on."""
    made = with_video(chosen)
    span = span_of(made.start, made.video.fps)
    clip = Clip(made.start.path, fps=made.video.rate, size=(48, 64), span=span)
    with closing(clip):
        frames = [clip.frame(index) for index in range(made.video.count)]
    return [round((float(frame.mean()) - 10) / 5) for frame in frames]


@pytest.mark.parametrize(
    "settings,numbers",
    [
        ((), range(48)),
        (("start.from=0.5s",), range(12, 48)),
        (("start.from=12f", "start.to=1.5"), range(12, 36)),
        (("start.to=00:00:01",), range(24)),
        (("start.to=9s",), range(48)),
        (("start.from=10f", "start.to=20f", "start.every=3"), (10, 13, 16)),
        (("start.every=2", "video.frames=5"), (0, 2, 4, 6, 8)),
        (("start.from=1s", "video.fps=12"), range(24, 48, 2)),
        (("start.from=24f", "start.every=2", "video.fps=12"), range(24, 48, 4)),
        (("start.from=46f", "video.fps=48"), (46, 46, 47, 47)),
    ],
)
def test_span_shows_these_frames(settings, numbers, clip):
    assert shown(preset(clip, *settings)) == list(numbers)


def test_span_begins_at_its_first_frame(clip):
    start = make_start(preset(clip, "start.from=20f").start, torch.Generator())
    assert abs(float(start.mean()) * 255 - 110) < 3


def test_span_has_its_sound(clip, tmp_path):
    cut = with_video(preset(clip, "start.from=0.75s"))
    assert sound_start(cut) == 0.75
    made = tmp_path / "film.mp4"
    assert sound_of(cut) == clip
    add_sound(clip, clip, made, start=sound_start(cut))
    with closing(read_blocks(made)) as blocks:
        heard = np.abs(np.concatenate(list(blocks), axis=1)[0])
    quarter = RATE // 4  # the tone sounds from there on
    assert heard[: quarter - 1500].max() < 0.05 < 0.4 < heard[quarter + 1500 : RATE].max()
    assert sound_of(with_video(preset(clip, "start.every=2"))) is None
    music = preset(clip, "start.from=0.75s", f"sound.path={clip}")
    assert sound_start(music) == 0


@pytest.mark.parametrize(
    "settings,said",
    [
        (("start.from=2s",), "start.from: 2s is beyond its end (the footage is 2 seconds long)"),
        (("start.from=1s", "start.to=20f"), "start.to: 20f is not after start.from, 1s (the foot"),
        (("start.from=soon",), 'must be seconds, or a text such as "2.5s", "60f" or "00:01:02.5"'),
        (("start.kind=sky", "start.path=", "start.every=2"), "every has no effect with kind ="),
    ],
)
def test_span_that_cannot_be_is_one_line(settings, said, clip):
    with pytest.raises(PresetError) as caught:
        if "start.kind=sky" in settings:
            with_settings(["start.kind=sky", "start.every=2", "video.frames=2"])
        with_video(preset(clip, *settings))
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text,normal",
    [("1.5s", "1.5s"), (2, "2s"), ("60f", "60f"), ("1:02.5", "62.5s"), ("01:00:01", "3601s")],
)
def test_span_times_are_normalised(text, normal):
    assert read_clip_time(text) == normal


@pytest.mark.parametrize("text", ["-1s", "1.5f", "1:00s", "", "nan", "1e3", True, "1:2:3:4"])
def test_span_times_of_no_notation_are_refused(text):
    with pytest.raises(ValueError, match="must be seconds, or a text"):
        read_clip_time(text)


def test_span_to_is_no_part_of_the_key(clip):
    chosen = with_video(preset(clip, "start.to=1s"))
    whole = with_video(preset(clip, "video.frames=24"))
    assert chosen.render_key == whole.render_key
    assert chosen.render_key != with_video(preset(clip, "start.from=1s")).render_key
    assert with_video(chosen).video.fps == Fraction(24)
