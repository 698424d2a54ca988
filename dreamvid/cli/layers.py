"""`dreamvid layers`: list the layers of a model."""

from dreamvid.cli.arguments import Json, ModelName
from dreamvid.cli.terminal.console import say, say_json


def layers(model: ModelName, as_json: Json = False) -> None:
    """List the layers of a model, from the input up; * marks what it dreams by default.

    In a city model = marks layers that are its base's own: there is nothing of the city in them.
    """
    import torch

    from dreamvid.models.weights import store

    features = store.load(model, torch.device("cpu"))
    usual = features.usual_layers
    base, same = features.same_as or ("", ())
    if as_json:
        result = {"model": model, "layers": list(features.layers), "usual": list(usual)}
        say_json(result | ({"base": base, "same_as_base": list(same)} if base else {}))
        return
    marks = {name: " =" for name in same} | {name: " *" for name in usual}
    say("\n".join(name + marks.get(name, "") for name in features.layers))
