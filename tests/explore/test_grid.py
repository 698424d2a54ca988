import pytest

from dreamvid.errors import PresetError
from dreamvid.explore.grid import grid_cells, read_axis
from dreamvid.preset.load import with_settings


def make(settings):
    return with_settings(["video.frames=1", *settings])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("dream.step_size=1,2, 4", ("1", "2", "4")),
        ("model=lite0", ("lite0",)),
        ("dream.layers=[a/b, c],d", ("[a/b, c]", "d")),
        ('dream.layers=[{name="a", channels=[1,2]}],"b,c"', None),
    ],
)
def test_axis_commas_in_brackets_and_quotes(text, values):
    found = read_axis("--across", text)
    expected = values or ('[{name="a", channels=[1,2]}]', '"b,c"')
    assert (found.key, found.values) == (text.partition("=")[0], expected)


def test_grid_cells_combine_both_axes():
    across = read_axis("--across", "dream.layers=a/x,b/y")
    down = read_axis("--down", "dream.steps=1,2,3")
    cells = grid_cells(make, across, down)
    found = [(cell.preset.dream.layers[0].name, cell.preset.dream.steps) for cell in cells]
    assert found == [(layer, steps) for steps in (1, 2, 3) for layer in ("a/x", "b/y")]
    assert [cell.label for cell in cells][:3] == ["a/x, 1", "b/y, 1", "a/x, 2"]
    assert cells[0].preset.title == "a/x, 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dream.steps", "not KEY=V1"),
        ("=1", "not KEY=V1"),
        ("dream.steps=", "empty value"),
        ("dream.steps=1,,2", "empty value"),
        ("dream.steps=1,2,1", "twice"),
        ("motion.zoom=1,2", "changes nothing in one picture"),
        ("start.kind=sky,dusk", "changes nothing"),
        ("dream.every=1,2", "changes nothing in one picture"),
        ("dream.rate=1,2", "changes nothing in one picture"),
        ("dream.same_jitter=true,false", "changes nothing in one picture"),
        ("dream.tile=0,256", "changes nothing in one picture"),
    ],
)
def test_axis_errors_are_refused(text, message):
    with pytest.raises(PresetError, match=f"--across: .*{message}"):
        read_axis("--across", text)


def test_grid_too_large_or_with_one_option_twice_is_refused():
    many = read_axis("--across", "seed=" + ",".join(map(str, range(21))))
    ten = read_axis("--down", "dream.steps=" + ",".join(map(str, range(1, 11))))
    with pytest.raises(PresetError, match=r"21 x 10 values make 210 pictures \(at most 200"):
        grid_cells(make, many, ten)
    with pytest.raises(PresetError, match="--down: seed is across already"):
        grid_cells(make, many, many)
    with pytest.raises(PresetError, match=r"dream\.steps: .*got 'x'"):
        grid_cells(make, many, read_axis("--down", "dream.steps=x"))
