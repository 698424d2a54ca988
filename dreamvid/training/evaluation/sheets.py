"""What to look at beside the figures: words with the photos they find, and words dreamed."""

from collections import Counter
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.image import Image, OtherSizeImage
from dreamvid.media.images.sheet import draw_table, table_layout
from dreamvid.models.words import WordSpace, signed
from dreamvid.training.data.pairs import Pair
from dreamvid.training.data.photos import thumbnail

ALIKE = 0.4  # of two words' cosine: from here on one of them is enough
THUMBNAIL = (180, 120)  # width and height in pixels
FRAME = 5  # pixels around a photo that is right
RIGHT = (0.35, 0.85, 0.45)  # its colour


def telling_words(space: WordSpace, pairs: Sequence[Pair], count: int) -> list[str]:
    """The words that most captions have, each unlike those before it."""
    held = Counter(word for pair in pairs for word in set(pair.words))
    known = [number for number, word in enumerate(space.words) if held[word]]
    units = F.normalize(space.vectors, dim=1)
    chosen: list[int] = []
    for number in sorted(known, key=lambda number: -held[space.words[number]]):
        if len(chosen) < count and bool((units[chosen] @ units[number] < ALIKE).all()):
            chosen.append(number)
    return [space.words[number] for number in chosen]


def check_words(space: WordSpace, texts: Sequence[str]) -> None:
    """Raises PresetError for one that the model does not know."""
    for text in texts:
        try:
            space.vector(text)
        except ValueError as error:
            raise PresetError("--words", str(error)) from None


def draw_words(
    space: WordSpace,
    outputs: Float[Tensor, "photos dimensions"],
    pairs: Sequence[Pair],
    texts: Sequence[str],
    title: str,
    *,
    best: int = 6,
) -> OtherSizeImage:
    """For each text a row of the photos nearest to it; those whose caption has it are framed.

    Args:
        outputs: of the model's head for each photo.
        texts: words, or several as `dream.words` takes them.
    """
    units = F.normalize(outputs, dim=1)
    count = min(best, len(pairs))
    pictures: list[Image] = []
    for text in texts:
        nearest = (units @ space.vector(text).cpu()).topk(count).indices.tolist()
        pictures += [_shown(pairs[number], text) for number in nearest]
    across = [str(place) for place in range(1, count + 1)]
    layout = table_layout(across, texts, *THUMBNAIL)
    return draw_table(pictures, across, texts, layout, title)


def _shown(pair: Pair, text: str) -> Image:
    picture = thumbnail(pair.photo, THUMBNAIL)
    parts = signed(text)
    wanted = {word for sign, word in parts if sign > 0}
    unwanted = {word for sign, word in parts if sign < 0}
    right = wanted <= set(pair.words) and not unwanted & set(pair.words)
    return _framed(picture) if right else picture


def _framed(picture: Image) -> Image:
    framed = torch.tensor(RIGHT).view(1, 3, 1, 1).expand_as(picture).clone()
    inside = slice(FRAME, -FRAME)
    framed[..., inside, inside] = picture[..., inside, inside]
    return framed
