"""Contact sheets with names: pictures in rows on a dark ground, each with its label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from dreamvid.image import Image, OtherSizeImage, from_bytes, to_bytes

GROUND, INK, DIM = "#101218", "#e6e9f0", "#8b93a7"
GAP = 8  # pixels between pictures, and around all
CAPTION = 22  # pixels of the line under a picture
HEADING = 40  # pixels of the sheet's title
HEAD = 30  # pixels of the headings of columns
SIZES = range(14, 7, -1)  # of labels' letters, in pixels: the first at which all fit
TITLE = range(16, 7, -1)
ROOM = 200  # pixels at most for the headings of rows
MOST = 8  # pictures side by side


@dataclass(frozen=True)
class Layout:
    """Where pictures lie on a sheet, in pixels; they are read in rows."""

    count: int
    columns: int
    width: int  # of a picture
    height: int
    margin: int = GAP  # left of the pictures: room for the headings of rows
    head: int = 0  # above them: room for the headings of columns
    caption: int = CAPTION  # under each; 0: they have no labels

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sheet."""
        left, top = self.place(self.columns * self.rows - 1)
        return left + self.width + GAP, top + self.height + self.caption + GAP

    def place(self, number: int) -> tuple[int, int]:
        """Left and top of a picture."""
        row, column = divmod(number, self.columns)
        left = self.margin + column * (self.width + GAP)
        return left, HEADING + self.head + row * (self.height + self.caption + GAP)


def columns_for(count: int, together: int = 1) -> int:
    """Pictures in a row, so that those that belong `together` stay so and rows are even."""
    if 1 < together <= MOST:
        return min(count, together * (MOST // together))
    rows = -(-count // MOST)
    return -(-count // rows)


def draw_sheet(
    pictures: Sequence[Image], labels: Sequence[str], layout: Layout, title: str
) -> OtherSizeImage:
    """The pictures with a label under each, and a title."""
    sheet, pen = _ground(pictures, layout, title)
    size = min((_size(label, layout.width) for label in labels), default=SIZES[0])
    for number, label in enumerate(labels):
        left, top = layout.place(number)
        middle = (left + layout.width / 2, top + layout.height + layout.caption / 2)
        _write(pen, middle, label, layout.width, size, anchor="mm")
    return from_bytes(np.asarray(sheet))


def table_layout(across: Sequence[str], down: Sequence[str], width: int, height: int) -> Layout:
    """Where the pictures of a table lie, each of so many pixels."""
    margin = min(ROOM, round(max(map(_length, down)))) + 2 * GAP
    count = len(across) * len(down)
    return Layout(count, len(across), width, height, margin, head=HEAD, caption=0)


def draw_table(
    pictures: Sequence[Image],
    across: Sequence[str],
    down: Sequence[str],
    layout: Layout,
    title: str,
) -> OtherSizeImage:
    """The pictures, row by row, with a heading for each column and each row.

    Args:
        layout: as `table_layout` gives it.
    """
    width, height = layout.width, layout.height
    sheet, pen = _ground(pictures, layout, title)
    size = min(_size(value, width) for value in across)
    for column, value in enumerate(across):
        left, top = layout.place(column)
        _write(pen, (left + width / 2, top - HEAD / 2), value, width, size, anchor="mm")
    size = min(_size(value, ROOM) for value in down)
    for row, value in enumerate(down):
        left, top = layout.place(row * len(across))
        _write(pen, (left - GAP, top + height / 2), value, ROOM, size, anchor="rm")
    return from_bytes(np.asarray(sheet))


def _ground(
    pictures: Sequence[Image], layout: Layout, title: str
) -> tuple[PilImage.Image, ImageDraw.ImageDraw]:
    sheet = PilImage.new("RGB", layout.size, GROUND)
    pen = ImageDraw.Draw(sheet)
    room = layout.size[0] - 2 * GAP
    _write(pen, (GAP, HEADING / 2), title, room, _size(title, room, TITLE), anchor="lm", ink=DIM)
    for number, picture in enumerate(pictures):
        left, top = layout.place(number)
        left += (layout.width - picture.shape[-1]) // 2  # in the middle of its column
        sheet.paste(PilImage.fromarray(to_bytes(picture)), (left, top))
    return sheet, pen


def _length(text: str, size: int = SIZES[0]) -> float:
    return ImageFont.load_default(size=size).getlength(text)


def _size(text: str, room: float, sizes: Sequence[int] = SIZES) -> int:
    """The first size at which a text fits into so many pixels, or the last."""
    return next((size for size in sizes if _length(text, size) <= room), sizes[-1])


def _write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    room: float,
    size: int,
    *,
    anchor: str,
    ink: str = INK,
) -> None:
    """Text within so many pixels; of what is longer, the beginning and the end."""
    shown, kept = text, len(text)
    while _length(shown, size) > room and kept > 2:
        kept -= 1
        shown = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"
    font = ImageFont.load_default(size=size)
    pen.text(place, shown, fill=ink, font=font, anchor=anchor)
