"""Contact sheets: labelled images in rows on a dark background."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from dreamvid.image import Image, OtherSizeImage, from_bytes, to_bytes

BACKGROUND, INK, DIM = "#101218", "#e6e9f0", "#8b93a7"
# In pixels.
GAP = 8  # between images, and around all
CAPTION = 22  # line under an image
HEADING = 40  # title of the sheet
HEAD = 30  # headings of columns
SIZES = range(14, 7, -1)  # font sizes of labels: the first at which all fit
TITLE = range(16, 7, -1)  # font sizes of the title
ROW_HEADING = 200  # at most

MOST = 8  # images in a row


@dataclass(frozen=True)
class Layout:
    """Positions of images on a sheet, in pixels, row by row."""

    count: int
    columns: int
    width: int  # of an image
    height: int
    margin: int = GAP  # left of the images, for the headings of rows
    head: int = 0  # above the images, for the headings of columns
    caption: int = CAPTION  # under each; 0: no labels

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        left, top = self.place(self.columns * self.rows - 1)
        return left + self.width + GAP, top + self.height + self.caption + GAP

    def place(self, number: int) -> tuple[int, int]:
        """Return the left and top of an image."""
        row, column = divmod(number, self.columns)
        left = self.margin + column * (self.width + GAP)
        return left, HEADING + self.head + row * (self.height + self.caption + GAP)


def columns_for(count: int, together: int = 1) -> int:
    """Return the number of columns, so that groups of `together` are not split, and rows even."""
    if 1 < together <= MOST:
        return min(count, together * (MOST // together))
    rows = -(-count // MOST)
    return -(-count // rows)


def draw_sheet(
    images: Sequence[Image], labels: Sequence[str], layout: Layout, title: str
) -> OtherSizeImage:
    """Draw images with a label under each, and a title."""
    sheet, pen = _background(images, layout, title)
    size = min((_size(label, layout.width) for label in labels), default=SIZES[0])
    for number, label in enumerate(labels):
        left, top = layout.place(number)
        middle = (left + layout.width / 2, top + layout.height + layout.caption / 2)
        _write(pen, middle, label, layout.width, size, anchor="mm")
    return from_bytes(np.asarray(sheet))


def table_layout(across: Sequence[str], down: Sequence[str], width: int, height: int) -> Layout:
    """Lay out a table of images of `width` x `height` pixels."""
    margin = min(ROW_HEADING, round(max(map(_length, down)))) + 2 * GAP
    count = len(across) * len(down)
    return Layout(count, len(across), width, height, margin, head=HEAD, caption=0)


def draw_table(
    images: Sequence[Image],
    across: Sequence[str],
    down: Sequence[str],
    layout: Layout,
    title: str,
) -> OtherSizeImage:
    """Draw images row by row in a `table_layout`, with a heading for each column and row."""
    width, height = layout.width, layout.height
    sheet, pen = _background(images, layout, title)
    size = min(_size(value, width) for value in across)
    for column, value in enumerate(across):
        left, top = layout.place(column)
        _write(pen, (left + width / 2, top - HEAD / 2), value, width, size, anchor="mm")
    size = min(_size(value, ROW_HEADING) for value in down)
    for row, value in enumerate(down):
        left, top = layout.place(row * len(across))
        _write(pen, (left - GAP, top + height / 2), value, ROW_HEADING, size, anchor="rm")
    return from_bytes(np.asarray(sheet))


def _background(
    images: Sequence[Image], layout: Layout, title: str
) -> tuple[PilImage.Image, ImageDraw.ImageDraw]:
    sheet = PilImage.new("RGB", layout.size, BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    width = layout.size[0] - 2 * GAP
    _write(pen, (GAP, HEADING / 2), title, width, _size(title, width, TITLE), anchor="lm", ink=DIM)
    for number, image in enumerate(images):
        left, top = layout.place(number)
        left += (layout.width - image.shape[-1]) // 2  # centred in its column
        sheet.paste(PilImage.fromarray(to_bytes(image)), (left, top))
    return sheet, pen


def _length(text: str, size: int = SIZES[0]) -> float:
    return ImageFont.load_default(size=size).getlength(text)


def _size(text: str, width: float, sizes: Sequence[int] = SIZES) -> int:
    """Return the first font size at which a text fits into `width` pixels, or the last."""
    return next((size for size in sizes if _length(text, size) <= width), sizes[-1])


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    width: float,
    size: int,
    *,
    anchor: str,
    ink: str = INK,
) -> None:
    """Draw a text within `width` pixels; a longer one is shortened in the middle."""
    shown, kept = text, len(text)
    while _length(shown, size) > width and kept > 2:
        kept -= 1
        shown = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"
    font = ImageFont.load_default(size=size)
    pen.text(place, shown, fill=ink, font=font, anchor=anchor)
