"""Sheets to look at beside the figures: words with the photos nearest to them."""

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

ALIKE = 0.4  # cosine from which on one of two words is enough
THUMBNAIL = (180, 120)  # width and height in pixels
FRAME = 5  # pixels around a right photo
RIGHT = (0.35, 0.85, 0.45)  # colour of the frame


def frequent_words(space: WordSpace, pairs: Sequence[Pair], count: int) -> list[str]:
    """Choose the words that most captions have, each unlike those before it."""
    counts = Counter(word for pair in pairs for word in set(pair.words))
    known = [number for number, word in enumerate(space.words) if counts[word]]
    units = F.normalize(space.vectors, dim=1)
    chosen: list[int] = []
    for number in sorted(known, key=lambda number: -counts[space.words[number]]):
        if len(chosen) < count and bool((units[chosen] @ units[number] < ALIKE).all()):
            chosen.append(number)
    return [space.words[number] for number in chosen]


def check_words(space: WordSpace, texts: Sequence[str]) -> None:
    """Raise PresetError for a word that the model does not know."""
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
    """Draw a row of the photos nearest to each text; those whose caption has it are framed.

    Args:
        outputs: of the model's head.
        texts: as `dream.words` takes them.
    """
    units = F.normalize(outputs, dim=1)
    count = min(best, len(pairs))
    images: list[Image] = []
    for text in texts:
        nearest = (units @ space.vector(text).cpu()).topk(count).indices.tolist()
        images += [_thumbnail(pairs[number], text) for number in nearest]
    ranks = [str(rank) for rank in range(1, count + 1)]
    layout = table_layout(ranks, texts, *THUMBNAIL)
    return draw_table(images, ranks, texts, layout, title)


def _thumbnail(pair: Pair, text: str) -> Image:
    image = thumbnail(pair.photo, THUMBNAIL)
    parts = signed(text)
    included = {word for sign, word in parts if sign > 0}
    excluded = {word for sign, word in parts if sign < 0}
    right = included <= set(pair.words) and not excluded & set(pair.words)
    return _framed(image) if right else image


def _framed(image: Image) -> Image:
    framed = torch.tensor(RIGHT).view(1, 3, 1, 1).expand_as(image).clone()
    inside = slice(FRAME, -FRAME)
    framed[..., inside, inside] = image[..., inside, inside]
    return framed
