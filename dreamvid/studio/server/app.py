"""Routes of the studio: the page, its lists, and the socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from dreamvid.studio.protocol import Refused, to_server
from dreamvid.studio.server.hub import Hub, Window

PAGE = Path(__file__).parents[1] / "page"


def make_app(device: str) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.hub = Hub(device)
        yield
        app.state.hub.session.close()

    routes = [WebSocketRoute("/socket", serve), Mount("/", StaticFiles(directory=PAGE, html=True))]
    return Starlette(routes=routes, lifespan=lifespan)


async def serve(socket: WebSocket) -> None:
    """Pass messages between a window and the hub."""
    hub: Hub = socket.app.state.hub
    await socket.accept()
    window = Window()
    hub.windows.add(window)
    hub.send(window, hub.state())
    hub.send(window, hub.status())
    sender = asyncio.create_task(_send(socket, window))
    try:
        while True:
            try:
                hub.receive(window, to_server.validate_json(await socket.receive_text()))
            except ValidationError as error:
                message = error.errors(include_url=False)[0]["msg"]
                hub.send(window, Refused(key=None, message=f"message: {message}"))
    except WebSocketDisconnect:
        pass
    finally:
        hub.windows.discard(window)
        sender.cancel()


async def _send(socket: WebSocket, window: Window) -> None:
    while True:
        message = await window.texts.get()
        if isinstance(message, bytes):
            await socket.send_bytes(message)
        else:
            await socket.send_text(message)
