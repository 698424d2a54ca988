"""Frames between the device that dreams and the encoder."""

import numpy as np
import pytest
import torch

from dreamvid.film.job import build
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.colour import samples, to_planes
from dreamvid.media.video.transfer import PendingFrames
from dreamvid.preset.load import load_preset
from dreamvid.render.work.encoding import MOST_ENCODERS, encoders_at_once, encoding_of

CPU = torch.device("cpu")
FORMS = [form for codec in CODECS.values() for form in codec.pixel_formats.values()]


def image(device=CPU):
    return torch.rand(1, 3, 6, 8, generator=torch.Generator().manual_seed(1)).to(device)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.name}-{form.left}")
def test_pending_frames_arrive_in_the_encoders_format(form):
    early = to_planes(torch.zeros(1, 3, 6, 8), form)
    frames = PendingFrames([early])
    frames.send(samples(image(), form))
    assert len(frames) == 2 and frames[0] is early
    expected = to_planes(image(), form)
    assert frames[1].dtype == expected.dtype == (np.uint8 if form.depth == 8 else np.uint16)
    np.testing.assert_array_equal(frames[1], expected)
    assert [int(frame.sum()) for frame in reversed(frames)] == [
        int(frame.sum()) for frame in (expected, early)
    ]


def test_pending_frames_of_16_bits_reach_the_largest_value():
    white = to_planes(torch.ones(1, 3, 4, 4), CODECS["ffv1"].pixel_formats[16])
    assert white.max() == white.min() == 65535


@pytest.mark.parametrize(
    ("device", "processors", "expected"),
    [("cpu", 64, 1), ("cuda", 2, 1), ("cuda", 16, 4), ("cuda", 200, MOST_ENCODERS)],
)
def test_encoders_at_once_is_one_on_a_cpu(device, processors, expected, monkeypatch):
    monkeypatch.setattr("dreamvid.render.work.encoding.cores", lambda: processors)
    preset = build(load_preset("quickstart", ["video.frames=2"]), CPU).preset
    assert encoders_at_once(encoding_of(preset), torch.device(device)) == expected


@pytest.mark.cuda
def test_pending_frames_of_a_gpu_arrive_whole():
    cuda, form, frames, expected = (
        torch.device("cuda"),
        CODECS["h264"].pixel_formats[8],
        PendingFrames(),
        [],
    )
    for shade in range(40):
        picture = torch.full((1, 3, 1080, 1920), shade / 40, device=cuda)
        frames.send(samples(picture, form))
        expected.append(to_planes(picture.cpu(), form))
        del picture
        _ = torch.rand(4096, 4096, device=cuda) @ torch.rand(4096, 4096, device=cuda)
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(frames, expected, strict=True))
