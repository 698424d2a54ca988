from typing import Annotated

import typer

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import say, say_json


def layers(
    model: Annotated[str, typer.Argument(help="a name from `dreamvid models list`")],
    as_json: Json = False,
) -> None:
    """The layers of a model, from the input up; * marks what it dreams by default.

    A city model's are = where they are its base's own: there is nothing of the city in them.
    """
    import torch

    from dreamvid.models.weights import store

    features = store.load(model, torch.device("cpu"))
    usual = features.usual_layers
    base, same = features.same_as or ("", ())
    if as_json:
        found = {"model": model, "layers": list(features.layers), "usual": list(usual)}
        say_json(found | ({"base": base, "same_as_base": list(same)} if base else {}))
        return
    marks = {name: " =" for name in same} | {name: " *" for name in usual}
    say("\n".join(name + marks.get(name, "") for name in features.layers))
