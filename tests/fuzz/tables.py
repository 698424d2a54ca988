"""Harmed texts and tables: presets, settings, files of jobs, queues, captions."""

import json
from pathlib import Path
from random import Random
from tomllib import loads

from PIL import Image as PilImage

from dreamvid.preset.load import check, lay_over, load_preset, shipped_folder
from dreamvid.preset.toml import changed_toml
from dreamvid.render.batch.jobs import load_jobs
from dreamvid.render.batch.queue import Queue
from dreamvid.render.batch.schema import toml
from dreamvid.system.process import this_process
from dreamvid.training.data.captions import read_captions
from dreamvid.training.data.folders import Folder
from dreamvid.training.data.pairs import Rules, read_corpus
from tests.fuzz.family import Case, Family, Make
from tests.fuzz.mutate import mutated_bytes, mutated_table, mutated_text, value

RICH = """
model = "googlenet"
seed = 3
[start]
kind = "noise"
size = "64x48"
[dream]
octaves = 2
steps = "3 + 2*sin(t)"
layers = [{ name = "inception_4c/output", weight = "0:(1), 9:(0.5)" }, "inception_3b/output"]
mask = { path = "mask.png", invert = true }
[motion]
zoom = "1.01 + 0.002*sin(2*pi*t/8)"
turn = "0:(0), 24:(1)"
[video]
frames = 12
fps = 24
[outputs]
targets = ["reels"]
"""

JOBS = """
out = "films"
presets = ["quickstart", "mine.toml"]
seeds = [1, 2]
inputs = "*.jpg"
settings = { "dream.steps" = [4, 8] }
frames = 8
size = "64x48"
fps = 12
model = "lite0"
for = ["reels"]

[[job]]
name = "one"
preset = "quickstart"
settings = ["dream.octaves=3", "seed=9"]
"""


def preset_texts() -> list[str]:
    shipped = sorted(shipped_folder().iterdir(), key=lambda entry: entry.name)
    return [RICH, *(entry.read_text("utf-8") for entry in shipped if entry.name.endswith(".toml"))]


def presets(folder: Path) -> Make:
    texts, path = preset_texts(), folder / "preset.toml"

    def make(rng: Random) -> Case:
        path.write_bytes(mutated_text(rng, rng.choice(texts)))
        return lambda: changed_toml(load_preset(str(path)), "fuzz")

    return make


def settings(folder: Path) -> Make:
    """Values of any kind in a preset's table, and texts of `--set`."""
    sound = [loads(text) for text in preset_texts()]
    full = check(loads(RICH)).model_dump(mode="json")
    keys = [f"{group}.{key}" for group, table in full.items() if isinstance(table, dict)
            for key in table]  # fmt: skip

    def setting(rng: Random) -> str:
        try:
            text = f"{rng.choice(keys)}={toml(value(rng))}"
        except RecursionError:
            text = "dream.steps=" + "[" * 900
        return mutated_text(rng, text).decode("utf-8", "replace") if rng.random() < 0.5 else text

    def make(rng: Random) -> Case:
        table = mutated_table(rng, rng.choice((*sound, full)))
        texts = [setting(rng) for _ in range(rng.choice((0, 0, 1, 3)))]
        return lambda: changed_toml(lay_over(dict(table), texts), "fuzz")

    return make


def jobs(folder: Path) -> Make:
    (folder / "mine.toml").write_text(RICH)
    for name in ("a.jpg", "b.jpg"):
        PilImage.new("RGB", (64, 48)).save(folder / name)
    path = folder / "jobs.toml"

    def make(rng: Random) -> Case:
        path.write_bytes(mutated_text(rng, JOBS))
        return lambda: load_jobs(path)

    return make


def queues(folder: Path) -> Make:
    """A queue's files, and their names."""
    ticket = {
        "name": "one",
        "preset": loads(RICH),
        "tries": 1,
        "worker": "w",
        "reason": "",
        "code": 0,
    }
    ticket["result"] = {"seconds": 3.0, "files": ["forward.mp4"]}

    def make(rng: Random) -> Case:
        queue = Queue(folder / "queue")
        for old in sorted(queue.folder.rglob("*.json")):
            old.unlink()
        data = json.dumps(ticket).encode()
        if rng.random() < 0.6:
            data = json.dumps(mutated_table(rng, ticket)).encode()
        else:
            data = mutated_bytes(rng, data)
        state = rng.choice(("todo", "claimed", "done", "failed"))
        name = f"one~{this_process()}" if state == "claimed" else "one"
        (queue.folder / state).mkdir(parents=True, exist_ok=True)
        (queue.folder / state / f"{name}.json").write_bytes(data)

        def case() -> None:
            queue.tickets()
            queue.release_dead(retries=1)
            queue.take(this_process())
            queue.try_again()

        return case

    return make


def captions(folder: Path) -> Make:
    """Of a table, of JSON in one or in lines, of a post, packed or not."""
    images = folder / "images"
    images.mkdir(exist_ok=True)
    for name in ("a.jpg", "b.png"):
        PilImage.radial_gradient("L").resize((80, 70)).save(images / name)
    rows = [{"file": "a.jpg", "caption": "the old harbour, again", "user": "ann"}]
    rows += [{"file": "b.png", "caption": "a tower of many bells", "user": {"id": 7}}]
    edges = {"edges": [{"node": {"text": "a very old street"}}]}
    post = {"node": {"shortcode": "a", "edge_media_to_caption": edges, "owner": {"id": "7"}}}
    table = 'file,caption,user\na.jpg,the old harbour again,ann\nb.png,"one, two three",bob\n'
    texts = [table, table.replace(",", ";"), json.dumps(rows), json.dumps(post)]
    texts += ["\n".join(map(json.dumps, rows))]
    path = folder / "captions"

    def make(rng: Random) -> Case:
        kind = rng.random()
        if kind < 0.3:
            data = json.dumps(mutated_table(rng, rng.choice(([*rows], post)))).encode()
        elif kind < 0.6:
            data = mutated_bytes(rng, rng.choice(texts).encode(rng.choice(("utf-8", "utf-16"))))
        else:
            data = mutated_text(rng, rng.choice(texts))
        path.write_bytes(data)
        if rng.random() < 0.1:
            return lambda: read_corpus(images, path, Rules(fewest_words=1))
        listed = Folder(images)

        def case() -> None:
            for entry in read_captions(listed, path).entries:
                listed.inside(entry.photo)

        return case

    return make


FAMILIES = {
    "presets": Family(700, presets),
    "settings": Family(600, settings),
    "jobs": Family(150, jobs),
    "queues": Family(100, queues),
    "captions": Family(350, captions),
}
