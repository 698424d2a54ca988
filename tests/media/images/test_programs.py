"""A picture is never a program: one door for pictures, and no reading of one starts anything."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

import dreamvid
from dreamvid.media.images.plugins import register_plugins

PACKAGE = Path(dreamvid.__file__).parent

# Calls that open a picture or a film, in the libraries that are here or near.
OPENERS = {
    "PIL.Image": ("open",),
    "PIL.ImageFile": ("Parser", "ImageFile"),
    "PIL.ImageGrab": ("grab",),
    "PIL.EpsImagePlugin": ("Ghostscript", "EpsImageFile"),
    "imageio": ("imread", "mimread", "get_reader", "imopen", "imiter", "v2", "v3"),
    "imageio.v2": ("imread", "mimread", "get_reader"),
    "imageio.v3": ("imread", "imiter", "imopen", "improps", "immeta"),
    "cv2": ("imread", "imreadmulti", "imdecode", "imdecodemulti", "VideoCapture"),
    "torchvision.io": ("read_image", "decode_image", "decode_jpeg", "decode_png", "read_video"),
    "torchvision.datasets": ("ImageFolder", "folder"),
    "kornia.io": ("load_image",),
    "tifffile": ("imread", "TiffFile", "memmap"),
    "pillow_heif": ("open_heif", "read_heif", "HeifFile", "from_pillow"),
    "pillow_jxl": ("Decoder",),
    "av": ("open",),
    "OpenEXR": ("InputFile",),
    "matplotlib.pyplot": ("imread",),
    "skimage.io": ("imread",),
    "imageio_ffmpeg": ("read_frames",),
}

# The door, and what lies behind it: files that the door has identified, and films.
ALLOWED = {
    ("media/images/reading.py", "PIL.Image.open"),
    ("media/images/high_depth.py", "cv2.imdecode"),
    ("media/images/high_depth.py", "tifffile.TiffFile"),
    ("media/images/high_depth.py", "pillow_heif.open_heif"),
    ("media/footage/reader.py", "av.open"),
}
WRITERS = {
    "media/video/writer.py",
    "media/animated/gif.py",
    "media/animated/webp_avif_apng.py",
    "export/reverse/packets.py",
}
"""Modules whose av.open is for writing, as a test of their second argument shows."""


def names_in(tree: ast.Module) -> dict[str, str]:
    """Qualified name of each imported name, wherever in the module it is imported."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.split(".")[0]
                names[alias.asname or whole] = whole
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def openings(source: str) -> list[tuple[str, ast.AST]]:
    """The openers that a module names at all, called or passed on, with their nodes."""
    tree = ast.parse(source)
    names, found = names_in(tree), []
    known = {f"{module}.{call}" for module, calls in OPENERS.items() for call in calls}
    calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            root, _, rest = ast.unparse(node).partition(".")
            whole = ".".join(filter(None, (names.get(root, ""), rest)))
            if whole in known:
                found.append((whole, calls.get(id(node), node)))
    return found


@pytest.mark.parametrize(
    "source,opener",
    [
        ("from PIL import Image\nImage.open(x)", "PIL.Image.open"),
        ("import PIL.Image as P\nP.open(x)", "PIL.Image.open"),
        ("import PIL.Image\nPIL.Image.open(x)", "PIL.Image.open"),
        ("from PIL.Image import open as look\nlook(x)", "PIL.Image.open"),
        (
            "def f():\n    from imageio.v3 import imread\n    return map(imread, x)",
            "imageio.v3.imread",
        ),
        ("import cv2\ncv2.imread(x)", "cv2.imread"),
        ("from torchvision import io\nio.read_image(x)", "torchvision.io.read_image"),
        ("from PIL import ImageFile\nImageFile.Parser()", "PIL.ImageFile.Parser"),
    ],
)
def test_programs_every_spelling_of_an_opener_is_seen(source, opener):
    assert [name for name, _ in openings(source)] == [opener]


def test_programs_one_module_opens_pictures():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        module = path.relative_to(PACKAGE).as_posix()
        for opener, node in openings(path.read_text("utf-8")):
            if opener == "av.open" and module in WRITERS:
                assert isinstance(node, ast.Call) and ast.literal_eval(node.args[1]) == "w", module
            else:
                found.add((module, opener))
    assert found == ALLOWED


