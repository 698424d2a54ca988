import json
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from dreamvid.cli import main
from dreamvid.errors import ModelError
from dreamvid.models.networks.assign_weights import skeleton
from dreamvid.models.weights import store
from dreamvid.models.weights.catalogue import CATALOGUE
from dreamvid.models.weights.install import install
from dreamvid.system.home import home
from tests.support import reference

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def arrays():
    return reference.random_googlenet()


def test_the_catalogue_is_complete():
    for name, entry in CATALOGUE.items():
        assert entry.about and entry.licence and entry.layers and entry.megabytes, name
        assert entry.urls or entry.package, name
        assert entry.digest or name in ("places205", "places365"), name


def test_an_imported_file_is_found_loaded_and_named_after_what_it_is(arrays, tmp_path):
    np.savez(tmp_path / "some.npz", **arrays)
    installed = install(tmp_path / "some.npz")
    assert (installed.name, installed.architecture) == ("googlenet", "googlenet")
    assert store.load("googlenet", CPU).layers[-1] == "loss3/classifier"
    assert not list(store.folder().glob(".*"))


@pytest.mark.parametrize(("classes", "name"), [(205, "places205"), (365, "places365"), (3, "my-x")])
def test_the_head_tells_which_googlenet_it_is(classes, name, arrays, tmp_path):
    head = {
        "loss3/classifier.weight": np.zeros((classes, 1024), np.float32),
        "loss3/classifier.bias": np.zeros(classes, np.float32),
    }
    np.savez(tmp_path / "My x.npz", **(arrays | head))
    assert install(tmp_path / "My x.npz").name == name
    assert name in store.known()


@pytest.mark.slow
def test_underscored_names_of_converters_are_understood(arrays, tmp_path):
    converted = {k.replace("/", "_"): torch.tensor(v) for k, v in arrays.items()}
    torch.save(converted | {"loss1_conv.weight": torch.zeros(2, 2)}, tmp_path / "a.pth")
    assert install(tmp_path / "a.pth").name == "googlenet"
    save_file(converted, tmp_path / "b.safetensors")
    assert install(tmp_path / "b.safetensors", "second").name == "second"
    x = torch.rand(1, 3, 64, 64)
    one, two = (
        store.load(name, CPU)(x, ["inception_4a/output"])["inception_4a/output"]
        for name in ("googlenet", "second")
    )
    assert torch.equal(one, two)


@pytest.mark.slow
def test_a_torchvision_file_is_recognised(tmp_path):
    state = {k: torch.zeros(v.shape) for k, v in skeleton("resnet50").state_dict().items()}
    torch.save(state, tmp_path / "resnet50-0676ba61.pth")
    assert install(tmp_path / "resnet50-0676ba61.pth").name == "resnet50"
    assert "layer3.5" in store.load("resnet50", CPU).layers


def test_what_cannot_be_installed_is_refused_and_leaves_nothing(arrays, tmp_path):
    np.savez(tmp_path / "other.npz", other=np.zeros(3))
    with pytest.raises(ModelError, match=r"other.npz: holds no network that dreamvid knows"):
        install(tmp_path / "other.npz")
    np.savez(tmp_path / "some.npz", **arrays)
    for name, reason in (
        ("../up", "use lower-case letters"),
        ("lite0", "comes in a package"),
        ("vgg16", "that is a vgg16"),
    ):
        with pytest.raises(ModelError, match=reason):
            install(tmp_path / "some.npz", name)
    assert not store.folder().exists() or not list(store.folder().iterdir())


def test_a_damaged_file_is_refused_by_its_digest(arrays, tmp_path, capsys):
    np.savez(tmp_path / "some.npz", **arrays)
    installed = install(tmp_path / "some.npz")
    content = bytearray(installed.path.read_bytes())
    content[-5] ^= 1
    installed.path.write_bytes(content)
    with pytest.raises(ModelError, match=r"googlenet.safetensors is damaged or another file"):
        store.load("googlenet", CPU)
    assert main(["layers", "googlenet"]) == 3
    installed.path.with_suffix(".json").write_text("{}")
    with pytest.raises(ModelError, match=r"googlenet.json is damaged"):
        store.load("googlenet", CPU)
    installed.path.with_suffix(".json").write_text(
        json.dumps({"architecture": "googlenet", "sha256": "0" * 64})
    )
    installed.path.unlink()
    with pytest.raises(ModelError, match=r"googlenet.safetensors is gone"):
        store.load("googlenet", CPU)


