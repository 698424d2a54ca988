"""Which encoder a film gets. Hardware is stood in for: what is faked says so."""

from dataclasses import replace
from fractions import Fraction

import pytest

from dreamvid.errors import VideoError
from dreamvid.media.video import hardware
from dreamvid.media.video.codecs import CODECS
from dreamvid.media.video.hardware import choose_encoder, refusal
from dreamvid.media.video.writer import Encoding

FILM = Encoding(size=(64, 96), fps=Fraction(24))


@pytest.fixture
def probed(monkeypatch):
    """Makes the probe say what a test wants, and notes what it was asked."""
    asked = []

    def fake(working):
        def answer(encoding):
            asked.append(encoding)
            return None if encoding.encoder_name in working else "no such hardware"

        monkeypatch.setattr(hardware, "refusal", answer)
        return asked

    return fake


def test_encoder_software_probes_no_hardware(probed):
    asked = probed({"h264_nvenc"})
    choice = choose_encoder(FILM, "software")
    assert (choice.encoder, choice.message, asked) == ("software", "H.264 by libx264", [])
    assert choose_encoder(FILM, "libx264").encoder == "software"


def test_encoder_auto_takes_the_first_that_works(probed):
    asked = probed({"h264_qsv"})
    assert choose_encoder(FILM, "auto").encoder == "h264_qsv"
    assert [encoding.encoder_name for encoding in asked] == [
        "h264_nvenc",
        "h264_videotoolbox",
        "h264_qsv",
    ]
    assert {encoding.size for encoding in asked} == {FILM.size}


def test_encoder_auto_without_hardware_is_software(probed):
    probed(set())
    choice = choose_encoder(FILM, "auto")
    assert choice.encoder == "software"
    assert choice.message.endswith("no hardware encoder works here (h264_nvenc: no such hardware)")


@pytest.mark.parametrize("kept", ["software", "h264_qsv"])
def test_resume_keeps_the_encoder(kept, probed):
    probed({"h264_nvenc", "h264_qsv"})
    assert choose_encoder(FILM, "auto", kept).encoder == kept


def test_resume_without_its_encoder_raises(probed):
    probed({"h264_qsv"})
    with pytest.raises(VideoError, match=r"h264_nvenc does not work here: .*--fresh"):
        choose_encoder(FILM, "auto", "h264_nvenc")


def test_encoder_that_fails_is_one_line(probed):
    probed(set())
    with pytest.raises(VideoError, match=r'h264_nvenc does not work here: .*use "auto"') as caught:
        choose_encoder(FILM, "h264_nvenc")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", list(CODECS))
def test_encoder_probe_passes_a_real_encoder(name):
    """Software in the place of hardware: nothing is faked."""
    assert refusal(replace(FILM, codec=name)) is None


@pytest.mark.parametrize("name", ["h264_nvenc", "hevc_qsv", "av1_amf", "h264_none"])
def test_encoder_probe_refuses_missing_encoders_in_one_line(name):
    import av

    if name in av.codecs_available and refusal(replace(FILM, encoder=name)) is None:
        pytest.skip("this machine has it")
    reason = refusal(replace(FILM, codec=name.partition("_")[0], encoder=name))
    assert reason and "\n" not in reason


def test_encoder_probe_refuses_wrong_frames(monkeypatch):
    """The real encoder, given a wrong shade in the second segment."""
    greys = hardware._greys
    monkeypatch.setattr(hardware, "_greys", lambda encoding, shade: greys(encoding, 0.3))
    assert refusal(FILM) == "other pictures came out of it than went in"
