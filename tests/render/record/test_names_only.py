"""Files that a user may post hold the names of the inputs, and no folder's."""

import json
import wave

import numpy as np
import pytest
from PIL import Image as PilImage

from dreamvid.preset.load import load_preset
from dreamvid.render.batch.summary import records, write_summary
from dreamvid.render.batch.ticket import Ticket
from dreamvid.render.replay import open_source, preset_of
from tests.support.command import run
from tests.support.small_film import SMALL

SECRET = "client Ümit"


@pytest.fixture
def secret(tmp_path):
    """A folder with inputs, whose name nobody should see."""
    folder = tmp_path / SECRET
    folder.mkdir()
    for name in ("start.png", "like.png", "guide.png", "mask.png"):
        PilImage.effect_noise((64, 36), 60).convert("RGB").save(folder / name)
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(np.zeros(8000, np.int16).tobytes())
    preset = load_preset("quickstart")
    text = f'title = "{preset.title}"\nmodel = "{preset.model}"\n[colour]\nkeep = "mean"\n'
    (folder / "mine.toml").write_text(text + 'like = "like.png"\n')
    return folder


@pytest.fixture
def words(secret):
    given = [
        f"start.path={secret / 'start.png'}",
        "start.kind=image",
        f"sound.path={secret / 'sound.wav'}",
        f'dream.guide=[{{path="{secret / "guide.png"}", mask="{secret / "mask.png"}"}}]',
        *(setting for setting in SMALL if not setting.startswith(("dream.layers", "colour"))),
        "dream.layers=block_5/expand",
        "video.frames=2",
    ]
    settings = [word for setting in given for word in ("--set", setting)]
    return ["render", secret / "mine.toml", "--out", secret / "film", *settings]


def check_posted(folder):
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = [path for path in files if ".render" not in path.parts]
    assert len(files) >= 5
    for path in files:
        data = path.read_bytes()
        for encoded in (SECRET.encode(), b"client", json.dumps(SECRET)[1:-1].encode()):
            assert encoded not in data, path


def test_a_render_names_no_folder(secret, words, capsys):
    code, _, said = run(capsys, *words)
    assert code == 0, said
    out = secret / "film"
    check_posted(out)
    table = json.loads((out / "run.json").read_text("utf-8"))["preset"]
    assert (table["start"]["path"], table["sound"]["path"]) == ("start.png", "sound.wav")
    assert table["dream"]["guide"][0]["path"] == "guide.png"
    assert table["dream"]["guide"][0]["mask"]["path"] == "mask.png"
    assert table["colour"]["like"] == "like.png"
    page = (out / "report.html").read_text("utf-8")
    assert "dreamvid render mine.toml --out film --set start.path=start.png" in page
    assert "dream.layers=block_5/expand" in page

    # The folder's own record, which is not posted, knows where they lie.
    found = preset_of(open_source(out), ())
    assert (
        found.start.path == secret / "start.png" and found.colour.like[0].of == secret / "like.png"
    )
    assert run(capsys, "extend", out, "--frames", "1")[0] == 0
    check_posted(out)
    assert run(capsys, "replay", out, "--out", secret / "again", "--strict")[0] == 0
    check_posted(secret / "again")
    flipped = (out / ".render" / "job.json").read_bytes().replace(b"start.png", b"stars.png")
    (out / ".render" / "job.json").write_bytes(flipped)  # damaged: searched beside and here
    code, _, said = run(capsys, "replay", out, "--out", secret / "once more")
    assert code == 2 and "start.png', which this was made from, is neither beside it nor" in said


def test_a_batchs_summary_names_no_folder(secret, tmp_path):
    out = secret / "films"
    reason = (
        f"start.path: there is no {secret / 'start.png'}; {out / 'a' / '.render' / 'x'} is gone"
    )
    failed = Ticket("a", {"start": {"path": str(secret / "start.png")}}, reason=reason, code=2)
    write_summary(tmp_path, records(["a"], {"a": ("failed", failed)}, out))
    for name in ("summary.json", "summary.csv"):
        text = (tmp_path / name).read_text("utf-8")
        assert "client" not in text
        assert "start.path: there is no start.png; .render/x is gone" in text
