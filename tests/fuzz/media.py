"""Harmed pictures, films and sounds, made tiny."""

import struct
import wave
import zlib
from contextlib import closing, suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
import OpenEXR
import pillow_heif
import tifffile
from PIL import Image as PilImage
from PIL import ImageCms

from dreamvid.errors import DreamvidError
from dreamvid.media.audio.decode import read_blocks
from dreamvid.media.audio.source import probe_sound
from dreamvid.media.clip import pictures_of
from dreamvid.media.footage.frame_times import read_frame_times
from dreamvid.media.footage.reader import count_frames, probe, read_frames
from dreamvid.media.images.plugins import register_plugins
from dreamvid.media.images.reading import load
from dreamvid.training.data.photos import inspect_photos, thumbnail
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.mutate import LARGE, mutated_bytes

CODECS = {"mp4": "libx264", "mov": "mpeg4", "mkv": "ffv1", "webm": "libvpx", "avi": "mjpeg"}
CODECS |= {"gif": "gif", "apng": "apng"}
PIXELS = {"mjpeg": "yuvj420p", "gif": "rgb8", "apng": "rgb24"}
SOUNDS = ("wav", "flac", "mp3", "ogg", "m4a")


def waves(height: int = 32, width: int = 48) -> np.ndarray:
    """(h, w, 3) uint8, neither flat nor noise."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y * 5, x * 4, (x + y) * 3], -1).astype(np.uint8)


def film(path: Path, frames: int = 6) -> None:
    codec = CODECS[path.suffix[1:]]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=12)
        stream.height, stream.width = 32, 48
        stream.pix_fmt = PIXELS.get(codec, "yuv420p")
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(np.roll(waves(), n, 1), "rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def still(path: Path) -> None:
    PilImage.fromarray(waves()).save(path)


def sound(path: Path) -> None:
    tone = (8000 * np.sin(np.arange(4800) / 9)).astype(np.int16)
    if path.suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(tone.tobytes())
        return
    codec = {"flac": "flac", "mp3": "libmp3lame", "ogg": "libopus", "m4a": "aac"}[path.suffix[1:]]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
        frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
        resampler = av.AudioResampler(stream.format, "mono", 48000, stream.frame_size or None)
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def _pictures(folder: Path) -> dict[str, bytes]:
    """By name: every kind that is read in a way of its own."""
    eight = PilImage.fromarray(waves())
    deep = waves().astype(np.uint16) * 257
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with_profile = profile.replace(b"sRGB", b"mine")
    exif = PilImage.Exif()
    exif[274] = 6
    register_plugins()
    for name in (
        "a.heic",
        "a.jxl",
        "a.jpg",
        "a.png",
        "a.webp",
        "a.gif",
        "a.bmp",
        "a.tif",
        "a.avif",
        "a.jp2",
    ):
        eight.save(folder / name)
    eight.save(folder / "turned.jpg", exif=exif, icc_profile=with_profile)
    eight.convert("P").save(folder / "palette.png", transparency=3)
    eight.convert("RGBA").save(folder / "profile.png", icc_profile=with_profile)
    eight.convert("L").save(folder / "a.pgm")
    eight.convert("RGBA").save(folder / "boxed.jxl", use_container=True, exif=exif.tobytes())
    deep_heic = pillow_heif.from_bytes("RGB;16", (48, 32), deep.tobytes())
    deep_heic.save(folder / "deep.heic", quality=90)
    eight.save(folder / "packed.tif", compression="tiff_lzw")
    eight.save(folder / "a.ico")
    tifffile.imwrite(folder / "deep.tif", deep, photometric="rgb", iccprofile=with_profile)
    tifffile.imwrite(folder / "floats.tif", waves() / np.float32(255), photometric="rgb")
    tifffile.imwrite(folder / "tiled.tif", deep, photometric="rgb", tile=(16, 16))
    tifffile.imwrite(folder / "big.tif", deep, photometric="rgb", bigtiff=True)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in deep)
    head = struct.pack(">IIBBBBB", 48, 32, 16, 2, 0, 0, 0)
    pieces = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = b"".join(_chunk(*piece) for piece in pieces)
    (folder / "deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    channels = {"RGB": waves().astype(np.float32)}
    with OpenEXR.File({"type": OpenEXR.scanlineimage}, channels) as file:
        file.write(str(folder / "a.exr"))
    made = sorted(path for path in folder.iterdir() if path.is_file())
    return {path.name: path.read_bytes() for path in made}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _harmed_png(rng: Random, data: bytes) -> bytes:
    """A chunk's content, with a sound checksum: else nobody looks at it."""
    at, pieces = 8, []
    while at + 8 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        pieces.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += length + 12
    chosen = rng.randrange(len(pieces))
    kind, content = pieces[chosen]
    if kind == b"IHDR" and rng.random() < 0.5:
        sides = (rng.choice(LARGE) % 2**32, rng.choice((*LARGE, 32)) % 2**32)
        content = struct.pack(">II", *sides) + content[8:]
    else:
        content = mutated_bytes(rng, content)
    pieces[chosen] = kind, content
    return data[:8] + b"".join(_chunk(*piece) for piece in pieces)


