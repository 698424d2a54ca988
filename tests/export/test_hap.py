"""HAP for VJs' players, out of films of any size."""

import av
import pytest

from dreamvid.errors import PresetError
from dreamvid.export.export import export
from dreamvid.export.request import ExportRequest
from dreamvid.export.reverse.reverse import reverse_film
from dreamvid.media.clip import pictures_of
from dreamvid.preset.sites import find
from tests.export.reverse.test_reverse import NOISE, ffmpeg, packets


@pytest.fixture
def film(tmp_path):
    """A film with sound whose sides are no multiples of 4."""
    source = ("-f", "lavfi", "-i", "testsrc2=size=102x66:rate=24:duration=1")
    ffmpeg(*source, *NOISE, "-shortest", tmp_path / "film.mp4")
    return tmp_path / "film.mp4"


def test_hap_for_resolume_has_whole_blocks_and_sound(film, tmp_path):
    out = tmp_path / "film.mov"
    exported = export(pictures_of(film), out, target=find("resolume"))
    assert exported.changes == ("102x66 -> 100x64",)
    with av.open(str(out)) as made:
        stream = made.streams.video[0]
        assert (stream.width, stream.height, stream.frames) == (100, 64, 24)
        assert stream.codec_context.codec_tag == "HapY"
        assert made.streams.audio[0].codec_context.name == "aac"
    reversed_film = reverse_film(out, tmp_path / "reverse.mov")
    assert reversed_film.exact and packets(tmp_path / "reverse.mov") == packets(out)[::-1]


def test_hap_of_another_size_is_refused(film, tmp_path):
    with pytest.raises(PresetError, match=r"--size: hap takes .* not 90x62 \(such as 88x60\)"):
        export(
            pictures_of(film), tmp_path / "a.mov", request=ExportRequest(codec="hap", size=(90, 62))
        )


def test_hap_under_a_limit_keeps_whole_blocks(film, tmp_path):
    request = ExportRequest(codec="hap", limit=100_000, sound=False)
    assert export(pictures_of(film), tmp_path / "a.mov", request=request).bytes <= 100_000
