"""Small dreams of a model's words, written while it is trained."""

from collections.abc import Sequence
from pathlib import Path

import torch

from dreamvid.film.engine import frame_rng
from dreamvid.film.parts import Parts
from dreamvid.film.scenes import dusk
from dreamvid.film.score import make_scores
from dreamvid.film.timeline import still_timeline
from dreamvid.image import Image
from dreamvid.media.images.sheet import Layout, draw_sheet
from dreamvid.media.images.writing import save
from dreamvid.models.features import FeatureModel
from dreamvid.preset.load import with_settings
from dreamvid.training.evaluation.word_dreams import HEIGHT, SETTINGS, WIDTH


def write_sheet(features: FeatureModel, words: Sequence[str], title: str, path: Path) -> None:
    """Dream each word from the same dusk and draw them side by side; raises OutputError."""
    device = features.words.vectors.device if features.words else torch.device("cpu")
    start = dusk(HEIGHT, WIDTH, frame_rng(0, -1)).to(device)
    images = [_dream(features, word, start).cpu() for word in words]
    layout = Layout(len(words), len(words), WIDTH, HEIGHT)
    save(draw_sheet(images, words, layout, title), path)


def _dream(features: FeatureModel, word: str, start: Image) -> Image:
    preset = with_settings([f'dream.words="{word}"', "video.frames=1", *SETTINGS])
    timeline = still_timeline(preset)
    score_at = make_scores(preset.dream, features, start.device, first=start)
    return Parts(preset, timeline, score_at, start.device).dreamed(start, timeline.moment(0))
