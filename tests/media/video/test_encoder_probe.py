import av.logging
import pytest

from dreamvid.media.video.encoder_probe import probe_encoder


@pytest.mark.parametrize("name", ["libx264", "libvpx-vp9", "gif", "libsvtav1", "libx265"])
def test_probe_of_software_encoders_works_quietly(name, capfd):
    assert probe_encoder(name) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name,reason", [("no_such", "not have it"), ("aac", "audio")])
def test_probe_names_why_an_encoder_fails(name, reason):
    assert reason in (probe_encoder(name) or "")


def test_probe_without_hardware_gives_libavs_reason():
    # It needs the video driver of a small board such as a Raspberry Pi.
    reason = probe_encoder("h264_v4l2m2m")
    assert reason and "\n" not in reason and "avcodec_open2" not in reason


def test_probe_restores_libavs_logging():
    before = av.logging.get_level()
    probe_encoder("h264_nvenc")
    assert av.logging.get_level() == before
