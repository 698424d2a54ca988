"""Files that a film depends on, and their digests."""

import hashlib
from pathlib import Path

from dreamvid.media.images.sequence import find_frames
from dreamvid.models.directions.library import find
from dreamvid.models.weights import store
from dreamvid.motion.flow.estimate import NETWORKS
from dreamvid.preset.schema import Preset
from dreamvid.system.files import sha256


def inputs(preset: Preset) -> dict[str, Path]:
    """List the user's files that a film depends on, by the option that names them."""
    files = {
        "start.path": preset.start.path,
        **preset.colour.pictures,
        "sound.path": preset.sound.path,
    }
    masks = {"dream.mask": preset.dream.mask}
    for n, guide in enumerate(preset.dream.guide):
        files[f"dream.guide[{n}]"] = guide.path
        masks[f"dream.guide[{n}].mask"] = guide.mask
    for option, direction in preset.dream.directions.items():
        files[option] = direction.name if isinstance(direction.name, Path) else None
        masks[f"{option}.mask"] = direction.mask
    files |= {f"{option}.path": mask.path for option, mask in masks.items() if mask}
    return {option: path for option, path in files.items() if path}


def files_of(preset: Preset) -> dict[str, Path]:
    """List the inputs, and the files of directions that are given by name, by option."""
    files = inputs(preset)
    for option, direction in preset.dream.directions.items():
        files[option] = find(direction.name, preset.model, option=option)
    return files


def digests(preset: Preset) -> dict[str, str]:
    """Compute the SHA-256 of each file that pixels depend on; the model must be installed."""
    installed = store.find(preset.model)
    assert installed is not None
    sums = {f"{option} sha256": digest(path) for option, path in files_of(preset).items()}
    # The model's file was checked against its digest when it was loaded.
    sums |= {"model.file sha256": installed.digest.removeprefix("sha256:")}
    flow = store.find(NETWORKS[preset.flow.method]) if preset.flow.method in NETWORKS else None
    return sums | ({"flow.method file sha256": flow.digest} if flow else {})


def digest(path: Path) -> str:
    """Compute the SHA-256 of a file, or of the digests of a sequence's images, in order."""
    files = find_frames(path)
    if files is None:
        return sha256(path)
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()
