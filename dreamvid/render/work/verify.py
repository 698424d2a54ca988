"""Check the files that a checkpoint counts on against their digests: segments and lead-in frames.

A segment's digest is taken from the file once it is written, and saved in the next checkpoint: one
that a crash leaves without counts for nothing, as its frames are rendered again.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dreamvid.film.closing_loops import lead_frames
from dreamvid.media.video.codecs import Codec
from dreamvid.media.video.segments import chunk_files
from dreamvid.preset.schema import Preset
from dreamvid.render.work.checkpoint import Checkpoint
from dreamvid.render.work.encoding import chunk_length, encoding_of
from dreamvid.render.work.lead_frames import LeadFiles
from dreamvid.system.device import cores
from dreamvid.system.digests import file_digest


def damaged_file(work: Path, preset: Preset, checkpoint: Checkpoint) -> Path | None:
    """Find a file that the checkpoint of a resolved preset needs, and that is damaged or gone."""
    encoding = encoding_of(preset)
    done = checkpoint.frame.index + 1
    encoded = max(0, done - len(checkpoint.pending))
    chunks = range(-(-encoded // chunk_length(encoding)))
    overlap, _ = lead_frames(preset.loop, preset.video.rate)
    needed = range(max(-overlap, done - preset.video.count), min(0, done))
    return damaged_segment(work, checkpoint.segments, chunks, encoding.kind) or LeadFiles(
        work
    ).damaged(needed)


def damaged_segment(
    work: Path, digests: Mapping[str, str], chunks: Iterable[int], codec: Codec
) -> Path | None:
    """Find the first file of these chunks that is not the one that was written; None: all are.

    `digests` are by file name; a file without one counts as damaged.
    """
    files = [path for number in chunks for path in chunk_files(work, number, codec)]
    with ThreadPoolExecutor(cores()) as threads:
        found = zip(files, threads.map(_digest, files), strict=True)
        return next((path for path, digest in found if digest != digests.get(path.name, "")), None)


def _digest(path: Path) -> str | None:
    """Digest of a file; None if it cannot be read."""
    try:
        return file_digest(path)
    except OSError:
        return None
