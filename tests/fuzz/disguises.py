"""Programs under the names of pictures and films; harmed animations."""

import io
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image as PilImage

from dreamvid.errors import DreamvidError
from dreamvid.media.clip import pictures_of
from dreamvid.media.images.reading import check_image, load
from dreamvid.training.data.photos import inspect_photos
from tests.fuzz.containers import read_film
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.media import waves
from tests.fuzz.mutate import mutated_bytes
from tests.fuzz.trees import BOXES, CHUNKS, harmed, harmed_spans

SUFFIXES = (".png", ".jpg", ".eps", ".ps", ".tif", ".webp", ".gif", ".heic", ".mp4", ".mkv", "")

ENDLESS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 48 32\n%%EndComments\n{} loop\n"
WRITING = ENDLESS.replace(b"{} loop", b"(/tmp/harm) (w) file closefile showpage")
PDF = b"%PDF-1.4\n1 0 obj<</OpenAction<</S/Launch/F(/bin/true)>>>>endobj\ntrailer<</Root 1 0 R>>"
SVG = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
LAUGHS = (
    b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "' + b"&a;" * 999 + b'">]><svg>&b;</svg>'
)
METAFILE = b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\x30\0\x20\0\x60\0\0\0\0\0" + bytes(40)
ENHANCED = b"\1\0\0\0\x6c\0\0\0" + bytes(32) + b" EMF" + bytes(60)
MAGICK = (
    b"push graphic-context\nviewbox 0 0 48 32\nimage over 0,0 0,0 '|/bin/true'\npop graphic-context"
)
PROGRAMS = (ENDLESS, WRITING, PDF, SVG, LAUGHS, METAFILE, ENHANCED, MAGICK)
PROGRAMS += (b"#!/bin/sh\ntrue\n", b"\x7fELF" + bytes(60), b"MZ" + bytes(60), b"<?php true(); ?>")
PROGRAMS += (b"\xc5\xd0\xd3\xc6\x1e\0\0\0\x50\0\0\0" + bytes(18) + ENDLESS,)  # EPS for DOS
PROGRAMS += (b"ffconcat version 1.0\nfile /etc/passwd\n", b"cosmos(/etc/passwd)\n")
PROGRAMS += (
    b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    b"v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
)


def programs(folder: Path) -> Make:
    """Whole, harmed, and behind the beginning of a picture."""
    kept = io.BytesIO()
    PilImage.fromarray(waves()).save(kept, "png")

    def make(rng: Random) -> Case:
        path = folder / f"program{rng.choice(SUFFIXES)}"
        data = rng.choice(PROGRAMS)
        if rng.random() < 0.4:
            data = mutated_bytes(rng, data)
        if rng.random() < 0.1:
            data = kept.getvalue()[: rng.randrange(60)] + data
        path.write_bytes(data)

        def case() -> None:
            for read in (check_image, load):
                with suppress(DreamvidError):
                    read(path, option="start.path")
            next(inspect_photos([path]))
            read_film(path)

        return case

    return make


def _animations(folder: Path) -> dict[str, bytes]:
    frames = [PilImage.fromarray(np.roll(waves(), n, 1)) for n in range(5)]
    more = {"save_all": True, "append_images": frames[1:], "duration": [40, 80, 40, 120, 40]}
    for name in ("a.gif", "a.webp", "a.png", "a.avif"):
        frames[0].save(folder / name, **more)
    frames[0].save(folder / "a.tif", save_all=True, append_images=frames[1:])
    frames[0].save(folder / "a.mpo", "MPO", save_all=True, append_images=frames[1:])
    return {path.name: path.read_bytes() for path in sorted(folder.glob("a.*"))}


TREES = {"webp": CHUNKS, "avif": BOXES}


def animations(folder: Path) -> Make:
    """As footage and as stills."""
    sound = _animations(folder)

    def make(rng: Random) -> Case:
        name = rng.choice(list(sound))
        kind = name.partition(".")[2]
        path, how = folder / f"harmed.{kind}", rng.random()
        if kind in TREES and how < 0.5:
            path.write_bytes(harmed(rng, TREES[kind], sound[name]))
        else:
            path.write_bytes((harmed_spans if how > 0.9 else mutated_bytes)(rng, sound[name]))

        def case() -> None:
            with suppress(DreamvidError):
                load(path, option="start.path")
            read_film(path)

        return case

    return make


def folders(folder: Path) -> Make:
    """A film in pictures, of which some are harmed, gone, of another size or no pictures."""
    shots = folder / "shots"
    shots.mkdir(exist_ok=True)
    kept = io.BytesIO()
    PilImage.fromarray(waves()).save(kept, "png")

    def make(rng: Random) -> Case:
        for path in shots.iterdir():
            path.unlink()
        for number in range(rng.choice((1, 3, 6))):
            path, data = shots / f"shot {number}.png", kept.getvalue()
            if rng.random() < 0.4:
                data = rng.choice((b"", mutated_bytes(rng, data), rng.choice(PROGRAMS)))
            if rng.random() < 0.9:
                path.write_bytes(data)
        named = rng.choice(
            (shots, shots / "shot %d.png", shots / "*.png", shots / "shot %0999d.png")
        )

        def case() -> None:
            opened = pictures_of(named)
            with closing(opened.read()) as pictures:
                assert len(list(islice(pictures, 99))) == opened.count

        return case

    return make


FAMILIES = {
    "programs": Family(200, programs),
    "animations": Family(300, animations),
    "folders": Family(100, folders),
}
