import json

import av
import numpy as np
import pytest
from PIL import Image

from tests.support.command import run


def encode(path, frames):
    height, width = frames[0].shape[:2]
    options = {"crf": "4"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=8, width=width, height=height, options=options
        )
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def film(tmp_path, texture):
    """Two seconds, the last frames with a white quarter."""
    frames = [texture(64, 96) for _ in range(16)]
    for frame in frames[12:]:
        frame[:32, :48] = 255
    return encode(tmp_path / "a.mp4", frames)


def test_table_and_verdict(film, capsys):
    code, out, _ = run(capsys, "inspect", film)
    lines = out.splitlines()
    assert code == 0 and lines[0] == f"{film}: 16 frames, 2 s, 96x64"
    assert lines[1].split()[:3] == ["frame", "second", "luminance"]
    assert [line.split()[0] for line in lines[2:9]] == ["0", "2", "5", "8", "10", "12", "15"]
    assert lines[9].split()[0] == "worst"
    assert any(line.startswith("clipped 24.") and "palette" in line for line in lines[10:])


def test_json_has_every_measured_frame_of_every_film(film, tmp_path, capsys):
    other = encode(tmp_path / "b.mkv", [np.full((32, 48, 3), 128, np.uint8)] * 5)
    code, out, _ = run(capsys, "inspect", film, other, "--json")
    first, second = json.loads(out)
    assert code == 0 and (first["path"], first["size"], first["fps"]) == (str(film), "96x64", 8)
    assert [moment["frame"] for moment in first["moments"]] == list(range(16))
    assert first["moments"][15]["clipped"] == pytest.approx(25, abs=1)
    assert "clipped" in {finding["name"] for finding in first["findings"]}
    assert second["moments"][4]["luminance"] == pytest.approx(128, abs=2)


def test_a_film_of_one_frame(tmp_path, texture, capsys):
    path = encode(tmp_path / "one.mkv", [texture(32, 48)])
    code, out, _ = run(capsys, "inspect", path, "--loop", "--plot", tmp_path / "one.png")
    assert code == 0 and out.startswith(f"{path}: 1 frame, 0.125 s, 48x32\n")


def test_check_fails_where_a_band_is_left(film, capsys):
    assert run(capsys, "inspect", film, "--check")[0] == 1


def test_plot_is_a_picture(film, tmp_path, capsys):
    plot = tmp_path / "plot.png"
    assert run(capsys, "inspect", film, "--plot", plot)[0] == 0
    with Image.open(plot) as drawn:
        assert drawn.width == 1280 and drawn.height > 1000
    code, _, error = run(capsys, "inspect", film, film, "--plot", plot)
    assert code == 2 and "--plot" in error
    code, _, error = run(capsys, "inspect", film, "--plot", tmp_path / "plot.xyz")
    assert code != 0 and ".xyz" in error and "Traceback" not in error


def test_gif_is_a_loop(tmp_path, texture, capsys):
    frames = [Image.fromarray(np.roll(texture(48, 64), 8 * n, axis=1)) for n in range(8)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    code, out, _ = run(capsys, "inspect", tmp_path / "a.gif", "--json")
    assert code == 0 and json.loads(out)[0]["seam"] == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name,data", [("a.mp4", b""), ("b.mp4", b"no film"), ("c.png", None)])
def test_no_film_gets_one_line(name, data, tmp_path, capsys):
    if data is None:
        Image.new("RGB", (32, 32)).save(tmp_path / name)
    else:
        (tmp_path / name).write_bytes(data)
    code, out, error = run(capsys, "inspect", tmp_path / name)
    assert code == 4 and out == "" and name in error and len(error.splitlines()) == 1
