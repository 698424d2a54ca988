"""`dreamvid models`: list, download and import networks."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from dreamvid.cli.arguments import Json
from dreamvid.cli.terminal.console import byte_progress, say, say_json, table

app = typer.Typer(help="List, download and import networks.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """List every known model, and whether it is on this machine."""
    from dreamvid.errors import ModelError
    from dreamvid.models.networks.city import summary
    from dreamvid.models.weights import store
    from dreamvid.models.weights.catalogue import CATALOGUE

    rows = []
    for name in store.known():
        entry = CATALOGUE.get(name)
        try:
            installed, damage = store.find(name), ""
        except ModelError as error:  # the others are still worth listing
            installed, damage = None, str(error)
        row = {
            "name": name,
            "installed": str(installed.path) if installed else None,
            "damage": damage,
            "megabytes": entry.megabytes if entry else None,
            "licence": entry.licence if entry else None,
            "about": entry.about if entry else "imported",
        }
        if installed and installed.architecture == store.CITY:
            row["about"], row["licence"] = summary(installed.path)
            row["megabytes"] = round(installed.path.stat().st_size / 1e6)
        rows.append(row)
    if as_json:
        say_json(rows)
        return
    table(
        ("model", "here", "size", "what it is", "licence"),
        [
            (
                row["name"],
                "damaged" if row["damage"] else "yes" if row["installed"] else "no",
                f"{row['megabytes']} MB" if row["megabytes"] else "",
                row["about"],
                row["licence"] or "",
            )
            for row in rows
        ],
    )


@app.command()
def get(name: Annotated[str, Argument(help="a name from `models list`")]) -> None:
    """Download a model, check it, and put it where dreamvid finds it."""
    from dreamvid.models.weights import install

    with byte_progress(name) as progress:
        installed = install.get(name, progress)
    say(f"{name} is at {installed.path}")


@app.command("import")
def import_file(
    file: Annotated[Path, Argument(help=".caffemodel, .npz, .safetensors or .pth")],
    name: Annotated[str | None, Option(help="what to call it")] = None,
) -> None:
    """Take a weight file that you have; its architecture is recognised."""
    from dreamvid.models.weights.install import install

    installed = install(file, name)
    say(f"{installed.name} ({installed.architecture}) is at {installed.path}")
