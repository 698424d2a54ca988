"""Whole renders in other codecs: stopped, killed and gone on with, packet for packet."""

import os
import signal
import subprocess
import sys

import av
import cv2
import numpy as np
import pytest
import torch
from PIL import Image as PilImage

from dreamvid.errors import OutputError, PresetError, ResumeError
from dreamvid.media.video.codecs import CODECS
from dreamvid.preset.colour import Like
from dreamvid.render.outputs import FILES
from dreamvid.render.render import render_film
from tests.support.small_film import SMALL, packets

CPU = torch.device("cpu")


@pytest.fixture
def small(small_preset):
    return lambda *settings: small_preset("outputs.frames=png", *settings)


def check_same(out, whole, codec):
    suffix = CODECS[codec].suffix
    for name in (f"forward{suffix}", f"reverse{suffix}"):
        assert packets(out / name) == packets(whole / name)
    for n in range(10):
        name = f"frames/{n:06d}.png"
        assert (out / name).read_bytes() == (whole / name).read_bytes()


def decoded(path):
    with av.open(str(path)) as film:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)])


@pytest.mark.slow
@pytest.mark.parametrize("codec", list(CODECS))
def test_resume_of_any_codec_gives_the_same_films(small, codec, tmp_path):
    preset, count = small(f"video.codec={codec}"), []
    whole = render_film(preset, tmp_path / "whole", device=CPU)
    render_film(
        preset, tmp_path / "out", device=CPU, stop=lambda: count.append(1) or len(count) == 6
    )
    render_film(preset, tmp_path / "out", device=CPU)
    check_same(tmp_path / "out", tmp_path / "whole", codec)
    suffix = CODECS[codec].suffix
    names = [f"forward{suffix}", f"reverse{suffix}", "loop.gif", "poster.png", "run.json"]
    assert [path.name for path in whole.files] == names
    forward, reverse = (decoded(tmp_path / "whole" / name) for name in names[:2])
    apart = np.abs(forward.astype(int) - reverse[::-1].astype(int)).mean()
    assert apart == 0 if CODECS[codec].intra else apart < 4
    with PilImage.open(tmp_path / "whole" / "loop.gif") as loop:
        assert getattr(loop, "n_frames") == 8  # noqa: B009


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["hevc", "av1", "ffv1", "hap-q"])
def test_resume_after_a_kill_of_any_codec(small, codec, tmp_path):
    preset = small(f"video.codec={codec}")
    render_film(preset, tmp_path / "whole", device=CPU)
    code = (
        "import sys, torch; from pathlib import Path; from dreamvid.preset.load import load_preset;"
        "from dreamvid.render.render import render_film;"
        "render_film(load_preset('quickstart', sys.argv[2:]), Path(sys.argv[1]),"
        " device=torch.device('cpu'), on_frame=lambda p: print(p.frame.index, flush=True))"
    )
    out = tmp_path / "killed"
    settings = [*SMALL, "outputs.frames=png", f"video.codec={codec}"]
    command = [sys.executable, "-c", code, str(out), *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(7):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    render_film(preset, out, device=CPU)
    check_same(out, tmp_path / "whole", codec)


def test_image_sequence_has_sixteen_bits(small, tmp_path):
    images = []
    render_film(small(), tmp_path, device=CPU, on_frame=lambda p: images.append(p.frame.image))
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == [f"{n:06d}.png" for n in range(10)]
    for name, image in zip(names, images, strict=True):
        kept = cv2.imread(str(tmp_path / "frames" / name), cv2.IMREAD_UNCHANGED)
        assert kept is not None
        kept = kept[..., ::-1]
        assert kept.dtype == np.uint16
        meant = image[0].clamp(0, 1).permute(1, 2, 0).double().numpy() * 65535
        assert np.abs(kept - meant).max() <= 0.5


def test_image_sequence_with_a_missing_frame_is_refused(small, tmp_path):
    render_film(small(), tmp_path, device=CPU)
    (tmp_path / "frames" / "000003.png").unlink()
    with pytest.raises(ResumeError, match=r"000003\.png: is gone; --fresh"):
        render_film(small(), tmp_path, device=CPU)


def test_image_sequence_of_a_longer_film_is_refused(small, tmp_path):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "000010.png").touch()
    with pytest.raises(OutputError, match=r"000010\.png: is of a longer film; remove"):
        render_film(small(), tmp_path, device=CPU)


def test_encoder_auto_is_kept_on_resume(small, tmp_path):
    words = []
    render_film(small("video.encoder=auto"), tmp_path, device=CPU, on_message=words.append)
    assert words and words[0].startswith("H.264 by ")
    frames = []
    render_film(small("video.encoder=auto"), tmp_path, device=CPU, on_frame=frames.append)
    assert frames == []


def test_inputs_are_never_overwritten(small, tmp_path):
    assert {
        f"{film}{codec.suffix}" for film in ("forward", "reverse") for codec in CODECS.values()
    } < {*FILES}
    for name in ("forward.mkv", "reverse.webm", "frames"):
        preset = small()
        (tmp_path / name).touch()
        colour = preset.colour.model_copy(update={"like": (Like(of=tmp_path / name),)})
        with pytest.raises(PresetError, match="would be overwritten"):
            render_film(preset.model_copy(update={"colour": colour}), tmp_path, device=CPU)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["video.codec=prores", "video.depth=8"], "prores has 10 bits, not 8"),
        (["video.codec=vp9", "video.depth=10"], "vp9 has 8 bits, not 10"),
        (["video.codec=ffv1", "video.crf=20"], "ffv1 has one quality"),
        (["video.codec=ffv1", "video.dither=ordered"], "is lost in 16 bits"),
        (["video.codec=prores", "video.encoder=h264_nvenc"], "none of software, auto, prores_ks"),
        (["video.codec=mpeg2"], "video.codec"),
    ],
)
def test_codec_options_without_effect_are_refused(small, settings, said):
    with pytest.raises(PresetError, match=said) as caught:
        small(*settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "setting", ["codec=av1", "depth=10", "dither=ordered", "encoder=auto", "crf=20"]
)
def test_key_has_the_encoder_settings(small, setting):
    assert small().render_key != small(f"video.{setting}").render_key
    assert small().render_key == small("video.depth=8").render_key
    assert small().render_key != small("outputs.frames=none").render_key
