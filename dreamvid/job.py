"""The parts of a render, built once from a preset: model, scores, camera, start."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from dreamvid.dream.objectives import OBJECTIVES, Objective, only
from dreamvid.dream.octaves import octave_sizes
from dreamvid.dream.score import Score, make_score
from dreamvid.dream.step import dream
from dreamvid.engine import Frame, Step, frame_rng
from dreamvid.errors import ModelError, PresetError
from dreamvid.files import sha256
from dreamvid.image import Image, load, resize
from dreamvid.models import store
from dreamvid.models.features import FeatureModel
from dreamvid.motion.camera import make_camera
from dreamvid.options import DreamOptions, LayerWeight, Preset
from dreamvid.start import make_start

GUIDE_SIDE = 1024  # pixels; a longer guide is shrunk, its features cost memory


@dataclass(frozen=True)
class Job:
    """Everything `engine.render_frames` needs, and what it was made of."""

    preset: Preset  # resolved: size, layers and length are spelled out
    start: Frame
    step: Step
    files: dict[str, str]  # SHA-256 of each file that the pixels depend on

    @property
    def key(self) -> dict[str, Any]:
        """All that the frames depend on: a render is only resumed with the same."""
        key = self.preset.render_key | self.files | {"dreamvid": version("dreamvid")}
        # A file's digest stands for it: it may lie elsewhere when the render is resumed.
        return {name: value for name, value in key.items() if f"{name} sha256" not in self.files}


def build(preset: Preset, device: torch.device) -> Job:
    """Raises PresetError or ModelError for what can be known to be wrong before any work."""
    features = store.load(preset.model, device)
    start = make_start(preset.start, frame_rng(preset.seed, -1)).to(device)
    height, width = start.shape[-2:]
    preset = _resolved(preset, features, (width, height))
    octave_sizes(height, width, octaves=preset.dream.octaves, scale=preset.dream.octave_scale)
    score_at = make_scores(preset.dream, features, device)
    camera = make_camera(
        preset.motion,
        seconds=float(1 / preset.video.fps),
        height=height,
        width=width,
        device=device,
    )

    def step(frame: Frame, rng: torch.Generator) -> Image:
        moved = camera(frame.image) if frame.index >= 0 else frame.image
        seconds = float((frame.index + 1) / preset.video.fps)
        return dream(moved, score_at(seconds), preset.dream, rng=rng)

    return Job(preset, Frame(-1, start), step, _digests(preset))


def still(image: Image, preset: Preset, device: torch.device) -> Image:
    """One picture dreamed on, of any size, as the first frame of a film would be."""
    features = store.load(preset.model, device)
    score_at = make_scores(_with_layers(preset.dream, features), features, device)
    return dream(image.to(device), score_at(0.0), preset.dream, rng=frame_rng(preset.seed, 0))


def make_scores(
    options: DreamOptions, features: FeatureModel, device: torch.device
) -> Callable[[float], Score]:
    """The score to dream by at a time in seconds; only a tour's changes."""
    features.check([layer.name for layer in options.layers])
    _check_channels(options.layers, features, device)
    target = _guide_features(options, features, device)
    make = OBJECTIVES[options.objective]

    def objective_of(layer: LayerWeight) -> Objective:
        seen = target.get(layer.name)
        if not layer.channels:
            return make() if seen is None else make(seen)
        channels = list(layer.channels)
        return only(channels, make() if seen is None else make(seen[:, channels]))

    def score_of(layers: tuple[LayerWeight, ...]) -> Score:
        objectives = {layer.name: objective_of(layer) for layer in layers}
        return make_score(features, objectives, {layer.name: layer.weight for layer in layers})

    if not options.tour:
        together = score_of(options.layers)
        return lambda seconds: together
    stops = [score_of((layer,)) for layer in options.layers]
    # The tiny part keeps 2.0 s of a 2 s tour from rounding down into the stop before.
    return lambda seconds: stops[int(seconds / options.tour + 1e-9) % len(stops)]


def _check_channels(
    layers: tuple[LayerWeight, ...], features: FeatureModel, device: torch.device
) -> None:
    chosen = [layer for layer in layers if layer.channels]
    if not chosen:
        return
    with torch.no_grad():  # how many channels a layer has, only an image tells
        seen = features(torch.zeros(1, 3, 224, 224, device=device), [c.name for c in chosen])
    for layer in chosen:
        count = seen[layer.name].shape[1]
        if max(layer.channels) >= count:
            raise PresetError(
                "dream.layers",
                f"{layer.name} of {features.name} has no channel {max(layer.channels)}",
                f"they are 0 to {count - 1}",
            )


def _guide_features(
    options: DreamOptions, features: FeatureModel, device: torch.device
) -> dict[str, torch.Tensor]:
    if options.objective != "guide":
        return {}
    if options.guide is None:
        raise PresetError(
            "dream.guide", "this dream is guided by a picture", "--set dream.guide=PICTURE"
        )
    picture = load(options.guide, option="dream.guide")
    longest = max(picture.shape[-2:])
    if longest > GUIDE_SIDE:
        height, width = (max(1, round(s * GUIDE_SIDE / longest)) for s in picture.shape[-2:])
        picture = resize(picture, (height, width))
    try:
        with torch.no_grad():
            return features(picture.to(device), [layer.name for layer in options.layers])
    except ModelError as error:
        size = f"{picture.shape[-1]}x{picture.shape[-2]}"
        problem = f"{options.guide} is {size} pixels, too small for these layers"
        raise PresetError("dream.guide", problem, "a larger picture") from error


def _resolved(preset: Preset, features: FeatureModel, size: tuple[int, int]) -> Preset:
    """The preset with its defaults spelled out, so that a record of it is complete."""
    return preset.model_copy(
        update={
            "dream": _with_layers(preset.dream, features),
            "start": preset.start.model_copy(update={"size": size}),
        }
    )


def _with_layers(options: DreamOptions, features: FeatureModel) -> DreamOptions:
    if options.layers:
        return options
    usual = tuple(LayerWeight(name=name) for name in features.usual_layers)
    return options.model_copy(update={"layers": usual})


def _digests(preset: Preset) -> dict[str, str]:
    installed = store.find(preset.model)
    assert installed is not None
    pictures = {"start.path": preset.start.path, "dream.guide": preset.dream.guide}
    digests = {f"{option} sha256": sha256(path) for option, path in pictures.items() if path}
    # The model's file was held against its digest when it was loaded.
    return {"model.file sha256": installed.digest.removeprefix("sha256:")} | digests
