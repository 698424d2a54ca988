"""Sounds and films made by PyAV alone, independent of dreamvid's reader."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.container import OutputContainer

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def add_audio(container: OutputContainer, codec: str, rate: int, layout: str) -> AudioStream:
    stream = container.add_stream(codec, rate=rate, layout=layout)
    assert isinstance(stream, AudioStream)
    return stream


@pytest.fixture
def write_sound(tmp_path):
    """(name, samples) -> path; samples are (channels, n) or (n,), of full scale 1.

    With `pictures`, a film of ten frames per second begins at that second, and the sound `delay`
    seconds after second 0.
    """

    def write(name, samples, rate=48000, codec="pcm_s16le", delay=0.0, pictures=None) -> Path:
        samples = np.atleast_2d(samples).astype(np.float32)
        with av.open(str(tmp_path / name), "w") as container:
            film = None
            if pictures is not None:
                film = container.add_stream("libx264", rate=10, width=32, height=32)
                film.codec_context.options = {"bf": "0"}
                film.pix_fmt = "yuv420p"
            stream = add_audio(container, codec, rate, LAYOUTS[len(samples)])
            if film and pictures is not None:
                for n in range(round(10 * samples.shape[1] / rate) + 1):
                    image = av.VideoFrame.from_ndarray(np.full((48, 32), 128, np.uint8), "yuv420p")
                    image.pts, image.time_base = n + round(pictures * 10), Fraction(1, 10)
                    container.mux(film.encode(image))
                container.mux(film.encode(None))
            for first in range(0, samples.shape[1], 4096):
                block = np.ascontiguousarray(samples[:, first : first + 4096])
                frame = av.AudioFrame.from_ndarray(block, "fltp", stream.layout.name)
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = first + round(delay * rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return tmp_path / name

    return write


@pytest.fixture
def clicks():
    """(seconds, times) -> (n,) mono: short clicks, each with its peak at its time."""

    def make(seconds, times, rate=48000):
        samples = np.zeros(round(seconds * rate))
        n = np.arange(60)
        for time in times:
            first = round(time * rate)
            samples[first : first + 60] += 0.7 * np.cos(0.6 * n) * np.exp(-n / 9)
        return samples

    return make


@pytest.fixture
def sine():
    """(hertz, seconds) -> (n,) mono, half of full scale."""

    def make(hertz, seconds, rate=48000):
        return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)

    return make
