"""Job: everything a render needs, built once from a preset."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from dreamvid.dream.colour import colours_of
from dreamvid.dream.octaves import octave_sizes
from dreamvid.dream.settings import Ascent
from dreamvid.errors import PresetError
from dreamvid.film import footage, grow
from dreamvid.film.clip import Clip
from dreamvid.film.closing_loops import Closing, LeadIn, lead_frames
from dreamvid.film.engine import Frame, Step, frame_rng
from dreamvid.film.inputs import digests, files_of
from dreamvid.film.kept import Kept, stamps
from dreamvid.film.masking import make_masking
from dreamvid.film.model_checks import check_octave_size
from dreamvid.film.palettes import read_palettes
from dreamvid.film.parts import Parts
from dreamvid.film.resolve import resolved, with_layers
from dreamvid.film.score import make_scores
from dreamvid.film.settings_at import motion_at
from dreamvid.film.span import sound_start, span_of
from dreamvid.film.start import make_start
from dreamvid.film.timeline import (
    Timeline,
    check_schedules,
    make_timeline,
    schedules,
    sound_of,
    still_timeline,
)
from dreamvid.image import Image
from dreamvid.models.features import FeatureModel
from dreamvid.models.precision import precision_for
from dreamvid.models.weights import store
from dreamvid.motion.camera import Camera, make_camera
from dreamvid.motion.flow.estimate import make_estimator
from dreamvid.preset.colour import is_scene
from dreamvid.preset.schema import DreamOptions, Preset
from dreamvid.schedule.curve import value_at
from dreamvid.system.version import __version__

Steps = Callable[[LeadIn], AbstractContextManager[Step]]
"""Lead-in, to collect the frames before the first one -> the step of a film."""

LoadModel = Callable[[str, torch.device], FeatureModel]
"""Like `store.load`; may return a model that is in memory already."""


@dataclass(frozen=True)
class Job:
    """Inputs of `engine.render_frames`, and the preset and files they were built from."""

    preset: Preset  # resolved: size, layers, rate and length are explicit
    start: Frame
    steps: Steps
    files: dict[str, str]  # SHA-256 of each file that the pixels depend on
    sound: Path | None  # of the films
    sound_start: float  # second of the sound at the first frame
    hears: bool  # whether a schedule follows the sound
    between: grow.Between | None = None  # motion between two frames; None: of footage

    @property
    def key(self) -> dict[str, Any]:
        """Everything the frames depend on: a render is only resumed with the same key."""
        key = self.preset.render_key | self.files | {"dreamvid": __version__}
        # Digests replace paths: files may lie elsewhere when the render is resumed.
        for option in ("dream.guide", "dream.direction"):
            entries: Any = key[option]
            if isinstance(entries, list):
                key[option] = [_without_paths(entry) for entry in entries]
        key["colour.like"] = _without_pictures(key["colour.like"])
        named = {name for name in key if f"{name} sha256" in self.files}
        if not self.hears:  # the sound may be replaced after the film is rendered
            named |= {name for name in key if name.startswith("sound.") and name != "sound.bpm"}
        return {name: value for name, value in key.items() if name not in named}


def build(
    preset: Preset,
    device: torch.device,
    *,
    make_parts: Callable[..., Parts] = Parts,
    load_model: LoadModel = store.load,
    kept: Kept | None = None,
) -> Job:
    """Build a preset's job; raises PresetError, ModelError or VideoError, before any rendering.

    Parts that `kept` has from an earlier build, made of the same options and files, are taken over.
    """
    kept = kept or Kept()
    features = load_features(preset, device, load_model)
    files = stamps(files_of(preset).values())
    begun = preset.start, preset.seed, device, files
    start = kept.part("start", begun, lambda: _start(preset, device))
    given = preset.dream
    layered = _scored(given), features, files
    layers = kept.part("layers", layered, lambda: with_layers(given, features).layers)
    if layers != given.layers:
        dream = given.model_copy(update={"layers": layers})
        preset = preset.model_copy(update={"dream": dream})
    preset = resolved(preset, features, (start.shape[-1], start.shape[-2]))
    dream, size = preset.dream, (start.shape[-2], start.shape[-1])
    sound = sound_of(preset)
    timeline = make_timeline(preset, sound, kept)
    check_schedules(preset, timeline, kept.part("tried", timeline, dict))
    _check_octaves(preset, timeline, features, device, kept)
    scored = _scored(dream), features, begun
    score_at = kept.part(
        "scores", scored, lambda: make_scores(dream, features, device, first=start)
    )
    masked = dream.mask, size, timeline, device, files
    masking = kept.part("masking", masked, lambda: make_masking(dream.mask, size, timeline, device))
    coloured = preset.colour.like, dream.guide, preset.seed, device, files
    palettes = kept.part("palettes", coloured, lambda: read_palettes(preset, device))
    parts = make_parts(preset, timeline, score_at, device, masking, palettes)
    steps, first = _on_footage(parts) if preset.of_footage else _growing(parts, start)
    audio, begin = sound if preset.sound.keep else None, sound_start(preset)
    hears = timeline.levels is not None
    sums = kept.part("digests", (preset.model, preset.flow.method, files), lambda: digests(preset))
    between = None if preset.of_footage else grow.make_between(parts, _camera(parts, start))
    return Job(preset, Frame(first - 1, start), steps, sums, audio, begin, hears, between)


def _start(preset: Preset, device: torch.device) -> Image:
    return make_start(preset.start, frame_rng(preset.seed, -1)).to(device)


def _scored(options: DreamOptions) -> list[Any]:
    """List the options that scores depend on: all but the numbers of the gradient steps."""
    others = {field.name for field in fields(Ascent)} | {"mask", "every", "rate", "same_jitter"}
    return [getattr(options, name) for name in type(options).model_fields if name not in others]


def load_features(
    preset: Preset, device: torch.device, load_model: LoadModel = store.load
) -> FeatureModel:
    """Load the preset's model in its precision; raises PresetError or ModelError."""
    precision = precision_for(preset.dream.precision, device)
    return load_model(preset.model, device).in_precision(precision)


