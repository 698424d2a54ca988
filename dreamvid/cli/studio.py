"""`dreamvid studio`: a page in the browser on which a dream runs while it is changed."""

from typing import Annotated

from typer import Option

from dreamvid.cli.arguments import Device
from dreamvid.cli.terminal.console import say


def studio(
    port: Annotated[int, Option(help="of the page")] = 8700,
    device: Device = "auto",
) -> None:
    """Open a page on which a dream runs while you change it."""
    import uvicorn

    from dreamvid.studio.server.app import make_app

    say(f"http://127.0.0.1:{port}/")
    uvicorn.run(make_app(device), host="127.0.0.1", port=port, log_level="warning")
