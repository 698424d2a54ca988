"""Resolution of a preset's defaults, so that a record of it is complete."""

from fractions import Fraction

from dreamvid.errors import PresetError
from dreamvid.film.directions import layers_of
from dreamvid.film.span import footage_path, span_of
from dreamvid.media.footage.footage import probe_footage
from dreamvid.models.features import FeatureModel
from dreamvid.preset.objectives import GUIDED, LayerWeight
from dreamvid.preset.schema import DreamOptions, Preset

GUIDE_LAYERS = {"inception_3b/output"}
"""Layers guided besides the usual ones; as in the 2015 notebook: a guide's finer shapes."""


def resolved(preset: Preset, features: FeatureModel, size: tuple[int, int]) -> Preset:
    """Make rate, length, layers and size, (width, height), explicit; raises as `with_video`."""
    preset = with_video(preset)
    dream = with_layers(preset.dream, features)
    same = preset.of_footage if dream.same_jitter is None else dream.same_jitter
    every = _every(dream, preset.video.rate)
    changes = {"same_jitter": same, "every": every, "rate": None}
    return preset.model_copy(
        update={
            "dream": dream.model_copy(update=changes),
            "start": preset.start.model_copy(update={"size": size}),
        }
    )


def with_layers(options: DreamOptions, features: FeatureModel) -> DreamOptions:
    """Make the layers explicit: those of the direction, or else the model's usual ones."""
    if options.layers:
        return options
    if options.direction:
        weights = layers_of(options, features)
    elif (options.classes or options.words) and not _names_objective(options):
        return options
    else:
        finer = GUIDE_LAYERS & {*features.layers} if options.objective in GUIDED else ()
        weights = dict.fromkeys([*finer, *features.usual_layers], 1.0)
    usual = tuple(LayerWeight(name=name, weight=weight) for name, weight in weights.items())
    return options.model_copy(update={"layers": usual})


def _names_objective(options: DreamOptions) -> bool:
    """Test for options that need layers; in a resolved preset all options are set."""
    resolved = "layers" in options.model_fields_set
    names = options.changed() if resolved else options.model_fields_set
    return bool(names & {"objective", "guide"})


def with_video(preset: Preset) -> Preset:
    """Make rate and length explicit, footage's at most its own; raises PresetError, VideoError."""
    video = preset.video
    fps, longest = video.rate, None
    if preset.of_footage:
        span = span_of(preset.start, video.fps)
        info = probe_footage(footage_path(preset.start), fps=video.fps, span=span)
        fps, longest = info.fps, info.frames
    frames = video.frames or longest or 1
    if video.seconds:
        frames = max(1, round(Fraction(video.seconds) * fps))
    frames = min(frames, longest or frames)
    changes = {"fps": fps, "frames": frames, "seconds": None}
    return preset.model_copy(update={"video": video.model_copy(update=changes)})


def _every(dream: DreamOptions, fps: Fraction) -> int:
    if dream.rate is None:
        return dream.every
    every = fps / dream.rate
    if every.denominator != 1:
        problem = f"{fps} frames a second is no multiple of {dream.rate} dreams"
        raise PresetError("dream.rate", problem, f"such as {fps / max(1, round(every))}")
    return int(every)