def still(
    image: Image, preset: Preset, device: torch.device, load_model: LoadModel = store.load
) -> Image:
    """Dream on an image of any size, as on the first frame of a film; raises DreamvidError."""
    features = load_features(preset, device, load_model)
    preset = preset.model_copy(update={"dream": with_layers(preset.dream, features)})
    timeline = still_timeline(preset)
    image, moment = image.to(device), timeline.moment(0)
    score_at = make_scores(preset.dream, features, device, first=image)
    masking = make_masking(preset.dream.mask, (image.shape[-2], image.shape[-1]), timeline, device)
    if masking.follows_motion:
        raise PresetError("dream.mask", "nothing moves in a still", "--set dream.mask=none")
    parts = Parts(preset, timeline, score_at, device, palettes=read_palettes(preset, device))
    dreamed = parts.dreamed(image, moment, mask=masking.at(moment))
    masking.close()
    return parts.graded(dreamed, lambda: colours_of(image), moment)


def _growing(parts: Parts, start: Image) -> tuple[Steps, int]:
    """Make the steps of a film that grows from an image, and the index of its first frame."""
    preset, timeline = parts.preset, parts.timeline
    overlap, leading = lead_frames(preset.loop, timeline.fps)
    _check_loop(preset, overlap)
    like = colours_of(start)

    @contextmanager
    def steps(lead_in: LeadIn) -> Iterator[Step]:
        inwards = _camera_direction(preset, timeline)
        end = Closing(preset.loop.kind, overlap, timeline.frames, lead_in, inwards)
        with closing(parts.masking):
            yield grow.make_step(
                parts, _camera(parts, start), first=-leading, like=like, closing=end
            )

    return steps, -leading


def _camera(parts: Parts, start: Image) -> Camera:
    height, width = start.shape[-2:]
    return make_camera(height=height, width=width, device=parts.device)


def _on_footage(parts: Parts) -> tuple[Steps, int]:
    """Make the steps of a film on footage, and the index of its first frame."""
    preset = parts.preset
    assert preset.start.path and preset.start.size
    path, (width, height) = preset.start.path, preset.start.size
    estimate = make_estimator(preset.flow.method, parts.device)

    @contextmanager
    def steps(lead_in: LeadIn) -> Iterator[Step]:
        size, background = (height, width), preset.start.background
        span = span_of(preset.start, parts.timeline.fps)
        clip = Clip(path, fps=parts.timeline.fps, size=size, background=background, span=span)
        with closing(clip), closing(parts.masking):
            yield footage.make_step(parts, clip.pair, estimate)

    return steps, 0


def _camera_direction(preset: Preset, timeline: Timeline) -> int:
    """Find the camera's direction at the end: 1 in, -1 out, 0 neither."""
    motion = motion_at(preset.motion, timeline.moment(timeline.frames - 1))
    speed = (motion.zoom - 1) + motion.classic_zoom + motion.dolly
    return 0 if motion.kaleidoscope or motion.droste > 1 else (speed > 0) - (speed < 0)


def _check_octaves(
    preset: Preset, timeline: Timeline, features: FeatureModel, device: torch.device, kept: Kept
) -> None:
    """Check that no octave is too small in any frame; raises PresetError or ModelError."""
    assert preset.start.size
    width, height = preset.start.size
    changing = any(name.startswith("dream.octave") for name, _ in schedules(preset))
    smallest = (height, width)
    for index in timeline.tried if changing else (0,):
        moment = timeline.moment(index)
        octaves = round(value_at(preset.dream.octaves, moment))
        scale = value_at(preset.dream.octave_scale, moment)
        sizes = octave_sizes(height, width, octaves=octaves, scale=scale)
        smallest = min(smallest, sizes[0])
    dream = preset.dream
    key = dream.layers, dream.classes, dream.words, features, smallest
    kept.part("octaves", key, lambda: check_octave_size(dream, features, smallest, device))


def _check_loop(preset: Preset, overlap: int) -> None:
    frames, every = preset.video.count, preset.dream.every
    if overlap > frames:
        seconds = float(frames / preset.video.rate)
        problem = f"{preset.loop.seconds:g} is longer than the film"
        raise PresetError("loop.seconds", problem, f"at most {seconds:g}")
    if overlap and frames % every:
        problem = f"a loop of {frames} frames cannot dream one in {every}"
        raise PresetError(
            "dream.every", problem, f"{max(every, frames - frames % every)} frames would do"
        )


def _without_pictures(likes: Any) -> Any:
    """Leave out the paths of pictures among the dumped `colour.like`; scenes stay."""
    if isinstance(likes, str):
        return likes
    return [like if is_scene(like["of"]) else like | {"of": ""} for like in likes]


def _without_paths(entry: dict[str, Any]) -> Any:
    mask = {name: value for name, value in (entry["mask"] or {}).items() if name != "path"}
    named = {name: value for name, value in entry.items() if name not in ("path", "name")}
    return named | {"mask": mask}
