from typing import Annotated

import typer

from dreamvid.cli.arguments import Json
from dreamvid.cli.console import say, say_json


def layers(
    model: Annotated[str, typer.Argument(help="a name from `dreamvid models list`")],
    as_json: Json = False,
) -> None:
    """The layers of a model, from the input up; * marks what it dreams by default."""
    import torch

    from dreamvid.models import store

    features = store.load(model, torch.device("cpu"))
    usual = features.usual_layers
    if as_json:
        say_json({"model": model, "layers": list(features.layers), "usual": list(usual)})
        return
    say("\n".join(f"{name} *" if name in usual else name for name in features.layers))
