"""Files that are dropped on the page: kept under a name of ours, or refused in one line."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.studio.server import uploads
from tests.support.studio import studio


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


def picture(seed: int = 0, kind: str = "PNG") -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (36, 64, 3), dtype=np.uint8)
    file = io.BytesIO()
    PilImage.fromarray(noise).save(file, kind)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of a kilobyte that declares 2.5 thousand million pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(1000))), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def send(here, body, kind="guide", name="cat.png"):
    return here.client.post("/api/uploads", params={"kind": kind, "name": name}, content=body)


def kept(here) -> list[str]:
    folder = here.folder / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_picture_is_kept_byte_for_byte_under_its_digest(here):
    reply = send(here, picture(1), name="../../My Cat!.PNG")
    assert reply.status_code == 200
    path = Path(reply.json()["path"])
    assert path.parent == here.folder / "uploads"
    assert path.name.endswith("-My-Cat.png")
    assert path.read_bytes() == picture(1)


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n100 100 moveto showpage\n"
REFUSED = {
    "a picture bomb": (bomb(), "cat.png", "guide"),
    "PostScript": (EPS, "cat.png", "guide"),
    "PostScript by its name": (EPS, "cat.eps", "start"),
    "garbage": (b"\x00garbage" * 1000, "cat.png", "mask"),
    "a picture that is cut off": (picture(2)[:2000], "cat.png", "start"),
    "an empty file": (b"", "cat.png", "start"),
    "a page": (b"<script>alert(1)</script>", "cat.html", "guide"),
    "a playlist": (b"#EXTM3U\n/etc/passwd\n", "cat.mp4", "start"),
    "a picture as a film": (picture(3), "cat.mp4", "start"),
    "a picture as a sound": (picture(4), "cat.wav", "sound"),
    "a picture without a record": (picture(5), "cat.png", "film"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_and_removed(case, here):
    body, name, kind = REFUSED[case]
    before = kept(here)
    reply = send(here, body, kind, name)
    assert reply.status_code == 400
    message = reply.json()["message"]
    assert "cat" in message and "\n" not in message and str(here.folder) not in message
    assert kept(here) == before


def test_a_refused_file_that_is_in_use_stays(here):
    path = Path(send(here, picture(6)).json()["path"])
    assert send(here, picture(6), "sound").status_code == 400
    assert path.read_bytes() == picture(6)


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_is_bounded_while_it_comes_in(announced, here, monkeypatch):
    monkeypatch.setattr(uploads, "PICTURE", 10_000)
    before, sent = kept(here), []

    def parts():
        for _ in range(1000):
            sent.append(1)
            yield bytes(1000)

    reply = send(here, bytes(10_001) if announced else parts())
    assert reply.status_code == 413
    assert reply.json()["message"] == "cat.png: too large: at most 0 MB"
    assert kept(here) == before


def test_all_uploads_together_are_bounded(here, monkeypatch):
    send(here, picture(7))
    monkeypatch.setattr(uploads, "TOTAL", len(picture(7)) + 100)
    before = kept(here)
    reply = send(here, picture(8))
    assert reply.status_code == 413 and "full" in reply.json()["message"]
    assert kept(here) == before


@pytest.mark.parametrize(
    ("name", "clean"),
    {
        "../../etc/passwd": "passwd",
        "C:\\Users\\me\\cat.PNG": "cat.png",
        "a b\0c\n.png": "a-b-c.png",
        "façade été.jpg": "façade-été.jpg",
        ".hidden": "hidden",
        "....": "file",
        "x" * 300 + ".png": "x" * 60 + ".png",
        "cat.p n/g": "g",
        "<script>.png": "script.png",
    }.items(),
)
def test_names_are_ours(name, clean):
    assert uploads.clean_name(name) == clean


@pytest.mark.parametrize(
    "query", ["", "kind=guide", "kind=weights&name=x", "name=x", f"kind=guide&name={'x' * 1001}"]
)
def test_an_upload_says_what_it_is(query, here):
    reply = here.client.post(f"/api/uploads?{query}", content=picture())
    assert reply.status_code == 400 and list(reply.json()) == ["message"]