# Run in a process of its own: an audit hook cannot be taken away again.
WATCHED = """
import sys
STARTING = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork",
            "os.forkpty", "os.startfile", "pty.spawn", "socket.connect", "urllib.Request")
started = []

def watch(event, arguments):
    if event in STARTING:
        started.append((event, str(arguments)[:200]))

from dreamvid.cli import main
from dreamvid.media.images.reading import check_image, load
from dreamvid.media.images.pixels import read_pixels
from dreamvid.media.footage.footage import probe_footage
from dreamvid.errors import DreamvidError
from pathlib import Path
import contextlib, io, os
load  # all libraries are there before they are watched
sys.addaudithook(watch)
folder = Path(sys.argv[1])
kinds = {}
for path in sorted(folder.iterdir()):
    for read in (lambda p: load(p, option="IMAGE"), lambda p: check_image(p, option="IMAGE"),
                 lambda p: read_pixels(p, option="frame"), probe_footage):
        try:
            read(path)
            kinds.setdefault(path.name, "read")
        except DreamvidError as error:
            assert "\\n" not in str(error)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        main(["describe", str(path)])
    assert "Traceback" not in shown.getvalue()
for command in (["dream", str(folder / "eps.png"), "--out", "x.png"],
                ["estimate", "quickstart", "--set", f"start.path={folder / 'eps.jpg'}"],
                ["render", "quickstart", "--set", f"start.path={folder / 'eps.tif'}"],
                ["render", "footage-soft", "--set", f"start.path={folder / 'eps.webp'}"],
                ["render", "footage-soft", "--set", f"start.path={folder / '*.png'}",
                 "--set", "dream.mask=" + str(folder / "eps.bmp")]):
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        code = main(command)
    assert code in (2, 4), (command, code, shown.getvalue())
assert started == [], started
print(sorted(kinds))
__import__("subprocess").run([sys.executable, "-c", ""])
assert started  # the watch sees what it should
"""

EPS = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"
    b"(/tmp/dreamvid-was-here) (w) file closefile { } loop showpage\n%%EOF\n"
)
PROGRAMS = {
    "eps": EPS,
    "ps": b"%!PS-Adobe-3.0\n{ } loop\n",
    "dos": b"\xc5\xd0\xd3\xc6" + (32).to_bytes(4, "little") + len(EPS).to_bytes(4, "little")
    + bytes(20) + EPS,
    "pdf": b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/OpenAction<</S/JavaScript/JS(1)>>>>\nendobj\n%%EOF",
    "wmf": b"\xd7\xcd\xc6\x9a" + bytes(18) + b"\1\0\x09\0\0\3" + bytes(12),
    "emf": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(60),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "fli": bytes(4) + b"\x11\xaf" + bytes(122),
    "mvg": b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x.png'\n",
    "sh": b"#!/bin/sh\ntouch /tmp/dreamvid-was-here\n",
}  # fmt: skip
SUFFIXES = (
    *(
        "png",
        "jpg",
        "jpeg",
        "webp",
        "tif",
        "tiff",
        "gif",
        "bmp",
        "avif",
        "heic",
        "jxl",
        "jp2",
        "psd",
    ),
    *("dds", "ico", "eps", "ps", "ai", "wmf", "emf", "pdf", "svg", "fli", "flc", "ppm", "tga"),
)
PICTURES = ("png", "jpg", "webp", "tif", "gif", "bmp", "avif", "heic", "jxl", "jp2", "ppm", "tga",
            "ico", "dds", "pcx", "sgi")  # fmt: skip


@pytest.mark.slow
def test_programs_are_refused_and_nothing_is_started(tmp_path):
    register_plugins()
    folder = tmp_path / "in"
    folder.mkdir()
    for suffix in SUFFIXES:
        (folder / f"eps.{suffix}").write_bytes(EPS)
    for kind, data in PROGRAMS.items():
        for suffix in ("png", kind):
            (folder / f"program-{kind}.{suffix}").write_bytes(data)
    pixels = np.full((16, 16, 3), 90, np.uint8)
    for suffix in PICTURES:
        PilImage.fromarray(pixels).save(folder / f"picture.{suffix}")
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder)],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == str(sorted(f"picture.{suffix}" for suffix in PICTURES))
    assert not Path("/tmp/dreamvid-was-here").exists()
