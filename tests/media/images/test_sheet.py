import numpy as np
import pytest
import torch

from dreamvid.image import to_bytes
from dreamvid.media.images.sheet import (
    Layout,
    columns_for,
    draw_sheet,
    draw_table,
    table_layout,
)

GROUND = (0x10, 0x12, 0x18)


def flat(number, height=30, width=60):
    """One colour for each number, none of them the ground's."""
    colour = torch.tensor([40 + 20 * number, 200 - 10 * number, 90.0]) / 255
    return colour.view(1, 3, 1, 1).expand(1, 3, height, width)


def written(pixels):
    """Whether anything but the ground is to be seen."""
    return bool((pixels != np.array(GROUND)).any())


def test_sheet_places_images_and_labels():
    pictures = [flat(n) for n in range(5)]
    layout = Layout(5, 2, 60, 30)
    labels = ["one", "two", "", "a/very/long/name_of_a_layer", "five"]
    sheet = to_bytes(draw_sheet(pictures, labels, layout, "title"))
    assert sheet.shape == (40 + 3 * (30 + 22 + 8), 8 + 2 * (60 + 8), 3)
    for n in range(5):  # by hand: 8 between, 40 above all, 22 under each
        left, top = 8 + n % 2 * 68, 40 + n // 2 * 60
        inside = sheet[top : top + 30, left : left + 60]
        assert (inside == (to_bytes(pictures[n])[0, 0])).all()
        under = sheet[top + 30 : top + 52, left : left + 60]
        assert written(under) == bool(labels[n])
    assert not written(sheet[160:190, 76:]), "no sixth picture"
    assert not written(sheet[100:130, :8]) and not written(sheet[40:, 68:76]), "nor beside them"
    assert written(sheet[:40])


def test_sheet_table_has_headings():
    pictures = [flat(n) for n in range(6)]
    layout = table_layout(["1", "2", ""], ["10", ""], 60, 30)
    pixels = to_bytes(draw_table(pictures, ["1", "2", ""], ["10", ""], layout, "title"))
    assert pixels.shape[:2] == layout.size[::-1]
    for n in range(6):
        left, top = layout.place(n)
        assert (pixels[top : top + 30, left : left + 60] == to_bytes(pictures[n])[0, 0]).all()
    heads = [pixels[40:70, layout.place(n)[0] :][:, :60] for n in range(3)]
    assert [written(head) for head in heads] == [True, True, False]
    rows = [pixels[layout.place(n)[1] :][:30, : layout.margin] for n in (0, 3)]
    assert [written(row) for row in rows] == [True, False]


@pytest.mark.parametrize(
    ("count", "together", "columns"),
    [(63, 7, 7), (46, 3, 6), (12, 1, 6), (8, 1, 8), (9, 1, 5), (3, 1, 3), (31, 31, 8), (2, 7, 2)],
)
def test_sheet_columns_keep_groups_together(count, together, columns):
    assert columns_for(count, together) == columns