def pictures(folder: Path) -> Make:
    sound = _pictures(folder)

    def make(rng: Random) -> Case:
        name = rng.choice(list(sound))
        path, data = folder / f"harmed-{name}", sound[name]
        if name.endswith("png") and rng.random() < 0.6:
            path.write_bytes(_harmed_png(rng, data))
        else:
            path.write_bytes(mutated_bytes(rng, data))

        def case() -> None:
            if not next(inspect_photos([path])).reason:
                thumbnail(path, (8, 8))
            load(path, option="start.path")

        return case

    return make


def films(folder: Path) -> Make:
    sound = {}
    for kind in CODECS:
        film(folder / f"sound.{kind}")
        sound[kind] = (folder / f"sound.{kind}").read_bytes()
    for kind in ("webp", "avif"):
        first, *others = (PilImage.fromarray(np.roll(waves(), n, 1)) for n in range(6))
        first.save(folder / f"sound.{kind}", save_all=True, append_images=others, duration=80)
        sound[kind] = (folder / f"sound.{kind}").read_bytes()
    list_of_others = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n/etc/passwd\n#EXT-X-ENDLIST\n"

    def make(rng: Random) -> Case:
        kind = rng.choice(list(sound))
        path = folder / f"harmed.{kind}"
        data = sound[kind] if rng.random() < 0.95 else list_of_others
        path.write_bytes(mutated_bytes(rng, data))

        def case() -> None:
            read_frame_times.__globals__["_read_once"].cache_clear()
            with suppress(DreamvidError):
                probe(path)
                count_frames(path)
                _some(read_frames(path, size=(16, 16)))
            with suppress(DreamvidError):
                read_frame_times(path)
            opened = pictures_of(path)
            _some(opened.read())
            if opened.sound:
                _some(opened.sound())

        return case

    return make


def sounds(folder: Path) -> Make:
    sound_of = {}
    for kind in SOUNDS:
        sound(folder / f"sound.{kind}")
        sound_of[kind] = (folder / f"sound.{kind}").read_bytes()

    def make(rng: Random) -> Case:
        kind = rng.choice(SOUNDS)
        path = folder / f"harmed.{kind}"
        path.write_bytes(mutated_bytes(rng, sound_of[kind]))

        def case() -> None:
            with suppress(DreamvidError):
                probe_sound(path)
            _some(read_blocks(path), 200)

        return case

    return make


def _some(blocks, count: int = 30) -> None:
    """A stranger's film may say that it lasts for years; nobody takes all of it."""
    with closing(blocks):
        for _ in islice(blocks, count):
            pass


FAMILIES = {
    "pictures": Family(500, pictures),
    "films": Family(60, films),
    "sounds": Family(40, sounds),
}
