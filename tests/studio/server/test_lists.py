"""Lists for the page: models that are here are a menu."""

from dreamvid.system.home import home
from tests.support.studio import studio


def test_the_models_that_are_here_are_a_menu(tmp_path):
    models = home() / "models"
    models.mkdir(parents=True, exist_ok=True)
    for name in ("mine", "raft-small"):
        (models / f"{name}.safetensors").touch()
    with studio(tmp_path) as here:
        groups = here.client.get("/api/controls").json()["groups"]
    control = next(one for group in groups for one in group["controls"] if one["key"] == "model")
    assert control["kind"] == "choice"
    assert {"lite0", "mine"} <= {*control["choices"]}
    assert "raft-small" not in control["choices"]  # of optical flow: not to be dreamed