def test_a_missing_model_says_how_to_get_it():
    with pytest.raises(ModelError, match=r"`dreamvid models get googlenet` downloads it \(53 MB\)"):
        store.load("googlenet", CPU)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "www"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_get_downloads_installs_and_tidies_up(arrays, server, monkeypatch, capsys):
    from dataclasses import replace

    folder, url = server
    converted = {k.replace("/", "_"): torch.tensor(v) for k, v in arrays.items()}
    torch.save(converted, folder / "mirror.pth")
    entry = replace(
        CATALOGUE["places365"], urls=(f"{url}/googlenet_places365.caffemodel", f"{url}/mirror.pth")
    )
    monkeypatch.setitem(CATALOGUE, "places365", entry)
    assert main(["models", "get", "places365"]) == 0  # the first address is dead
    assert "places365 is at" in capsys.readouterr().out
    assert store.load("places365", CPU).layers
    assert not list((store.folder() / "downloads").iterdir())
    installed = store.find("places365")
    assert installed is not None
    installed.path.write_bytes(b"damaged")
    assert main(["models", "get", "places365"]) == 0  # and so it is mended
    assert store.load("places365", CPU).layers


def test_get_without_a_network_says_what_to_fetch_and_where_to_put_it(monkeypatch, capsys):
    from dataclasses import replace

    entry = replace(CATALOGUE["googlenet"], urls=("http://127.0.0.1:9/bvlc_googlenet.caffemodel",))
    monkeypatch.setitem(CATALOGUE, "googlenet", entry)
    assert main(["models", "get", "googlenet"]) == 3
    error = capsys.readouterr().err
    assert "bvlc_googlenet.caffemodel" in error and "dreamvid models import" in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_several_imports_at_once_leave_one_whole_model(arrays, tmp_path):
    """Each of other weights under one name: the file and its record belong together."""
    for n in range(3):
        marked = arrays | {"conv1/7x7_s2.bias": np.full(64, n, np.float32)}
        np.savez(tmp_path / f"{n}.npz", **marked)
    imports = [
        subprocess.Popen(
            [sys.executable, "-m", "dreamvid", "models", "import", f"{n}.npz", "--name", "mine"],
            cwd=tmp_path,
            env=os.environ | {"DREAMVID_HOME": str(home())},
            stderr=subprocess.PIPE,
        )
        for n in range(3)
    ]
    assert [(one.communicate()[1], one.returncode)[1] for one in imports] == [0] * 3
    bias = store.load_arrays("mine")["conv1/7x7_s2.bias"].unique().tolist()
    record = json.loads((store.folder() / "mine.json").read_text())
    assert [f"{n:.0f}.npz" for n in bias] == [record["from"]]
    assert not list(store.folder().glob(".*"))


@pytest.mark.slow
def test_several_gets_at_once_download_once(arrays, server, monkeypatch):
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    from dreamvid.models.weights import install as module

    folder, url = server
    converted = {k.replace("/", "_"): torch.tensor(v) for k, v in arrays.items()}
    torch.save(converted, folder / "mirror.pth")
    entry = replace(CATALOGUE["places365"], urls=(f"{url}/mirror.pth",))
    monkeypatch.setitem(CATALOGUE, "places365", entry)
    fetched, fetch = [], module.fetch
    monkeypatch.setattr(module, "fetch", lambda *a, **k: (fetched.append(a), fetch(*a, **k)))
    with ThreadPoolExecutor(3) as pool:
        got = [*pool.map(lambda _: module.get("places365", lambda done, total: None), range(3))]
    assert len(fetched) == 1 and len({one.digest for one in got}) == 1
    assert store.load("places365", CPU).layers
