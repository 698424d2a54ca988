"""`dreamvid studio`: a page in the browser on which a dream runs while it is changed."""

import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from dreamvid.cli.arguments import Device
from dreamvid.cli.terminal.console import note, say

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from uvicorn import Server


def studio(
    preset: Annotated[
        str | None,
        Argument(help="a preset's name, a .toml file, or a film: its settings; default: as it was"),
    ] = None,
    folder: Annotated[Path, Option(help="for presets, uploads and films")] = Path("studio"),
    port: Annotated[
        int | None,
        Option(min=1, max=65535, help="of the page; default: the first free from 8700"),
    ] = None,
    host: Annotated[
        str | None,
        Option(metavar="ADDRESS", help="let other machines in; 0.0.0.0: at any"),
    ] = None,
    no_open: Annotated[bool, Option("--no-open", help="do not open the browser")] = False,
    device: Device = "auto",
) -> None:
    """Open a page on which a dream runs while you change it."""
    from dreamvid.studio.server.address import LOCAL, address_of, is_every, listen, names_of, tunnel
    from dreamvid.studio.server.app import make_app
    from dreamvid.studio.server.folder import open_folder
    from dreamvid.studio.server.opening import open_desk
    from dreamvid.studio.server.token import new_token, own_token
    from dreamvid.studio.session.session import Session
    from dreamvid.system.home import home

    where = host or LOCAL
    with open_folder(folder) as opened, listen(where, port) as listening:
        number = listening.getsockname()[1]
        view = "" if preset or opened.session.exists() else "#gallery"
        desk, notes = open_desk(opened, preset)
        token, once = own_token(home()), new_token()
        app = make_app(
            opened,
            desk,
            lambda on_report: Session(device, on_report),
            token=token,
            hosts=names_of(where),
            numeric=is_every(where),
            once={once},
            device=device,
        )
        for line in notes:
            note(f"note: {line}")
        say(address_of(where, number, token) + view)
        if host is not None:
            note("note: whoever has this address can use the studio; it is not encrypted")
        elif command := tunnel(number):
            note(f"on your own machine: {command}   then open the address there")
        if not no_open:
            _open_browser(address_of(LOCAL if is_every(where) else where, number, once) + view)
        _serve(app, listening)


def _open_browser(address: str) -> None:
    """Open the page in a browser with windows, where there is one, without waiting for it."""
    import webbrowser

    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    in_terminal = type(browser) is webbrowser.GenericBrowser and not os.environ.get("BROWSER")
    if not in_terminal:
        threading.Thread(target=browser.open, args=(address,), daemon=True).start()


def _serve(app: "Starlette", listening: socket) -> None:
    """Serve the page until Ctrl-C or SIGTERM, which then raises KeyboardInterrupt."""
    import uvicorn

    from dreamvid.studio.protocol import LARGEST

    config = uvicorn.Config(
        app,
        log_level="error",
        proxy_headers=False,
        server_header=False,
        ws_max_size=4 * LARGEST,  # bytes; a longer message closes the window
        ws_per_message_deflate=False,  # pictures are JPEGs
        timeout_graceful_shutdown=2,
    )

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield  # uvicorn's own handlers drop everything at a second Ctrl-C

    server = Server(config)
    with _stopped_by_signals(server):
        server.run([listening])
    raise KeyboardInterrupt


@contextmanager
def _stopped_by_signals(server: "Server") -> Iterator[None]:
    """Let a server end in peace after Ctrl-C, SIGTERM or a closed terminal, however often."""

    def stop(number: int, frame: object) -> None:
        server.should_exit = True

    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    before = {one: signal.getsignal(one) for one in signal.Signals if one.name in names}
    for one, handler in before.items():
        if handler != signal.SIG_IGN:  # as of `nohup`
            signal.signal(one, stop)
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
